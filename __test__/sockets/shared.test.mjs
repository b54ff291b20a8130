// One socket that several processes hold: the one that started first answers, cold or warm alike.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findPeerPid, findPidByLocalTcpPort } from '../../index.js'
import {
  accepted,
  connect,
  fixture,
  listen,
  needsPython,
  startProgram,
  startPython
} from '../support/holders.mjs'

const skip = needsPython

test('a forked server answers with its master, whoever was asked before', { skip }, async (t) => {
  const code = `
    listener = listen()
    workers = [fork(lambda: None) for _ in range(4)]
    say(port=port_of(listener))
    hear()`
  const master = await startPython(t, code)

  const owners = []
  for (let i = 0; i < 3; i++) owners.push(await findPidByLocalTcpPort(master.said.port))

  assert.deepEqual(owners, Array(3).fill(master.pid))
})

test('a worker that holds the listener alone answers', { skip }, async (t) => {
  const code = `
    listener = listen()
    port = port_of(listener)
    worker = fork(lambda: say(port=port, worker=os.getpid()))
    listener.close()
    hear()
    say()
    hear()`
  const master = await startPython(t, code)
  await master.tell().next() // It has closed its own by now.

  const owner = await findPidByLocalTcpPort(master.said.port)

  assert.equal(owner, master.said.worker)
})

test('of siblings whose master closed the socket one answers', { skip }, async (t) => {
  const code = `
    listener = listen()
    port = port_of(listener)
    workers = [fork(lambda: None) for _ in range(3)]
    listener.close()
    say(port=port, workers=workers)
    hear()`
  const master = await startPython(t, code)

  const owner = await findPidByLocalTcpPort(master.said.port)

  assert.ok(master.said.workers.includes(owner), `${owner}`)
})

test('a master answers for a grandchild, past a child that does not hold the socket', {
  skip
}, async (t) => {
  const code = `
    listener = listen()
    port = port_of(listener)
    def between():
        fork(lambda: say(port=port))
        listener.close()
    fork(between)
    hear()`
  const master = await startPython(t, code)

  const owner = await findPidByLocalTcpPort(master.said.port)

  assert.equal(owner, master.pid)
})

test('a master answers for a holder 32 levels below it', { skip }, async (t) => {
  const code = `
    listener = listen()
    port = port_of(listener)
    def descend(level):
        if level == 32:
            say(port=port)
        else:
            fork(lambda: descend(level + 1))
            listener.close()
    fork(lambda: descend(1))
    hear()`
  const master = await startPython(t, code)

  const owner = await findPidByLocalTcpPort(master.said.port)

  assert.equal(owner, master.pid)
})

test('a master answers for a child that moved the socket to another number', {
  skip
}, async (t) => {
  const code = `
    listener = listen()
    port = port_of(listener)
    def move():
        os.dup2(listener.fileno(), 300)
        listener.close()
        say(port=port)
    fork(move)
    hear()`
  const master = await startPython(t, code)

  const owner = await findPidByLocalTcpPort(master.said.port)

  assert.equal(owner, master.pid)
})

test('a child keeps its own socket: its parent holds others', { skip }, async (t) => {
  const code = `
    kept = [listen() for _ in range(3)]
    def replace():
        for number in [listener.fileno() for listener in kept]:
            os.close(number)
        mine = [listen() for _ in range(3)]
        say(ports=[port_of(listener) for listener in mine], pid=os.getpid())
        rest()
    fork(replace)
    hear()`
  const parent = await startPython(t, code)

  const owners = await Promise.all(parent.said.ports.map((port) => findPidByLocalTcpPort(port)))

  assert.deepEqual(owners, Array(3).fill(parent.said.pid))
})

test('a connection that a forked child shares answers with its parent', { skip }, async (t) => {
  const server = await listen(t, '127.0.0.1')
  const coming = accepted(server)
  const code = `
    connection = client('127.0.0.1', values['port'])
    fork(lambda: say())
    hear()`
  const holder = await startPython(t, code, { values: { port: server.port } })
  const socket = await coming

  const peers = [await findPeerPid(socket), await findPidByLocalTcpPort(socket.remotePort)]

  assert.deepEqual(peers, [holder.pid, holder.pid])
})

test('a forking server answers a connection with the child that keeps it', { skip }, async (t) => {
  const code = `
    listener = listen()
    say(port=port_of(listener))
    connection = listener.accept()[0]
    def serve():
        listener.close()
    worker = fork(serve)
    connection.close()
    say(worker=worker)
    hear()`
  const server = await startPython(t, code)
  const socket = await connect(t, '127.0.0.1', server.said.port)
  const { worker } = await server.next()

  const peer = await findPeerPid(socket)

  assert.equal(peer, worker)
})

/** Passes its listener to a process that is not its child, and closes its own copy when told to. */
const passing = `
  here, there = socket.socketpair()
  def receive():
      here.close()
      number = socket.recv_fds(there, 1, 1)[1][0]
      say(receiver=os.getpid(), number=number)
  receiver = fork(receive)
  def hold():
      listener = listen()
      say(port=port_of(listener), holder=os.getpid())
      socket.send_fds(here, [b'.'], [listener.fileno()])
      os.read(go_read, 1)
      listener.close()
      say(closed=True)
  go_read, go_write = os.pipe()
  fork(hold)
  hear()
  os.write(go_write, b'.')
  hear()`

test('a socket passed to another process answers with one of the two, then with the one left', {
  skip
}, async (t) => {
  const parent = await startPython(t, passing)
  const { port, holder } = parent.said
  const { receiver } = await parent.next()

  const both = await findPidByLocalTcpPort(port)
  await parent.tell().next()
  const left = await findPidByLocalTcpPort(port)

  assert.ok([holder, receiver].includes(both), `${both}`)
  assert.equal(left, receiver)
})

for (const policy of ['SCHED_RR', 'SCHED_NONE']) {
  test(`a cluster by ${policy} answers with its primary for the listener`, async (t) => {
    const primary = await startCluster(t, policy)
    const { port } = primary.said

    const owners = []
    for (let i = 0; i < 3; i++) owners.push(await findPidByLocalTcpPort(port))
    const listening = await findPidByLocalTcpPort(port, { state: 'listening' })

    assert.deepEqual([...owners, listening], Array(4).fill(primary.pid))
  })

  test(`a cluster by ${policy} answers a connection with the worker that serves it`, async (t) => {
    const primary = await startCluster(t, policy)
    const socket = await connect(t, '127.0.0.1', primary.said.port)
    const { worker } = await primary.next()

    const peer = await findPeerPid(socket)

    assert.equal(peer, worker)
  })
}

function startCluster(t, policy) {
  return startProgram(t, process.execPath, [fixture('cluster.cjs'), policy])
}
