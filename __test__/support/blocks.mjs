// Every block of code in this repository's documents, however it is fenced, and the document's name.

import fs from 'node:fs'
import path from 'node:path'
import { root } from './install.mjs'

const SKIPPED = new Set(['node_modules', 'target', 'dist', 'corpus', 'artifacts'])

/** Paths from the root, with `/`. Folders whose name begins with a dot are tools' own. */
export function documents(folder = '') {
  return fs.readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (!entry.isDirectory()) return name.endsWith('.md') ? [name] : []
    return SKIPPED.has(entry.name) || entry.name.startsWith('.') ? [] : documents(name)
  })
}

/** `language` is all that stands after the fence, '' for nothing. */
export function blocksOf(text) {
  const blocks = []
  let open
  for (const line of text.split('\n')) {
    const [, fence, language] = line.match(/^[\s>*-]*(`{3,}|~{3,})\s*(.*?)\s*$/) ?? []
    if (open === undefined && fence !== undefined) {
      open = { fence, language, lines: [] }
    } else if (open !== undefined && fence?.startsWith(open.fence) && language === '') {
      blocks.push({ language: open.language, code: `${open.lines.join('\n')}\n` })
      open = undefined
    } else {
      open?.lines.push(line)
    }
  }
  if (open !== undefined) throw new Error(`a block is not closed: ${open.lines[0]}`)
  return blocks
}

/** The blocks in the comments of a source file. */
export function blocksInComments(text) {
  return blocksOf(text.replaceAll(/^\s*\* ?/gm, ''))
}
