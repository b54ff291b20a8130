// Threads: of the process that is found, and of the one that asks.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { test } from 'node:test'
import { findPeerPid, findPidByLocalTcpPort, getProcessPath, listSockets } from '../../index.js'
import {
  accepted,
  leaderlessCode,
  listen,
  needsLinux,
  needsPython,
  startNode,
  startPython,
  startServer
} from '../support/holders.mjs'

const skip = needsLinux || needsPython

for (const threads of [1, 3]) {
  test(`a process whose first thread has exited owns its sockets, ${threads} live`, {
    skip
  }, async (t) => {
    const holder = await startPython(t, leaderlessCode, { values: { threads } })

    const owners = []
    for (let i = 0; i < 2; i++) owners.push(await findPidByLocalTcpPort(holder.said.port))
    const path = await getProcessPath(holder.pid)

    assert.deepEqual(owners, [holder.pid, holder.pid])
    assert.equal(path, programOf(holder.pid))
  })
}

test('a client whose first thread has exited is found', { skip }, async (t) => {
  const server = await listen(t, '127.0.0.1')
  const coming = accepted(server)
  const values = { threads: 2, port: server.port }
  const holder = await startPython(t, leaderlessCode, { values })

  const peer = await findPeerPid(await coming)

  assert.equal(peer, holder.pid)
})

test('a master whose first thread has exited answers for its workers', { skip }, async (t) => {
  const code = `
    listener = listen()
    worker = fork(lambda: None)
    def go_on():
        while open(f'/proc/{os.getpid()}/stat').read().rpartition(')')[2].split()[0] != 'Z':
            os.sched_yield()
        say(port=port_of(listener), worker=worker)
        hear()
    threading.Thread(target=go_on).start()
    checked(libc.syscall({'x86_64': 60, 'aarch64': 93}[os.uname().machine], 0))`
  const master = await startPython(t, code)
  const { port, worker } = master.said

  const owners = []
  for (let i = 0; i < 2; i++) owners.push(await findPidByLocalTcpPort(port, { state: 'listening' }))
  const [{ pids }] = await listSockets({ port, state: 'listening' })

  assert.deepEqual(owners, [master.pid, master.pid])
  assert.deepEqual(pids, [master.pid, worker])
})

test("a thread's socket is its process's", { skip: needsPython }, async (t) => {
  const code = `
    def hold():
        listener = listen()
        say(port=port_of(listener))
        rest()
    threading.Thread(target=hold, daemon=True).start()
    rest()`
  const holder = await startPython(t, code)

  const owner = await findPidByLocalTcpPort(holder.said.port)

  assert.equal(owner, holder.pid)
})

test("a list by a thread's number is empty, whatever its process holds", { skip }, async (t) => {
  const code = `
    listener = listen()
    def hold():
        say(port=port_of(listener), thread=threading.get_native_id())
        rest()
    threading.Thread(target=hold, daemon=True).start()
    rest()`
  const holder = await startPython(t, code)

  const ofProcess = await listSockets({ pid: holder.pid })
  const ofThread = await listSockets({ pid: holder.said.thread })

  assert.deepEqual(
    ofProcess.map(({ localPort, pids }) => ({ localPort, pids })),
    [{ localPort: holder.said.port, pids: [holder.pid] }]
  )
  assert.deepEqual(ofThread, [])
})

test('workers and the main thread look up side by side', async (t) => {
  const server = await startServer(t, '127.0.0.1')
  const values = { ...server.said, workers: 4, calls: 50 }
  const host = await startNode(t, askInWorkers, { values })

  const { main, workers } = host.said

  assert.deepEqual(main, Array(50).fill(server.pid))
  assert.deepEqual(workers, Array(4).fill(Array(50).fill(server.pid)))
})

test('workers may be terminated while they look up, and the process goes on', async (t) => {
  const server = await startServer(t, '127.0.0.1')
  const values = { ...server.said, rounds: 30 }
  const host = await startNode(t, terminateWorkers, { values })

  const { answers } = host.said
  const end = await host.ended

  assert.deepEqual(answers, Array(30).fill({ answer: server.pid }))
  assert.deepEqual(end, { code: 0, signal: null })
})

test('a process may exit while it looks up', async (t) => {
  const server = await startServer(t, '127.0.0.1')
  const ends = []
  for (let i = 0; i < 5; i++) {
    const host = await startNode(t, exitWhileAsking, { values: server.said })
    ends.push(await host.ended)
  }

  assert.deepEqual(ends, Array(5).fill({ code: 7, signal: null }))
})

test('a lookup keeps its process alive until it is answered', async (t) => {
  const server = await startServer(t, '127.0.0.1')
  const host = await startNode(t, askAndLetGo, { values: server.said })

  const told = await host.next()
  const end = await host.ended

  assert.deepEqual(told, { answer: server.pid })
  assert.deepEqual(end, { code: 0, signal: null })
})

async function askInWorkers({ say, hear, require, packagePath, port, workers, calls }) {
  const { Worker } = require('node:worker_threads')
  const { once } = require('node:events')
  const { findPidByLocalTcpPort } = require(packagePath)
  const source = `
    const { parentPort, workerData } = require('node:worker_threads')
    const { findPidByLocalTcpPort } = require(workerData.packagePath)
    const { port, calls } = workerData
    const asked = Array.from({ length: calls }, () => findPidByLocalTcpPort(port))
    Promise.all(asked).then((answers) => parentPort.postMessage(answers))`
  const workerData = { packagePath, port, calls }
  const answered = Array.from({ length: workers }, async () => {
    const [answers] = await once(new Worker(source, { eval: true, workerData }), 'message')
    return answers
  })
  const main = []
  for (let i = 0; i < calls; i++) main.push(await findPidByLocalTcpPort(port))
  say({ main, workers: await Promise.all(answered) })
  await hear()
}

/** Each worker asks without end; it is terminated once it has had an answer, so in mid-lookup. */
async function terminateWorkers({ say, ask, require, packagePath, port, rounds }) {
  const { Worker } = require('node:worker_threads')
  const { once } = require('node:events')
  const source = `
    const { parentPort, workerData } = require('node:worker_threads')
    const { findPidByLocalTcpPort, getProcessPath } = require(workerData.packagePath)
    const askOn = async (look, argument) => {
      for (;;) {
        await look(argument)
        parentPort.postMessage(null)
      }
    }
    for (let i = 0; i < 20; i++) askOn(findPidByLocalTcpPort, 1 + i)
    askOn(findPidByLocalTcpPort, workerData.port)
    askOn(getProcessPath, process.pid)`
  const answers = []
  for (let i = 0; i < rounds; i++) {
    const worker = new Worker(source, { eval: true, workerData: { packagePath, port } })
    await once(worker, 'message')
    const [answer] = await Promise.all([ask('findPidByLocalTcpPort', port), worker.terminate()])
    answers.push(answer)
  }
  say({ answers })
  process.stdin.destroy()
}

async function exitWhileAsking({ say, require, packagePath, port }) {
  const { findPidByLocalTcpPort, getProcessPath } = require(packagePath)
  await findPidByLocalTcpPort(port)
  say({})
  for (let i = 0; i < 100; i++) findPidByLocalTcpPort(1 + i)
  getProcessPath(process.pid).then(() => process.exit(7))
}

async function askAndLetGo({ say, ask, port }) {
  say({})
  process.stdin.destroy()
  say(await ask('findPidByLocalTcpPort', port))
}

/** As the kernel tells it of a thread that lives. */
function programOf(pid) {
  const thread = fs.readdirSync(`/proc/${pid}/task`).find((each) => Number(each) !== pid)
  return fs.readlinkSync(`/proc/${pid}/task/${thread}/exe`)
}
