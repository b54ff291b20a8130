// Hundreds of thousands of lookups of every kind in one process: nothing is left open, nothing grows, and nothing
// keeps the process alive. SOAK_LOOKUPS says how many; the long form is in scripts/ci-full.mjs.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fixture, needsLinux, startServer } from '../support/holders.mjs'

const lookups = Number(process.env.SOAK_LOOKUPS ?? 200_000)
const KINDS = [
  ...['connection', 'connection record', 'info', 'list', 'nobody', 'path', 'pid list', 'port'],
  ...['reply', 'udp list', 'udp nobody', 'udp port', 'unix peer', 'unix peer record']
]
const GROWTH_BYTES_MAX = 2 * 1024 * 1024

test(`${lookups} lookups of every kind leave nothing behind`, {
  skip: needsLinux
}, async (t) => {
  const other = await startServer(t, '127.0.0.1')
  const flags = ['--expose-gc', '--max-semi-space-size=2', '--single-threaded-gc']
  const args = [...flags, fixture('soak.cjs'), lookups, other.said.port, other.pid].map(String)
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  let output = ''
  child.stdout.on('data', (text) => {
    output += text
  })

  const [code, signal] = await once(child, 'close')
  const { wrong, warm, end, ...counts } = JSON.parse(output)

  const growth = end.bytes - warm.bytes
  t.diagnostic(`${JSON.stringify(counts)}, grown by ${growth} of ${warm.bytes} bytes`)
  assert.deepEqual({ code, signal, wrong }, { code: 0, signal: null, wrong: [] })
  assert.ok(counts.lookups >= lookups, JSON.stringify(counts))
  assert.deepEqual(Object.keys(counts.kinds).sort(), KINDS)
  assert.ok(counts.aborted > lookups / 16, `${counts.aborted} aborted`)
  assert.equal(end.descriptors, warm.descriptors)
  assert.ok(growth < GROWTH_BYTES_MAX, `${growth} bytes more`)
})
