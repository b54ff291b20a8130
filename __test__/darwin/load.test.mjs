// Many at once: shared work, abort, Workers.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import test from 'node:test'
import { Worker } from 'node:worker_threads'
import * as mac from './host/kernel.mjs'
import { connection, desktop, ends, freshPackage, isCore, machine } from './mac.mjs'

const PORT = 5000

test('a thousand lookups at once cost about one walk, each with its own answer', async () => {
  const { findPidByLocalTcpPort } = freshPackage()
  const owners = desktop()
  const asked = Array.from({ length: 1000 }, (_, i) => (i * 997) % (owners.length + 50))
  const answers = await Promise.all(asked.map((i) => findPidByLocalTcpPort(10000 + i)))
  assert.deepEqual(
    answers,
    asked.map((i) => owners[i] ?? null)
  )
  assert.ok(mac.callCount() < 2 * (350 + 2500), `${mac.callCount()} calls`)
})

test('a thousand peers at once', async () => {
  const { findPeerPid } = freshPackage()
  machine([])
  const server = { address: '127.0.0.1', port: 8080 }
  const clients = Array.from({ length: 1000 }, (_, i) => ({
    address: '127.0.0.1',
    port: 20000 + i
  }))
  for (const [i, client] of clients.entries()) {
    if (i % 10 === 0) mac.run(mac.spawn({ pid: 1000 + i / 10, uid: 501 }))
    mac.run(mac.open(1000 + Math.floor(i / 10), 3 + (i % 10), connection(client, server)[0]))
  }
  const answers = await Promise.all(clients.map((client) => findPeerPid(ends(client, server))))
  assert.deepEqual(
    answers,
    clients.map((_, i) => 1000 + Math.floor(i / 10))
  )
})

test('the same question asked fifty times at once is answered by one lookup', async () => {
  const { findPidByLocalTcpPort } = freshPackage()
  machine([{ pid: 600, files: { 8: mac.listening({ port: PORT }) } }])
  await findPidByLocalTcpPort(PORT)
  mac.zero()
  await findPidByLocalTcpPort(PORT)
  const alone = mac.callCount()
  mac.zero()
  const answers = await Promise.all(Array.from({ length: 50 }, () => findPidByLocalTcpPort(PORT)))
  assert.deepEqual(new Set(answers), new Set([600]))
  assert.ok(mac.callCount() <= 2 * alone + 2, `${mac.callCount()} calls, ${alone} alone`)
})

test('a process that opens its socket after the call began is found by a call of its own', async () => {
  const { findPidByLocalTcpPort } = freshPackage()
  machine([{ pid: 600 }, { pid: 700, files: { 3: mac.listening({ port: 1 }) } }])
  mac.before('fdinfo', { pid: 700 }, mac.hold)
  const early = findPidByLocalTcpPort(PORT)
  await held(early)
  mac.run(mac.open(600, 8, mac.listening({ port: PORT })))
  const late = findPidByLocalTcpPort(PORT)
  mac.release()
  assert.equal(await late, 600)
  assert.ok([600, null].includes(await early))
})

test('an aborted lookup rejects while the kernel still holds its call, and the next one works', async () => {
  const { findPidByLocalTcpPort } = freshPackage()
  machine([{ pid: 600, files: { 8: mac.listening({ port: PORT }) } }])
  mac.before('listpids', {}, mac.hold)
  const controller = new AbortController()
  const aborted = findPidByLocalTcpPort(PORT, { signal: controller.signal })
  const other = findPidByLocalTcpPort(PORT)
  await held(other)
  controller.abort()
  await assert.rejects(aborted, { name: 'AbortError' })
  mac.release()
  assert.equal(await other, 600)
  assert.equal(await findPidByLocalTcpPort(PORT), 600)
})

test('a path is answered while a walk is held in the kernel', async () => {
  const { findPidByLocalTcpPort, getProcessPath } = freshPackage()
  machine([{ pid: 600, files: { 8: mac.listening({ port: PORT }) } }])
  mac.before('listpids', {}, mac.hold)
  const walk = findPidByLocalTcpPort(PORT)
  await held(walk)
  assert.equal(await getProcessPath(600), '/bin/p600')
  mac.release()
  assert.equal(await walk, 600)
})

const inWorker = `
  const { createRequire } = require('node:module')
  const { parentPort } = require('node:worker_threads')
  const { findPidByLocalTcpPort } = createRequire(process.env.MAC_APP + '/app.js')('socket-owner')
  parentPort.on('message', async (ports) => {
    parentPort.postMessage(await Promise.all(ports.map((port) => findPidByLocalTcpPort(port))))
  })
`

test('Workers have their own lookups', async () => {
  const owners = desktop()
  const workers = Array.from({ length: isCore ? 2 : 6 }, () => new Worker(inWorker, { eval: true }))
  const asked = workers.map((_, n) => [n * 300, n * 300 + 7, 2499])
  const answers = workers.map(async (worker, n) => {
    worker.postMessage(asked[n].map((i) => 10000 + i))
    return (await once(worker, 'message'))[0]
  })
  assert.deepEqual(
    await Promise.all(answers),
    asked.map((ports) => ports.map((i) => owners[i]))
  )
  await Promise.all(workers.map((worker) => worker.terminate()))
})

test('a Worker that is terminated in the middle of a walk takes nothing with it', async () => {
  const owners = desktop()
  const { findPidByLocalTcpPort } = freshPackage()
  for (let round = 0; round < (isCore ? 2 : 10); round++) {
    mac.before('fdinfo', { nth: 100 + round }, mac.hold)
    const worker = new Worker(inWorker, { eval: true })
    worker.postMessage([60000, 60001])
    await held(once(worker, 'message'))
    const ended = worker.terminate()
    mac.release()
    assert.equal(await ended, 1)
  }
  assert.equal(await findPidByLocalTcpPort(10000), owners[0])
})

/** Resolves when a call is held in the kernel; rejects if what should be held ends before. */
function held(asked) {
  const isHeld = new Promise((resolve) => {
    const look = () => (mac.isHeld() ? resolve() : setImmediate(look))
    look()
  })
  const ended = asked.then((answer) => {
    throw new Error(`not held, but answered ${answer}`)
  })
  return Promise.race([isHeld, ended])
}
