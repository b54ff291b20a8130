// Environments that end while a lookup is under way: workers that are terminated, a process that
// exits, two copies of the package. TEARDOWN_WORKERS says how many workers; the long form is in
// scripts/ci-full.mjs.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  needsLinux,
  needsPython,
  packageRoot,
  startNode,
  startPython,
  startServer
} from '../support/holders.mjs'
import { openToAll } from '../support/through.mjs'

const workers = Number(process.env.TEARDOWN_WORKERS ?? 100)
const skip = needsLinux || needsPython

/** A socket in a message that nobody has received: the kernel has it, no process does. So a question
 * about it reads every table, which takes many slices. */
const inFlight = `
  mine, theirs = socket.socketpair()
  listener = listen()
  port = port_of(listener)
  socket.send_fds(mine, [b'x'], [listener.fileno()])
  listener.close()
  say(port=port)
  hear()`

test(`${workers} workers terminated in the middle of a lookup leave nothing behind`, {
  skip
}, async (t) => {
  const holder = await startPython(t, inFlight)
  const server = await startServer(t, '127.0.0.1')
  const values = { nobodys: holder.said.port, port: server.said.port, workers, root: packageRoot }
  const host = await startNode(t, terminateWorkers, { values })

  const { ended, after, before, answers } = host.said
  const status = await host.ended

  assert.equal(ended, workers)
  assert.deepEqual(answers, [{ answer: server.pid }, { answer: null }])
  assert.deepEqual(after, before)
  assert.deepEqual(status, { code: 0, signal: null })
})

const moments = ['in the same tick', 'a tick later', 'between two slices', 'beside a path']
for (const [nth, moment] of moments.entries()) {
  test(`a process that exits in the middle of a lookup, ${moment}, just exits`, {
    skip
  }, async (t) => {
    const holder = await startPython(t, inFlight)
    const values = { nobodys: holder.said.port, nth }

    const ends = []
    for (let i = 0; i < 5; i++) ends.push((await startNode(t, exitMidway, { values })).ended)

    assert.deepEqual(await Promise.all(ends), Array(5).fill({ code: 7, signal: null }))
  })
}

test('a lookup under way keeps its process, an answered one does not', { skip }, async (t) => {
  const holder = await startPython(t, inFlight)
  const host = await startNode(t, endNaturally, { values: { nobodys: holder.said.port } })

  const answer = await host.next()
  const status = await host.ended

  assert.deepEqual(answer, { answer: null })
  assert.deepEqual(status, { code: 0, signal: null })
})

test('two copies of the package in one process ask at once and are both right', {
  skip
}, async (t) => {
  const servers = []
  for (let i = 0; i < 4; i++) servers.push(await startServer(t, '127.0.0.1'))
  const ports = servers.map(({ said }) => said.port)
  const copy = openToAll(t).root
  const host = await startNode(t, askTwoCopies, { values: { ports, copy } })

  const pids = servers.map(({ pid }) => pid)

  assert.deepEqual(host.said.answers, Array(200).fill(pids))
  assert.equal(host.said.binaries, 2)
})

/** Four at a time. Each says that it has asked, and is terminated before it can have an answer. */
async function terminateWorkers({ say, ask, require, nobodys, port, workers, root }) {
  const { Worker } = require('node:worker_threads')
  const { once } = require('node:events')
  const source = `
    const { parentPort, workerData } = require('node:worker_threads')
    const owner = require(${JSON.stringify(root)})
    const own = { address: '127.0.0.1' }
    owner.findPidByLocalTcpPort(workerData.nobodys, own).then(() => parentPort.postMessage('answered'))
    owner.findPidByLocalTcpPort(workerData.port, own)
    owner.getProcessPath(process.pid).then(() => parentPort.postMessage('asked'))`
  const runOne = async () => {
    const worker = new Worker(source, { eval: true, workerData: { nobodys, port } })
    await once(worker, 'message')
    const terminated = worker.terminate()
    await terminated
  }
  const { readdirSync } = require('node:fs')
  const descriptors = () => readdirSync('/proc/self/fd').length
  const own = { address: '127.0.0.1' }
  await ask('findPidByLocalTcpPort', port, own)
  await Promise.all([1, 2, 3, 4].map(runOne))
  const before = descriptors()
  let ended = 0
  const runSome = async () => {
    while (ended < workers) {
      ended++
      await runOne()
    }
  }
  await Promise.all([1, 2, 3, 4].map(runSome))
  const answers = [await ask('findPidByLocalTcpPort', port, own)]
  answers.push(await ask('findPidByLocalTcpPort', nobodys, own))
  say({ ended, before, after: descriptors(), answers })
  process.stdin.destroy()
}

async function exitMidway({ say, ask, nobodys, nth }) {
  say({})
  ask('findPidByLocalTcpPort', nobodys, { address: '127.0.0.1' })
  if (nth === 1) await new Promise(setImmediate)
  if (nth === 2) await ask('getProcessPath', process.pid)
  if (nth === 3) ask('getProcessPath', process.pid)
  process.exit(7)
}

async function endNaturally({ say, ask, nobodys }) {
  ask('findPidByLocalTcpPort', nobodys, { address: '127.0.0.1' }).then(say)
  say({})
  process.stdin.destroy()
}

async function askTwoCopies({ say, ask, hear, require, ports, copy }) {
  const other = require(`${copy}/index.js`)
  const own = { address: '127.0.0.1' }
  const answers = []
  for (let i = 0; i < 100; i++) {
    const mine = ports.map((port) => ask('findPidByLocalTcpPort', port, own))
    const theirs = ports.map((port) => other.findPidByLocalTcpPort(port, own))
    answers.push((await Promise.all(mine)).map(({ answer }) => answer))
    answers.push(await Promise.all(theirs))
  }
  const binaries = Object.keys(require.cache).filter((file) => file.endsWith('.node')).length
  say({ answers, binaries })
  await hear()
}
