// Each state in which a process can hold a socket, by the kernel's own numbers, and the states in
// which none can. `any`, `listening` and `connected` are what findPidByLocalTcpPort answers.

import assert from 'node:assert/strict'
import os from 'node:os'
import { test } from 'node:test'
import { findPeerPid, findPidByLocalTcpPort } from '../../index.js'
import { connect, needsLinux, needsPython, quietPort, startPython } from '../support/holders.mjs'

const skip = needsLinux || needsPython

/** The other end of the holder's connection: it sends a FIN when told to, and never reads. */
const otherEnd = `
  listener = listen()
  say(port=port_of(listener))
  other = listener.accept()[0]
  say(port=other.getpeername()[1])
  hear()
  other.shutdown(socket.SHUT_WR)
  say()
  hear()`

const finish = 'connection.shutdown(socket.SHUT_WR)'
/** What the holder does before and after the other end has finished, to be in the state. */
const connectedStates = [
  { name: 'ESTABLISHED', state: 1, steps: '' },
  { name: 'FIN_WAIT1', state: 4, steps: `fill(connection); ${finish}` },
  { name: 'FIN_WAIT2', state: 5, steps: finish },
  { name: 'CLOSE_WAIT', state: 8, steps: '', otherFinishes: true },
  {
    name: 'CLOSING',
    state: 11,
    steps: 'fill(connection); connection.shutdown(socket.SHUT_WR)',
    otherFinishes: true
  },
  {
    name: 'LAST_ACK',
    state: 9,
    steps: 'fill(connection)',
    otherFinishes: true,
    atLast: `reach(connection, 8); ${finish}`
  }
]

for (const { name, state, steps, otherFinishes = false, atLast = '' } of connectedStates) {
  test(`a socket in ${name} is connected`, { skip }, async (t) => {
    const other = await startPython(t, otherEnd)
    const code = `
      connection = client('127.0.0.1', values['port'])
      ${steps}
      say(port=port_of(connection))
      hear()
      ${atLast}
      reach(connection, ${state})
      say()
      hear()`
    const holder = await startPython(t, code, { values: other.said })
    await other.next()
    if (otherFinishes) await other.tell().next()
    await holder.tell().next()

    const owners = await askAll(holder.said.port)
    const peer = await findPeerPid(ends(holder.said.port, other.said.port))

    assert.deepEqual(owners, { any: holder.pid, listening: null, connected: holder.pid })
    assert.equal(peer, holder.pid)
  })
}

test('a socket in LISTEN is listening', { skip: needsPython }, async (t) => {
  const holder = await startPython(t, 'listener = listen()\nsay(port=port_of(listener))\nhear()')

  const owners = await askAll(holder.said.port)

  assert.deepEqual(owners, { any: holder.pid, listening: holder.pid, connected: null })
})

test('a socket in SYN_SENT is connected', { skip }, async (t) => {
  const code = `
    listener = listen(backlog=0)
    waiting = []
    while not waiting or tcp_state(waiting[-1]) != 2:
        connection = socket.socket()
        connection.bind(('127.0.0.1', 0))
        connection.setblocking(False)
        connection.connect_ex(listener.getsockname())
        waiting.append(connection)
    say(port=port_of(waiting[-1]), other=port_of(listener), state=tcp_state(waiting[-1]))
    hear()`
  const holder = await startPython(t, code)

  const owners = await askAll(holder.said.port)
  const peer = await findPeerPid(ends(holder.said.port, holder.said.other))

  assert.equal(holder.said.state, 2)
  assert.deepEqual(owners, { any: holder.pid, listening: null, connected: holder.pid })
  assert.equal(peer, holder.pid)
})

test('a bound socket has the port, in neither state', {
  skip: skip || needsKernel(6, 8)
}, async (t) => {
  const code = `
    bound = socket.socket()
    bound.bind((values['host'], values['port']))
    say(port=port_of(bound))
    hear()`
  for (const host of ['127.0.0.1', '0.0.0.0']) {
    const port = await quietPort()
    const holder = await startPython(t, code, { values: { host, port } })

    const owners = await askAll(port)

    assert.deepEqual(owners, { any: holder.pid, listening: null, connected: null })
  }
})

test('a bound IPv6 socket has the port', { skip: skip || needsKernel(6, 8) }, async (t) => {
  const code = `
    bound = socket.socket(socket.AF_INET6)
    bound.bind(('::1', 0))
    say(port=port_of(bound))
    hear()`
  const holder = await startPython(t, code)

  const owner = await findPidByLocalTcpPort(holder.said.port)

  assert.equal(owner, holder.pid)
})

test('a listener is preferred to a socket bound to its port on another address', {
  skip
}, async (t) => {
  const code = `
    held = socket.socket()
    held.bind((values['host'], values['port']))
    if values['listens']:
        held.listen()
    say(port=port_of(held))
    hear()`
  const values = { host: '127.0.0.1', port: 0, listens: false }
  const bound = await startPython(t, code, { values })
  const { port } = bound.said
  const server = await startPython(t, code, { values: { host: '127.0.0.2', port, listens: true } })

  const owners = await askAll(port)

  assert.deepEqual(owners, { any: server.pid, listening: server.pid, connected: null })
})

test('a socket that nobody holds is no answer: closed, its other end not', { skip }, async (t) => {
  const other = await startPython(t, otherEnd)
  const port = await quietPort()
  const code = `
    connection = client('127.0.0.1', values['port'], values['localPort'])
    say()
    hear()
    connection.close()
    say()
    hear()`
  const values = { port: other.said.port, localPort: port }
  const holder = await startPython(t, code, { values })
  await other.next()
  const before = await findPeerPid(ends(port, other.said.port))
  await holder.tell().next()

  const owners = await askAll(port)
  const peer = await findPeerPid(ends(port, other.said.port))

  assert.equal(before, holder.pid)
  assert.deepEqual(owners, { any: null, listening: null, connected: null })
  assert.equal(peer, null)
})

test('an accepted connection hides its listener from nobody, in one process', {
  skip: needsPython
}, async (t) => {
  const code = `
    listener = listen()
    say(port=port_of(listener))
    kept = [listener.accept()[0] for _ in range(3)]
    first = os.dup2(listener.fileno(), 500)
    listener.close()
    say()
    hear()`
  const holder = await startPython(t, code)
  for (let i = 0; i < 3; i++) await connect(t, '127.0.0.1', holder.said.port)
  await holder.next()

  const owners = await askAll(holder.said.port)

  assert.deepEqual(owners, { any: holder.pid, listening: holder.pid, connected: holder.pid })
})

async function askAll(port) {
  const [any, listening, connected] = await Promise.all([
    findPidByLocalTcpPort(port),
    findPidByLocalTcpPort(port, { state: 'listening' }),
    findPidByLocalTcpPort(port, { state: 'connected' })
  ])
  return { any, listening, connected }
}

/** The ends of a connection on 127.0.0.1 as the other end of `port` sees them. */
function ends(port, otherPort) {
  const address = '127.0.0.1'
  return { localAddress: address, localPort: otherPort, remoteAddress: address, remotePort: port }
}

function needsKernel(major, minor) {
  const [hasMajor, hasMinor] = os.release().split('.').map(Number)
  const isThere = hasMajor > major || (hasMajor === major && hasMinor >= minor)
  return isThere ? false : `needs Linux ${major}.${minor}`
}
