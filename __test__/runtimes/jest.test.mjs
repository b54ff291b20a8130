// The packed package inside Jest: a realm of its own, fake timers on, the module loaded twice.

import assert from 'node:assert/strict'
import path from 'node:path'
import { test } from 'node:test'
import { installApp, run } from '../support/packed.mjs'
import { smokeFiles, startStranger } from '../support/stranger.mjs'

const suite = `
  const { smoke } = require('./smoke.cjs')
  const stranger = JSON.parse(process.env.STRANGER)

  test('two copies at once, with fake timers', async () => {
    jest.useFakeTimers()
    const copies = [1, 2].map(() => {
      let copy
      jest.isolateModules(() => { copy = require('socket-owner') })
      return copy
    })
    expect(copies[0]).not.toBe(copies[1])
    await Promise.all(copies.map((copy) => smoke(copy, stranger)))
  })`

test('Jest', async (t) => {
  const files = {
    ...smokeFiles,
    'one.test.cjs': suite,
    'two.test.cjs': suite,
    'jest.config.json': '{ "testMatch": ["**/*.test.cjs"], "transform": {} }'
  }
  const folder = await installApp(t, { packages: ['jest@30'], files })

  const env = { ...process.env, STRANGER: JSON.stringify(await startStranger(t)) }
  const jest = path.join(folder, 'node_modules', 'jest', 'bin', 'jest.js')
  const args = [jest, '--ci', '--runInBand']
  const { stderr } = await run(process.execPath, args, { cwd: folder, env })

  assert.match(stderr, /^Tests: +2 passed, 2 total$/m)
})
