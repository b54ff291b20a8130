// The habits of this repository that a program can check. Each is a rule that tells where it is broken;
// each is shown to tell, on a text that was made up for it.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { functionsIn } from '../support/functions.mjs'
import { root } from '../support/install.mjs'
import { codeOf, linesOf, sources } from '../support/sources.mjs'

const FILE_LINES_MAX = 300
const FUNCTION_LINES_MAX = 60
const README_LINES_MAX = 150

const files = sources()

/** Where a pattern stands in code: `file:line`. Text in comments and literals does not count. */
function places(pattern, among) {
  return among.flatMap(({ name, text }) => {
    const lines = linesOf(codeOf(name, text))
    return lines.flatMap((line, i) => (pattern.test(line) ? [`${name}:${i + 1}`] : []))
  })
}

const named = (pattern, among) => among.filter(({ name }) => pattern.test(name))
const unnamed = (pattern, among) => among.filter(({ name }) => !pattern.test(name))

function headOf({ text }) {
  const isForm = (line) => /^(#!.*|#!\[.*\]|'use strict'|)$/.test(line)
  return text.split('\n').find((line) => !isForm(line)) ?? ''
}

const lines = (count, line = '  x()') => new Array(count).fill(line).join('\n')

/** By promise: where it is broken, and a text that breaks it with what is to be said of it. */
const RULES = {
  'no file is too long': {
    broken: (among) =>
      among
        .map(({ name, text }) => ({ name, count: linesOf(text).length }))
        .filter(({ count }) => count > FILE_LINES_MAX)
        .map(({ name, count }) => `${name}: ${count} lines`),
    example: [
      ['a.S', lines(300)],
      ['b.css', lines(301)]
    ],
    told: ['b.css: 301 lines']
  },
  'no function is too long': {
    broken: (among) =>
      among.flatMap(({ name, text }) =>
        functionsIn(name, text)
          .filter(({ count }) => count > FUNCTION_LINES_MAX)
          .map(({ name: which, first, count }) => `${name}:${first}: ${which}, ${count} lines`)
      ),
    example: [
      ['a.js', `function short() {\n${lines(58)}\n}\nfunction long() {\n${lines(59)}\n}`],
      ['b.mjs', `class A {\n  async #method({\n    a\n  }) {\n${lines(57)}\n  }\n}`],
      ['c.cjs', `exports.arrow = async (a) => {\n${lines(59)}\n}`],
      [
        'd.ts',
        `const { a = () => {\n${lines(59)}\n} } = {}\nconst b = { get c() {\n${lines(59)}\n} }`
      ],
      ['e.mjs', `test('\`}', async (t) => {\n${lines(59, '  f(/`/, `\n}`)')}\n})`],
      [
        'f.rs',
        `impl A {\n  fn f<'a>(\n    a: &'a str,\n  ) -> u8 {\n${lines(57, "    g('{');")}\n  }\n}`
      ],
      [
        'g.c',
        `struct s { int a; };\nstatic int f(int a,\n      int b) {\n${lines(58, '  g("}"); // }')}\n}`
      ],
      ['h.py', `class A:\n  def f(self):\n${lines(60, "    g('''\n''')\n")}\nx = 1`]
    ],
    told: [
      'a.js:61: long, 61 lines',
      'b.mjs:2: #method, 61 lines',
      'c.cjs:1: exports.arrow, 61 lines',
      'd.ts:1: a, 61 lines',
      'd.ts:62: c, 61 lines',
      'e.mjs:1: a callback, 120 lines',
      'f.rs:2: f, 61 lines',
      'g.c:2: f, 61 lines',
      'h.py:2: f, 180 lines'
    ]
  },
  'every file says at its head what it is for': {
    broken: (among) =>
      unnamed(/\.html$/, among)
        .filter((file) => !/^(\/\/|\/\*|"""|# )/.test(headOf(file)))
        .map(({ name }) => name),
    example: [
      ['a.js', "'use strict'\n\n// What it is."],
      ['b.rs', '#![no_main]\n\n//! What it is.'],
      ['run', '#!/bin/sh\nset -e'],
      ['c.py', 'import os']
    ],
    told: ['run', 'c.py']
  },
  'no file is named for nothing in particular': {
    broken: (among) =>
      named(/\b(utils?|helpers?|common|statics?|misc)\b/, among).map(({ name }) => name),
    example: [
      ['lib/utils.js', ''],
      ['helpers/a.c', ''],
      ['lib/utility.js', '']
    ],
    told: ['lib/utils.js', 'helpers/a.c']
  },
  'target_os is in platform.rs alone': {
    broken: (among) =>
      places(/\btarget_os\b/, unnamed(/^src\/platform\.rs$/, named(/^src\//, among))),
    example: [
      ['src/platform.rs', '#[cfg(target_os = "linux")]'],
      ['src/a.rs', '// target_os\nfn f() {}\n#[cfg(target_os = "linux")]']
    ],
    told: ['src/a.rs:3']
  },
  'unsafe is in the kernels alone, and in the fakes that stand for one': {
    broken: (among) =>
      places(
        /\bunsafe\b(?!_code)/,
        unnamed(/\/(kernel|kernel\/\w+|fake_\w+)\.rs$/, named(/^src\//, among))
      ),
    example: [
      ['src/linux/kernel.rs', 'unsafe { f() }'],
      ['src/windows/kernel/a.rs', 'unsafe { f() }'],
      ['src/a.rs', '/* unsafe */\nlet a = "unsafe";\nunsafe { f() }\n#![deny(unsafe_code)]']
    ],
    told: ['src/a.rs:3']
  },
  'the front uses no timer and starts no process': {
    broken: (among) =>
      named(/^(index\.js|lib\/)/, among).flatMap(({ name, text }) => {
        const code = text.replace(/\/\/.*$|\/\*[\s\S]*?\*\//gm, '')
        const banned = /setTimeout|setInterval|setImmediate|queueMicrotask|nextTick|child_process/
        return banned.test(code) ? [`${name}: ${code.match(banned)[0]}`] : []
      }),
    example: [
      ['lib/a.js', "// nextTick\n/**\n * nextTick\n */\nrequire('node:child_process')"],
      ['bin/a.js', 'setTimeout(f)']
    ],
    told: ['lib/a.js: child_process']
  },
  'no test is left alone or aside': {
    broken: (among) =>
      named(/\.test\.mjs$/, among).flatMap(({ name, text }) =>
        /^\s*(test|t\.test)\.(only|todo|skip)\(/m.test(text) ? [name] : []
      ),
    example: [
      ['a.test.mjs', "test.only('a', f)"],
      ['b.test.mjs', "test('a', { skip: needsRoot }, f)"]
    ],
    told: ['a.test.mjs']
  }
}

test('files of every kind and folder are seen', () => {
  const names = new Set(files.map(({ name }) => name))
  for (const name of [
    '.ci/run',
    '__test__/darwin/host/thread_locals_x64.S',
    '__test__/darwin/host/kernel.h',
    '__test__/fixtures/fork.c',
    '__test__/fixtures/holder.py',
    '__test__/repo/tidy.test.mjs',
    '__test__/repo/typings/usage.cts',
    'bench/src/rivals.rs',
    'bin/socket-owner.js',
    'build.rs',
    'examples/electron/page/page.css',
    'examples/electron/page/index.html',
    'fuzz/fuzz_targets/links.rs',
    'index.d.ts',
    'index.js',
    'lib/errors.js',
    'scripts/lib/debian.mjs',
    'src/lib.rs'
  ]) {
    assert.ok(names.has(name), name)
  }
})

for (const [promise, { broken, example, told }] of Object.entries(RULES)) {
  test(promise, () => {
    assert.deepEqual(broken(files), [])
  })

  test(`it is told where this is broken: ${promise}`, () => {
    assert.deepEqual(broken(example.map(([name, text]) => ({ name, text }))), told)
  })
}

test('the README is short', () => {
  const count = linesOf(fs.readFileSync(path.join(root, 'README.md'), 'utf8')).length
  assert.ok(count < README_LINES_MAX, `${count} lines`)
})
