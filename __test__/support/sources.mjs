// Reads the source files of this repository, with or without comments and literals.

import fs from 'node:fs'
import path from 'node:path'
import { root } from './install.mjs'

const SOURCE = /\.([cm]?[jt]s|rs|[chS]|py|sh|html|css)$/
/** Folders that tools create. */
const SKIPPED = new Set(['node_modules', 'target', 'dist', 'corpus', 'artifacts', 'coverage'])
/** Source files whose names do not show it. */
const UNNAMED = ['.ci/run']

/** Returns every source file: its path from the root, with `/`, and its text. */
export function sources() {
  return [...UNNAMED, ...namesIn('')].map((name) => ({
    name,
    text: fs.readFileSync(path.join(root, name), 'utf8')
  }))
}

function namesIn(folder) {
  return fs.readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (!entry.isDirectory()) return SOURCE.test(entry.name) ? [name] : []
    return SKIPPED.has(entry.name) || entry.name.startsWith('.') ? [] : namesIn(name)
  })
}

export const linesOf = (text) => text.trimEnd().split('\n')

/** Comments, strings (raw ones too) and characters in Rust and C. A lifetime is not a character. */
const RUST_OR_C =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|\br(#*)"[\s\S]*?"\1|"(?:\\[\s\S]|[^"\\])*"|'(?:\\[^'\n]+|[^'\\\n])'/g
const PYTHON = /"""[\s\S]*?"""|'''[\s\S]*?'''|#[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g

/**
 * Returns the text with blanks instead of comments and literals, so that every line keeps its
 * place.
 */
export function codeOf(name, text) {
  const blank = (all) => all.replace(/[^\n]/g, ' ')
  return text.replace(name.endsWith('.py') ? PYTHON : RUST_OR_C, blank)
}
