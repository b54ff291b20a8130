// index.d.ts compiles under the strictest options for every way in which TypeScript finds modules.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { test } from 'node:test'
import { root } from './install.mjs'

const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc')
const strict = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2022']
const folder = path.join('__test__', 'typings')
const files = [path.join(folder, 'usage.mts'), path.join(folder, 'usage.cts')]

for (const moduleOptions of [
  ['--module', 'node16'],
  ['--module', 'nodenext'],
  ['--module', 'preserve', '--moduleResolution', 'bundler']
]) {
  test(`the typings hold for ${moduleOptions.slice(1).join(' ')}`, async () => {
    const options = [...strict, '--types', 'node', '--lib', 'es2022', ...moduleOptions]
    const child = spawn(process.execPath, [tsc, ...options, ...files], { cwd: root })
    const printed = child.stdout.setEncoding('utf8').toArray()
    const [code] = await once(child, 'exit')

    assert.equal((await printed).join(''), '')
    assert.equal(code, 0)
  })
}
