// What a list is to its caller: complete, the caller's own, and made in pieces that hold nobody up.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { hostTag } from '../support/install.mjs'
import { installStandIn } from '../support/stand-in.mjs'

const ROWS = 50_000

/** Listeners on 127.0.0.1, port and pid counting up: a table as the native side gives it. */
function tableOf(count) {
  const rows = new Uint32Array(count * 15)
  for (let i = 0; i < count; i += 1) {
    const kind = 6 | (1 << 8) | (1 << 16) | (4 << 24)
    const port = (i % 65535) + 1
    rows.set([kind, port << 16, 0x7f000001, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1000, 1, i + 1], i * 15)
  }
  return { rows, scopes: [] }
}

/** The package, whose native side finds such a table and counts how often it was asked for one. */
function installLister(t, count) {
  const owner = installStandIn(t)
  const table = tableOf(count)
  owner.native.answer = (ids) => ({
    answered: new Int32Array(),
    lists: ids.map((id) => ({ id, step: 2, ...table }))
  })
  return owner
}

test('fifty thousand rows all come, in order', async (t) => {
  const { listSockets } = installLister(t, ROWS)

  const sockets = await listSockets()

  assert.equal(sockets.length, ROWS)
  assert.deepEqual(
    sockets.map(({ pid }) => pid),
    Array.from({ length: ROWS }, (_, i) => i + 1)
  )
})

test('while a list is made the event loop goes round, for several lists too', async (t) => {
  const { listSockets } = installLister(t, ROWS)
  let turns = 0
  let isMaking = true
  setImmediate(function turn() {
    turns += 1
    if (isMaking) setImmediate(turn)
  })

  await Promise.all([listSockets(), listSockets()])
  isMaking = false

  assert.ok(turns >= 90, `${turns}`)
})

test('a list that is aborted while it is made rejects with the reason', async (t) => {
  const { listSockets, native } = installLister(t, ROWS)
  const controller = new AbortController()
  const reason = new Error('enough')

  const aborted = listSockets({ signal: controller.signal })
  const other = listSockets()
  setImmediate(function abort() {
    // Not before the native side has answered: this is about what comes after.
    if (native.asked.length === 0) setImmediate(abort)
    else controller.abort(reason)
  })

  await assert.rejects(aborted, (error) => error === reason)
  assert.equal((await other).length, ROWS)
})

test('rows, their arrays and records are never shared between callers', async (t) => {
  const { native, ...owner } = installLister(t, 2)
  const [first, second] = await Promise.all([owner.listSockets(), owner.listSockets()])

  assert.equal(native.asked.length, 1)
  assert.deepEqual(first, second)
  assert.notEqual(first, second)
  assert.notEqual(first[0], second[0])
  assert.notEqual(first[0].pids, second[0].pids)

  const record = { pid: 5, ppid: 0, args: ['a'], services: ['b'], startMs: 7, path: null }
  native.answer = ([id]) => ({ answered: new Int32Array(), records: [{ id, step: 1, record }] })
  native.processInfos = async () => [record]
  const ends = { localAddress: '::1', localPort: 1, remoteAddress: '::1', remotePort: 2 }
  for (const call of [() => owner.findPeerProcess(ends), () => owner.getProcessInfo(5)]) {
    const [one, other] = await Promise.all([call(), call()])
    assert.deepEqual(one, other)
    assert.equal(one.ppid, null)
    assert.deepEqual(one.startTime, new Date(7))
    assert.notEqual(one, other)
    for (const name of ['args', 'services', 'startTime']) assert.notEqual(one[name], other[name])
  }
})

test('a list that somebody else shares is not asked for again, another filter is', async (t) => {
  const { native, listSockets } = installLister(t, 1)

  await Promise.all([listSockets(), listSockets({}), listSockets({ protocol: 'tcp' })])

  assert.deepEqual(
    native.asked.map(({ lines }) => lines),
    ['1 list rows - - - -\n2 list rows tcp - - -']
  )
})

const FAKED = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'nextTick']
test("a long list is made under a test runner's fake timers", async (t) => {
  const { folder } = installStandIn(t)
  const binaryName = `socket-owner-${hostTag}/socket-owner.${hostTag}.node`
  const program = `
    const { writeSync } = require('node:fs')
    for (const name of ${JSON.stringify(FAKED)}) {
      for (const owner of [globalThis, require('node:timers'), process]) owner[name] = () => {}
    }
    const table = (${tableOf})(${ROWS})
    const binary = require.resolve('${binaryName}')
    const native = require(binary + '.cjs')
    require.cache[binary] = { loaded: true, children: [], exports: native }
    native.answer = ([id]) => ({ answered: new Int32Array(), lists: [{ id, step: 2, ...table }] })
    require('socket-owner').listSockets().then((sockets) => {
      writeSync(1, String(sockets.length))
      process.exit()
    })`
  const child = spawn(process.execPath, ['--eval', program], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const printed = child.stdout.setEncoding('utf8').toArray()
  await once(child, 'exit')

  assert.equal((await printed).join(''), String(ROWS))
})
