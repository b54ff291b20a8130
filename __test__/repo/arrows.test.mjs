// Who may use whom. Every file is in a room, and a room lists the rooms below that it may use: nothing
// points back up. Between files there is no circle either, within a room or across.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { circleAmong, edgesAmong } from '../support/edges.mjs'
import { sources } from '../support/sources.mjs'

/** What is asked, what is found and how it fails, in no system's words. */
const VALUES = 'src/{answer,error,question,slice,socket}.rs'
/** What every wing of src/linux stands on. */
const LINUX_FLOOR = ['src/linux/{clock,kept,kernel,socket}.rs', 'src/linux/proc/layout.rs']
const LINUX_WINGS = ['src/linux/{sockets,holders,proc}/*']
const PRODUCT = ['index.js', 'lib/*']
const SHARED = ['__test__/support/*', 'scripts/lib/*']

/**
 * By room, from the top down: what it may use, `!` what not. `*` stays in its folder, `**` does not,
 * `{a,b}` is either. The first room that has a file counts. Nothing may use a test.
 */
const ROOMS = {
  // The native part: what Node calls, the choice of a back end, the back ends, the values.
  'src/lib.rs': [],
  'src/node/*': ['src/node/*', 'src/platform.rs', VALUES],
  'src/platform.rs': [
    'src/{darwin,linux,windows}/{mod,local_peer}.rs',
    'src/unsupported.rs',
    VALUES
  ],
  'src/{darwin,linux,windows}/tests/*': ['src/**'],
  'src/{darwin,linux,windows}/mod.rs': ['src/{darwin,linux,windows}/**', VALUES],
  'src/linux/search.rs': ['src/linux/{hunt,questions}.rs', ...LINUX_WINGS, ...LINUX_FLOOR, VALUES],
  'src/linux/hunt.rs': ['src/linux/questions.rs', ...LINUX_WINGS, ...LINUX_FLOOR, VALUES],
  'src/linux/questions.rs': [...LINUX_WINGS, ...LINUX_FLOOR, VALUES],
  'src/linux/sockets/*': ['src/linux/sockets/*', ...LINUX_FLOOR, VALUES],
  'src/linux/holders/*': ['src/linux/holders/*', 'src/linux/proc/*', ...LINUX_FLOOR, VALUES],
  'src/linux/proc/layout.rs': ['src/linux/socket.rs', VALUES],
  'src/linux/proc/*': ['src/linux/proc/*', ...LINUX_FLOOR, VALUES],
  'src/linux/socket.rs': [VALUES],
  'src/linux/*': [...LINUX_FLOOR, VALUES],
  'src/darwin/{kernel,layout,procargs}.rs': [VALUES],
  'src/darwin/process_layout.rs': ['src/darwin/layout.rs', VALUES],
  'src/darwin/fake_*': ['src/darwin/{fake_sockets,fake_world,kernel}.rs', VALUES],
  'src/darwin/*': ['src/darwin/*', '!src/darwin/mod.rs', '!src/darwin/fake_*', VALUES],
  'src/windows/layout/*': ['src/windows/layout/*', VALUES],
  'src/windows/kernel/*': ['src/windows/{kernel,layout}/*', VALUES],
  'src/windows/*': [
    'src/windows/*',
    'src/windows/{kernel,layout}/*',
    '!src/windows/mod.rs',
    VALUES
  ],
  'src/unsupported.rs': [VALUES],
  'src/*': [VALUES],

  // The front: the functions, then how questions are put and waited for, then what knows none of it.
  'index.{js,d.ts}': ['lib/*'],
  'lib/{errors,image,waiters}.js': [],
  'lib/*': ['lib/*'],
  'bin/*': ['bin/*', '!bin/socket-owner.js', 'index.js'],
  'examples/**': ['examples/**', 'index.js'],

  // Tests use the product and what they share, and none uses another.
  '__test__/storms/*.test.mjs': [...PRODUCT, 'bench/clients.mjs', 'bench/clients/*', ...SHARED],
  '__test__/{sockets,processes,calls,repo}/*.test.mjs': [...PRODUCT, 'bin/*', ...SHARED],
  '__test__/repo/typings/*': ['index.js'],
  '__test__/{runtimes,bundlers}/*': ['__test__/runtimes/*', ...SHARED],
  '__test__/examples/**': ['__test__/examples/**', ...SHARED],
  '__test__/registry/*': ['__test__/registry/*', '__test__/darwin/host/kernel.mjs', ...SHARED],
  '__test__/darwin/host/*': ['__test__/darwin/host/*', 'scripts/lib/*'],
  '__test__/{darwin,windows}/*': ['__test__/{darwin,windows}/**', ...PRODUCT, ...SHARED],
  '__test__/fixtures/*': ['__test__/fixtures/*', ...PRODUCT],
  '__test__/support/*': SHARED,

  // A command may use what it runs; no command uses another.
  'bench/**': ['bench/**', ...PRODUCT, 'examples/*', '__test__/support/*'],
  'scripts/lib/*': ['scripts/lib/*'],
  'scripts/*': ['scripts/lib/*']
}

/** Files whose names only their own language or linker joins. */
const GROUPS = [
  /^src\/.*\.rs$/,
  /^fuzz\/src\/.*\.rs$/,
  /^bench\/src\/.*\.rs$/,
  /\.[cm]?js$/,
  /^__test__\/darwin\/host\/.*\.c$/
]

function matches(pattern, name) {
  const source = pattern
    .replace(/[.+]/g, '\\$&')
    .replaceAll('**', '\0')
    .replaceAll('*', '[^/]*')
    .replaceAll('\0', '.*')
    .replace(/\{([^}]+)\}/g, (_, any) => `(?:${any.replaceAll(',', '|')})`)
  return new RegExp(`^${source}$`).test(name)
}

const roomOf = (name) => Object.keys(ROOMS).find((room) => matches(room, name))

function mayUse(room, name) {
  const fits = (pattern) => matches(pattern, name)
  const not = ROOMS[room].filter((each) => each.startsWith('!')).map((each) => each.slice(1))
  return ROOMS[room].some(fits) && !not.some(fits) && !fits('**.test.mjs')
}

/** Where files use what their rooms may not. */
function wrongArrows(edges) {
  return edges
    .filter(({ from, to }) => !mayUse(roomOf(from), to))
    .map(({ from, to }) => `${from} -> ${to}`)
}

const files = sources()
const groups = GROUPS.map((pattern) => files.filter(({ name }) => pattern.test(name)))

test('every file has a room', () => {
  const all = files.filter(({ name }) => /^(src|lib|bin|__test__|scripts|index)\b/.test(name))
  const without = all.filter(({ name }) => roomOf(name) === undefined)

  assert.deepEqual(
    without.map(({ name }) => name),
    []
  )
})

test('a file uses only what its room may use', () => {
  const [product, , , scripts] = groups

  assert.deepEqual(wrongArrows([...edgesAmong(product), ...edgesAmong(scripts)]), [])
})

test('no file is used by one that it uses, however long the way', () => {
  for (const group of groups) assert.equal(circleAmong(edgesAmong(group)), undefined)
})

test('every module of the native part is led to from lib.rs', () => {
  const used = new Set(edgesAmong(groups[0]).flatMap(({ from, to }) => [from, to]))
  const alone = groups[0].filter(({ name }) => !used.has(name) && !/\/(lib|mod)\.rs$/.test(name))

  assert.deepEqual(
    alone.map(({ name }) => name),
    []
  )
})

/** Files of made-up texts, and their edges in short. */
const made = (texts) => Object.entries(texts).map(([name, text]) => ({ name, text }))
const arrowsOf = (texts) => edgesAmong(made(texts)).map(({ from, to }) => `${from} -> ${to}`)

test('what JavaScript uses is seen', () => {
  const texts = {
    'index.js': "const a = require('./lib/a')\nf(() => require('./lib/b.js'))",
    'lib/a.js':
      "/** @typedef {import('./b').B} B */\n// require('./b')\nconst a = \"require('./b')\"",
    'lib/b.js': "export * from './c.cjs'\nimport net from 'node:net'",
    'lib/c.cjs': "require('..'); import('./d.mjs')",
    'lib/d.mjs': "import a from './a.js'\nimport './d.mjs'"
  }

  assert.deepEqual(arrowsOf(texts), [
    'index.js -> lib/a.js',
    'index.js -> lib/b.js',
    'lib/b.js -> lib/c.cjs',
    'lib/c.cjs -> index.js',
    'lib/c.cjs -> lib/d.mjs',
    'lib/d.mjs -> lib/a.js'
  ])
})

test('what Rust uses is seen', () => {
  const texts = {
    'src/lib.rs': 'mod a;\n#[cfg(unix)]\n#[path = "b/mod.rs"]\npub mod b;\n// mod c;',
    'src/a.rs':
      'use crate::b::{self, c::{C, d::D}};\nuse std::net;\nfn f() { let x = "crate::b::e"; }',
    'src/b/mod.rs': 'mod c;\nmod e;\npub use c::C;\nfn f() { e::f() }',
    'src/b/c.rs': 'mod d;\nuse super::super::a;',
    'src/b/c/d.rs':
      'fn f() { crate::b::e::f(b"c::d", \'"\') }\nmod tests {\n  use super::super::X;\n}',
    'src/b/e.rs': '/* crate::a */ pub fn f() {}\nmod tests {\n  use super::*;\n}'
  }

  assert.deepEqual(arrowsOf(texts), [
    'src/a.rs -> src/b/mod.rs',
    'src/a.rs -> src/b/c.rs',
    'src/a.rs -> src/b/c/d.rs',
    'src/b/mod.rs -> src/b/c.rs',
    'src/b/mod.rs -> src/b/e.rs',
    'src/b/c.rs -> src/a.rs',
    'src/b/c/d.rs -> src/b/c.rs',
    'src/b/c/d.rs -> src/b/e.rs'
  ])
})

test('what C uses is seen', () => {
  const texts = {
    'a.c': 'static int own(void) {\n  return 1;\n}\nint a(void) {\n  return own() + b();\n}',
    'b.c': 'int own(void);\nint b(void) {\n  return own(); // a()\n}',
    'c.c': 'char *c = "a()";'
  }

  assert.deepEqual(arrowsOf(texts), ['a.c -> b.c'])
})

test('an arrow that points up is told, and one to a test', () => {
  const edges = [
    ['src/question.rs', 'src/node/wire.rs'],
    ['src/linux/holders/walk.rs', 'src/linux/search.rs'],
    ['src/linux/holders/walk.rs', 'src/linux/sockets/sock_diag.rs'],
    ['src/linux/kernel.rs', 'src/linux/mod.rs'],
    ['src/darwin/walk.rs', 'src/darwin/mod.rs'],
    ['src/darwin/walk.rs', 'src/darwin/fake_world.rs'],
    ['src/darwin/walk.rs', 'src/linux/kernel.rs'],
    ['lib/errors.js', 'lib/arguments.js'],
    ['lib/wire.js', 'index.js'],
    ['scripts/lib/debian.mjs', 'scripts/deny.mjs'],
    ['scripts/sanitize.mjs', '__test__/support/install.mjs'],
    ['__test__/support/install.mjs', '__test__/darwin/mac.mjs'],
    ['__test__/darwin/mac.mjs', '__test__/darwin/load.test.mjs']
  ].map(([from, to]) => ({ from, to }))

  assert.deepEqual(wrongArrows([{ from: 'src/question.rs', to: 'src/error.rs' }]), [])
  assert.deepEqual(
    wrongArrows(edges),
    edges.map(({ from, to }) => `${from} -> ${to}`)
  )
})

test('a circle is told with its way', () => {
  const edges = ['ab', 'bc', 'bd', 'ce', 'da', 'ec'].map(([from, to]) => ({ from, to }))

  assert.deepEqual(circleAmong(edges), ['c', 'e', 'c'])
  assert.deepEqual(circleAmong(edges.slice(0, 5)), ['a', 'b', 'd', 'a'])
  assert.equal(circleAmong(edges.slice(0, 4)), undefined)
})
