// Finds every code block in this repository's documents, however it is fenced.

import fs from 'node:fs'
import path from 'node:path'
import { root } from './install.mjs'

const SKIPPED = new Set(['node_modules', 'target', 'dist', 'corpus', 'artifacts'])

/** Returns paths from the root, with `/`. Folders whose names begin with a dot belong to tools. */
export function documents(folder = '') {
  return fs.readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (!entry.isDirectory()) return name.endsWith('.md') ? [name] : []
    return SKIPPED.has(entry.name) || entry.name.startsWith('.') ? [] : documents(name)
  })
}

/**
 * `language` is everything after the fence, `heading` the last heading above; '' if there is none.
 */
export function blocksOf(text) {
  const blocks = []
  let heading = ''
  let open
  for (const line of text.split('\n')) {
    const [, fence, language] = line.match(/^[\s>*-]*(`{3,}|~{3,})\s*(.*?)\s*$/) ?? []
    if (open === undefined && fence !== undefined) {
      open = { fence, language, lines: [] }
    } else if (open !== undefined && fence?.startsWith(open.fence) && language === '') {
      blocks.push({ heading, language: open.language, code: `${open.lines.join('\n')}\n` })
      open = undefined
    } else if (open !== undefined) {
      open.lines.push(line)
    } else {
      heading = line.match(/^#+ (.*)/)?.[1] ?? heading
    }
  }
  if (open !== undefined) throw new Error(`a block is not closed: ${open.lines[0]}`)
  return blocks
}

/** Returns the blocks in the comments of a source file. */
export function blocksInComments(text) {
  return blocksOf(text.replaceAll(/^\s*\* ?/gm, ''))
}

/**
 * Returns a function that finds a document's block by how its language and first line begin,
 * `block('sh npm install')`, and returns its code. If several blocks begin that way, the heading
 * above selects one. A test that takes a block tries it: docs.test.mjs reads from these calls which
 * blocks are tried.
 */
export function documentBlocks(document) {
  const blocks = blocksOf(fs.readFileSync(path.join(root, document), 'utf8'))
  return (beginning, heading) => blocks[findBlock(blocks, beginning, heading)].code
}

/** Returns the index of the matching block. Throws if there is none or more than one. */
export function findBlock(blocks, beginning, heading) {
  const isMeant = (block) =>
    `${block.language} ${block.code}`.startsWith(beginning) &&
    (heading === undefined || block.heading === heading)
  const [block, ...others] = blocks.filter(isMeant)
  if (block === undefined || others.length > 0) {
    const count = block === undefined ? 'no block begins' : 'several blocks begin'
    throw new Error(`${count} with: ${beginning}`)
  }
  return blocks.indexOf(block)
}
