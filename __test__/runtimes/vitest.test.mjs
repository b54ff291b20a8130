// The packed package inside Vitest: two files in two threads of one process, fake timers on.

import assert from 'node:assert/strict'
import path from 'node:path'
import { test } from 'node:test'
import { installApp, run } from '../support/packed.mjs'
import { smokeFiles, startStranger } from '../support/stranger.mjs'

// Not nextTick: Node's own streams use what is faked there, and stop.
const suite = `
  import * as owner from 'socket-owner'
  import { expect, test, vi } from 'vitest'
  import { smoke } from './smoke.cjs'

  test('with fake timers', async () => {
    const toFake = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'Date']
    vi.useFakeTimers({ toFake })
    await smoke(owner, JSON.parse(process.env.STRANGER))
    expect(vi.isFakeTimers()).toBe(true)
  })`

test('Vitest', async (t) => {
  const files = { ...smokeFiles, 'one.test.mjs': suite, 'two.test.mjs': suite }
  const folder = await installApp(t, { packages: ['vitest@4'], files })

  const env = { ...process.env, STRANGER: JSON.stringify(await startStranger(t)), NO_COLOR: '1' }
  const vitest = path.join(folder, 'node_modules', 'vitest', 'vitest.mjs')
  const args = [vitest, 'run', '--pool=threads', '--reporter=default']
  const { stdout } = await run(process.execPath, args, { cwd: folder, env })

  assert.match(stdout, /^ +Tests +2 passed \(2\)$/m)
})
