// The documents: links lead somewhere, what they name exists, and no block of code stands in them that
// no test runs.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { blocksOf, documentBlocks, documents, findBlock } from '../support/blocks.mjs'
import { claimsIn } from '../support/claims.mjs'
import { root } from '../support/install.mjs'
import { sources } from '../support/sources.mjs'

const read = (name) => fs.readFileSync(path.join(root, name), 'utf8')
const pages = documents().map((name) => ({ name, text: read(name) }))
const { scripts } = JSON.parse(read('package.json'))

/** What runs on a push, line by line. */
const workflow = [read('.github/workflows/ci.yml'), read('.ci/run')].join('\n')

/** Blocks of shell lines, each of which a workflow or .ci/run runs. Tests take all the others. */
const RUN_BY_CI = [
  ['README.md', 'sh npm start'],
  ['bench/README.md', 'sh npm run bench'],
  ['docs/contributing.md', 'sh npm test']
]

const tests = sources().filter(({ name }) => name.endsWith('.test.mjs'))
const claims = tests.flatMap((file) => claimsIn(file).map((claim) => ({ ...claim, by: file.name })))

/** The place of a claimed block, as `document: number`. */
function place({ document, beginning, heading }) {
  return `${document}: ${findBlock(blocksOf(read(document)), beginning, heading)}`
}

test('a block is seen however it is fenced', () => {
  const text = '~~~c++ x\na\n~~~\n## One\n- ```\n  b\n  # c\n  ```\n````md\n```js\n````\n'

  assert.deepEqual(blocksOf(text), [
    { heading: '', language: 'c++ x', code: 'a\n' },
    { heading: 'One', language: '', code: '  b\n  # c\n' },
    { heading: 'One', language: 'md', code: '```js\n' }
  ])
  assert.throws(() => blocksOf('```js\nc\n'), /not closed: c/)
})

test('every block is taken by a test or run by a workflow, and by one alone', () => {
  const there = pages.flatMap(({ name, text }) => blocksOf(text).map((_, i) => `${name}: ${i}`))
  const byCi = RUN_BY_CI.map(([document, beginning]) => ({ document, beginning }))

  assert.deepEqual([...claims, ...byCi].map(place).sort(), there.sort())
})

test('a test that takes a block is in a script', () => {
  const folders = new Set(claims.map(({ by }) => by.split('/')[1]))
  for (const folder of folders) {
    const isRun = new RegExp(`scripts/test\\.mjs( \\S+)* ${folder}( |$)`)
    assert.ok(
      Object.values(scripts).some((line) => isRun.test(line)),
      folder
    )
  }
})

test('a block counts as taken only where its text is used', () => {
  const text = `
    // documentBlocks('a.md')('sh a')
    const block = documentBlocks('a.md')
    const other = documentBlocks('b.md')
    block('sh a')
    run(block('sh b'), other('js c', 'One'))
    const name = 'a.md: sh d'`

  assert.deepEqual(claimsIn({ name: 'a.test.mjs', text }), [
    { document: 'a.md', beginning: 'sh b', heading: undefined },
    { document: 'b.md', beginning: 'js c', heading: 'One' }
  ])
  const unclear = `const block = documentBlocks('a.md')\nrun(block(name))`
  assert.throws(() => claimsIn({ name: 'a.test.mjs', text: unclear }), /write it out: name/)
})

test('one block is meant, by its first line and its heading', () => {
  const blocks = blocksOf('# A\n```sh\na b\n```\n# B\n```sh\na c\n```\n')

  assert.equal(findBlock(blocks, 'sh a c'), 1)
  assert.equal(findBlock(blocks, 'sh a', 'A'), 0)
  assert.throws(() => findBlock(blocks, 'sh a'), /several blocks begin with: sh a/)
  assert.throws(() => findBlock(blocks, 'js a'), /no block begins with: js a/)
})

test('a shell line of this repository is run by its checks', () => {
  for (const [name, beginning] of RUN_BY_CI) {
    const lines = documentBlocks(name)(beginning).trim().split('\n')
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
