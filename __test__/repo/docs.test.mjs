// The documents: links lead somewhere, what they name exists, and no block of code stands in them that
// no test runs.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { blocksOf, documents } from '../support/blocks.mjs'
import { root } from '../support/install.mjs'

const read = (name) => fs.readFileSync(path.join(root, name), 'utf8')
const pages = documents().map((name) => ({ name, text: read(name) }))
const { scripts } = JSON.parse(read('package.json'))

/** What runs on a push, line by line. */
const workflow = [read('.github/workflows/ci.yml'), read('.ci/run')].join('\n')

/** Shell lines of which each is run by a workflow or by .ci/run. */
const RUN_BY_CI = 'ci'
/**
 * By document: its blocks, `language first line`, and who tries them. A new block is a failure here
 * until somebody does.
 */
const BLOCKS = {
  'README.md': [
    ['sh npm install socket-owner', 'examples/readme.test.mjs'],
    ["js const http = require('node:http')", 'repo/readme-examples.test.mjs'],
    ["js import { findPidByLocalTcpPort } from 'socket-owner'", 'repo/readme-examples.test.mjs'],
    ['sh npx socket-owner 3000', 'examples/readme.test.mjs'],
    ['sh npm start', RUN_BY_CI]
  ],
  'bench/README.md': [['sh npm run bench', RUN_BY_CI]],
  'docs/bundlers.md': [
    ['sh esbuild app.mjs', 'bundlers/bundlers.test.mjs'],
    ['js // webpack.config.js', 'bundlers/bundlers.test.mjs'],
    ['js // vite.main.config.mjs', 'bundlers/bundlers.test.mjs']
  ],
  'docs/comparison.md': [
    ["js import findProcess from 'find-process'", 'examples/comparison.full.test.mjs'],
    [
      "js import { findPidByLocalTcpPort } from 'socket-owner'",
      'examples/comparison.full.test.mjs'
    ],
    ["js import { portToPid } from 'pid-port'", 'examples/comparison.full.test.mjs'],
    [
      "js import { findPidByLocalTcpPort } from 'socket-owner'",
      'examples/comparison.full.test.mjs'
    ],
    ["js import si from 'systeminformation'", 'examples/comparison.full.test.mjs'],
    [
      "js import { findPidByLocalTcpPort } from 'socket-owner'",
      'examples/comparison.full.test.mjs'
    ],
    ['sh lsof -nP -iTCP:3000', 'examples/comparison.full.test.mjs'],
    ['sh npx socket-owner 3000', 'examples/comparison.full.test.mjs'],
    ["js import { findPeerPid } from 'socket-owner'", 'examples/comparison.full.test.mjs']
  ],
  'docs/contributing.md': [['sh npm test', RUN_BY_CI]],
  'docs/electron.md': [
    ['sh cd examples/electron', 'examples/configurations.full.test.mjs'],
    ['yaml # electron-builder.yml', 'examples/electron-builder.full.test.mjs'],
    ['sh npm install --cpu=arm64', 'examples/configurations.full.test.mjs'],
    ['yaml # pnpm-workspace.yaml', 'examples/configurations.full.test.mjs'],
    ['js // forge.config.js', 'examples/configurations.full.test.mjs']
  ]
}

test('a block is seen however it is fenced', () => {
  const text = '~~~c++ x\na\n~~~\n- ```\n  b\n  ```\n````md\n```js\n````\n'

  assert.deepEqual(blocksOf(text), [
    { language: 'c++ x', code: 'a\n' },
    { language: '', code: '  b\n' },
    { language: 'md', code: '```js\n' }
  ])
  assert.throws(() => blocksOf('```js\nc\n'), /not closed: c/)
})

test('every block is one that is tried', () => {
  const there = Object.fromEntries(
    pages
      .map(({ name, text }) => [name, blocksOf(text)])
      .filter(([, blocks]) => blocks.length > 0)
      .map(([name, blocks]) => [
        name,
        blocks.map(({ language, code }, i) => {
          const first = `${language} ${code.split('\n')[0]}`
          const known = BLOCKS[name]?.[i]?.[0]
          return known !== undefined && first.startsWith(known) ? known : first
        })
      ])
  )

  const known = Object.entries(BLOCKS).map(([name, blocks]) => [name, blocks.map(([it]) => it)])
  assert.deepEqual(there, Object.fromEntries(known))
})

test('who is said to try a block reads that page, and is run itself', () => {
  for (const [name, blocks] of Object.entries(BLOCKS)) {
    for (const [, file] of blocks.filter(([, file]) => file !== RUN_BY_CI)) {
      const folder = path.dirname(file)
      const isRun = Object.values(scripts).some((line) =>
        new RegExp(`scripts/test.mjs( \\S+)* ${folder}( |$)`).test(line)
      )
      assert.ok(isRun, `${file} is in no script`)
      const isReader = read(`__test__/${file}`).includes(path.basename(name))
      assert.ok(isReader, `${file} does not read ${name}`)
    }
  }
})

test('a shell line of this repository is run by its checks', () => {
  for (const [name, blocks] of Object.entries(BLOCKS)) {
    const codes = blocksOf(read(name)).map(({ code }) => code)
    const shown = codes.filter((_, i) => blocks[i][1] === RUN_BY_CI)
    const lines = shown.flatMap((code) => code.trim().split('\n'))
    for (const line of lines.map((each) => each.replace(/\s+#.*$/, ''))) {
      const [script] = Object.entries(scripts).find(([, text]) => text === line) ?? []
      const forms = script === undefined ? [line] : [line, `npm run ${script}`]
      const isRun = forms.some((form) => {
        const text = form.replace(/[.+*]/g, '\\$&')
        return new RegExp(`(run: |^run )${text}( |$)`, 'm').test(workflow)
      })
      assert.ok(isRun, `${name}: ${line}`)
    }
  }
})

/** As GitHub makes the names of headings. */
function headings(text) {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    title
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replaceAll(' ', '-')
  )
}

test('every link leads to a file, and to a heading where it names one', () => {
  for (const { name, text } of pages) {
    for (const [, target] of text.matchAll(/\]\((?!https?:)([^)]+)/g)) {
      const [file, heading] = target.split('#')
      const linked = file === '' ? name : path.join(path.dirname(name), file)
      assert.ok(fs.existsSync(path.join(root, linked)), `${name}: ${target}`)
      if (heading === undefined) continue
      assert.ok(headings(read(linked)).includes(heading), `${name}: ${target}`)
    }
  }
})

test('every page of docs/ is led to from another one or from the README', () => {
  const all = pages.map(({ text }) => text).join('\n')
  const names = pages.map(({ name }) => name.match(/^docs\/(?!README)(.+)/)?.[1])
  for (const name of names.filter(Boolean)) assert.match(all, new RegExp(`\\((docs/)?${name}\\)`))
})

test('the files that are named are there', () => {
  const named = /`((?:src|lib|scripts|__test__|bench|examples|docs)\/[\w./-]+)`/g
  for (const { name, text } of pages) {
    for (const [, file] of text.matchAll(named)) {
      assert.ok(fs.existsSync(path.join(root, file)), `${name}: ${file}`)
    }
  }
})
