// The habits of this repository that a program can check.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { hostBinary, hostTag, install, installBinary, root } from '../support/install.mjs'

const FILE_LINES_MAX = 300
const FUNCTION_LINES_MAX = 70
const README_LINES_MAX = 150

const FOLDERS = ['.', 'lib', 'src', 'scripts', 'examples', '__test__', 'bench', 'bin']
const SKIPPED = new Set(['node_modules', 'target', '.git'])

function sourceFiles(folder, isTop = false) {
  const absolute = path.join(root, folder)
  if (!fs.existsSync(absolute)) return []
  return fs.readdirSync(absolute, { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(folder, entry.name)
    if (entry.isDirectory()) return isTop || SKIPPED.has(entry.name) ? [] : sourceFiles(name)
    return /\.(js|mjs|cjs|ts|mts|cts|rs)$/.test(entry.name) ? [name] : []
  })
}

const files = FOLDERS.flatMap((folder) => sourceFiles(folder, folder === '.')).map((name) => {
  const lines = fs.readFileSync(path.join(root, name), 'utf8').trimEnd().split('\n')
  return { name, lines }
})
const rust = files.filter(({ name }) => name.startsWith('src/'))

/** A function reaches from its first line to the `}` with the same indentation. */
const FUNCTION =
  /^(\s*)(export |pub |pub\(\w+\) |async |const |unsafe |extern "C" )*(function|fn) .*$/

function longFunctions({ name, lines }) {
  return lines.flatMap((line, first) => {
    const indentation = line.match(FUNCTION)?.[1]
    if (indentation === undefined) return []
    const count = lines.slice(first).indexOf(`${indentation}}`) + 1
    return count > FUNCTION_LINES_MAX ? [`${name}:${first + 1}: ${count} lines`] : []
  })
}

/** Where a pattern stands outside of comments. */
function found(pattern, among) {
  return among.flatMap(({ name, lines }) =>
    lines.flatMap((line, i) => {
      const code = line.replace(/\/\/.*$/, '')
      return pattern.test(code) ? [`${name}:${i + 1}`] : []
    })
  )
}

test('the checks see files of every kind', () => {
  for (const name of [
    'index.js',
    'lib/sockets.js',
    'src/lib.rs',
    'index.d.ts',
    '__test__/repo/tidy.test.mjs'
  ]) {
    assert.ok(
      files.some((file) => file.name === name),
      name
    )
  }
  const long = ['fn long() {', ...new Array(70).fill('    x();'), '}']
  assert.deepEqual(longFunctions({ name: 'x.rs', lines: long }), ['x.rs:1: 72 lines'])
  assert.deepEqual(found(/unsafe/, [{ name: 'x.rs', lines: ['// unsafe', 'unsafe {}'] }]), [
    'x.rs:2'
  ])
})

test('no file is too long', () => {
  const long = files.filter(({ lines }) => lines.length > FILE_LINES_MAX)
  assert.deepEqual(
    long.map(({ name, lines }) => `${name}: ${lines.length}`),
    []
  )
})

test('no function is too long', () => {
  assert.deepEqual(files.flatMap(longFunctions), [])
})

test('every file says at its head what it is for', () => {
  const silent = files.filter(({ lines }) => {
    const head = lines.find(
      (line) => line !== '' && line !== "'use strict'" && !line.startsWith('#!')
    )
    return !/^(\/\/|\/\*\*)/.test(head)
  })
  assert.deepEqual(
    silent.map(({ name }) => name),
    []
  )
})

test('no file is named for nothing in particular', () => {
  const vague = files.filter(({ name }) => /\b(utils?|helpers?|common|statics?)\b/.test(name))
  assert.deepEqual(
    vague.map(({ name }) => name),
    []
  )
})

test('target_os is in platform.rs alone', () => {
  const places = found(/target_os/, rust).map((place) => place.split(':')[0])
  assert.deepEqual([...new Set(places)], ['src/platform.rs'])
})

test('unsafe is in the kernel.rs files alone, and in the fake that stands for a kernel', () => {
  const places = found(/\bunsafe\b(?!_code)/, rust).map((place) => place.split(':')[0])
  const allowed = /^src\/\w+\/(kernel|fake_libproc)\.rs$/
  assert.deepEqual(
    [...new Set(places)].filter((name) => !allowed.test(name)),
    []
  )
})

test('the front uses no timer and starts no process', () => {
  const front = files.filter(({ name }) => name === 'index.js' || name.startsWith('lib/'))
  const banned = /setTimeout|setInterval|setImmediate|queueMicrotask|nextTick|child_process/
  assert.deepEqual(found(banned, front), [])
})

// Other crates' files have a longer path before their src/.
test('no panic of ours is left in the release binary, it would carry its file name', () => {
  const text = fs.readFileSync(hostBinary).toString('latin1')
  const left = rust.filter(({ name }) => new RegExp(`(?<!/)${name}`).test(text))
  assert.deepEqual(
    left.map(({ name }) => name),
    []
  )
})

const readme = fs.readFileSync(path.join(root, 'README.md'), 'utf8')

test('the README is short', () => {
  const count = readme.trimEnd().split('\n').length
  assert.ok(count < README_LINES_MAX, `${count} lines`)
})

/** Each JavaScript example and what a line of its output must look like. */
const EXAMPLES = [
  ['server.listen(8080', /^GET \/ from \d+ \/\S*node\S*$/],
  ['findPidByLocalTcpPort(3000', /^(nobody that I may see has it|process \d+ has port 3000)$/]
]

/** Listens wherever is free, and sends one request there from a program of its own. */
const PRELOAD = `
  const net = require('node:net')
  const { spawn } = require('node:child_process')
  const { listen } = net.Server.prototype
  net.Server.prototype.listen = function () {
    return listen.call(this, 0, '127.0.0.1', () => {
      const client = "require('node:http').get(process.argv[1], (r) => r.resume())"
      const url = 'http://127.0.0.1:' + this.address().port
      const child = spawn(process.execPath, ['--eval', client, url], { env: {} })
      child.once('exit', () => this.close())
    })
  }`

test("the README's JavaScript examples run and print what they say", async (t) => {
  const blocks = [...readme.matchAll(/^```js\n(.*?)^```/gms)].map(([, code]) => code)
  assert.equal(blocks.length, EXAMPLES.length)
  const folder = install(t)
  installBinary(folder, hostTag, fs.readFileSync(hostBinary))
  fs.writeFileSync(path.join(folder, 'preload.js'), PRELOAD)

  for (const [i, [marker, expected]] of EXAMPLES.entries()) {
    assert.ok(blocks[i].includes(marker))
    const said = blocks[i].trimEnd().split('\n').at(-1).replace('// ', '')
    assert.match(said, expected)
    const isModule = blocks[i].includes('import ')
    const file = path.join(folder, `example.${isModule ? 'mjs' : 'cjs'}`)
    fs.writeFileSync(file, blocks[i])
    const child = spawn(process.execPath, ['--require', './preload.js', file], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit']
    })
    const printed = child.stdout.setEncoding('utf8').toArray()
    const [code] = await once(child, 'exit')
    assert.equal(code, 0)
    assert.match((await printed).join('').trim(), expected)
  }
})
