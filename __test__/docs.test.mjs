// docs/: links lead somewhere, commands exist, and no block of code stands there untried.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { root } from './install.mjs'

const read = (...names) => fs.readFileSync(path.join(root, ...names), 'utf8')
const pages = fs
  .readdirSync(path.join(root, 'docs'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => ({ name, text: read('docs', name) }))
const blocks = pages.flatMap(({ name, text }) =>
  [...text.matchAll(/^```(\w*)\n(.*?)^```/gms)].map(([, language, code]) => ({
    name,
    language,
    code
  }))
)

/** Which test runs a page's blocks. Of a `sh` block of other pages the commands are checked here. */
const TRIED_BY = {
  'bundlers.md': ['bundlers/bundlers.test.mjs'],
  'comparison.md': ['examples/comparison.test.mjs'],
  'electron.md': ['examples/electron-builder.test.mjs', 'examples/configurations.test.mjs']
}

test('every link leads to a file', () => {
  for (const { name, text } of pages) {
    const targets = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, target]) => target)
    for (const target of targets) {
      assert.ok(fs.existsSync(path.join(root, 'docs', target)), `${name}: ${target}`)
    }
  }
})

test('every page is led to from another one or from the README', () => {
  const all = [read('README.md'), ...pages.map(({ text }) => text)].join('\n')
  for (const { name } of pages.filter((page) => page.name !== 'README.md'))
    assert.match(all, new RegExp(`\\((docs/)?${name}\\)`))
})

test('every block is tried by a test that reads its page, or its commands exist', () => {
  for (const { name, language, code } of blocks) {
    if (name in TRIED_BY) {
      for (const file of TRIED_BY[name]) assert.ok(read('__test__', file).includes(name), file)
      continue
    }
    assert.equal(language, 'sh', `${name}: ${code}`)
    const { scripts } = JSON.parse(read('package.json'))
    for (const line of code.trim().split('\n')) {
      const [, file] = line.match(/^node (\S+)(?: +#.*)?$/) ?? []
      const [, script] = line.match(/^npm (?:run )?([\w:]+)(?: +#.*)?$/) ?? []
      const isThere = file === undefined ? script in scripts : fs.existsSync(path.join(root, file))
      assert.ok(isThere, `${name}: ${line}`)
    }
  }
})

test('the files that are named are there', () => {
  const named = /`((?:src|lib|scripts|__test__|bench|examples|docs)\/[\w./-]+)`/g
  for (const { name, text } of pages) {
    for (const [, file] of text.matchAll(named)) {
      assert.ok(fs.existsSync(path.join(root, file)), `${name}: ${file}`)
    }
  }
})
