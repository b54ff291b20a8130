// findPeerPid: the process at the other end of exactly this connection.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { test } from 'node:test'
import { findPeerPid } from '../../index.js'
import {
  accepted,
  connect,
  families,
  listen,
  needsIPv6,
  needsLinux,
  needsPython,
  startClient,
  startPython,
  startServer
} from '../support/holders.mjs'

for (const { name, listenHost, connectHost, skip } of families) {
  test(`the client of an accepted connection is found over ${name}`, { skip }, async (t) => {
    const server = await listen(t, listenHost)
    const coming = accepted(server)
    const client = await startClient(t, connectHost, server.port)

    const peer = await findPeerPid(await coming)

    assert.equal(peer, client.pid)
  })

  test(`the server of a connection is found over ${name}`, { skip }, async (t) => {
    const server = await startServer(t, listenHost)
    const socket = await connect(t, connectHost, server.said.port)
    await server.next()

    const peer = await findPeerPid(socket)

    assert.equal(peer, server.pid)
  })

  test(`a peer in this process is this process over ${name}`, { skip }, async (t) => {
    const server = await listen(t, listenHost)
    const coming = accepted(server)
    const client = await connect(t, connectHost, server.port)
    const socket = await coming

    const peers = await Promise.all([findPeerPid(client), findPeerPid(socket)])

    assert.deepEqual(peers, [process.pid, process.pid])
  })
}

test('a client of a mapped address is found, however the ends are written', {
  skip: needsPython || needsIPv6
}, async (t) => {
  const server = await listen(t, '127.0.0.1')
  const code = `
    connection = client('::ffff:127.0.0.1', values['port'])
    say(port=port_of(connection))
    hear()`
  const client = await startPython(t, code, { values: { port: server.port } })
  const spellings = ['127.0.0.1', '::ffff:127.0.0.1', '::FFFF:7f00:1', '0:0:0:0:0:ffff:7f00:0001']

  for (const localAddress of spellings) {
    for (const remoteAddress of spellings) {
      const ends = { localAddress, localPort: server.port, remoteAddress }
      const peer = await findPeerPid({ ...ends, remotePort: client.said.port })

      assert.equal(peer, client.pid, `${localAddress} ${remoteAddress}`)
    }
  }
})

test('the peer is told by both addresses and both ports', async (t) => {
  const server = await listen(t, '127.0.0.1')
  const other = await listen(t, '127.0.0.1')
  const coming = accepted(server)
  const client = await startClient(t, '127.0.0.1', server.port)
  const ends = endsOf(await coming)
  const wrong = [
    { localPort: other.port },
    { remotePort: other.port },
    { localPort: ends.remotePort, remotePort: ends.localPort, remoteAddress: '127.0.0.2' },
    { localAddress: '127.0.0.2' },
    { remoteAddress: '127.0.0.2' },
    { localAddress: '::1', remoteAddress: '::1' },
    { localAddress: '::127.0.0.1', remoteAddress: '::127.0.0.1' },
    { remoteAddress: '::1' },
    { localAddress: '::1' }
  ]

  const right = await findPeerPid(ends)
  const peers = await Promise.all(wrong.map((change) => findPeerPid({ ...ends, ...change })))

  assert.equal(right, client.pid)
  assert.deepEqual(peers, Array(wrong.length).fill(null))
})

test('a connection that is not there is null, though its local end is listened on', async (t) => {
  const server = await listen(t, '127.0.0.1')
  const elsewhere = await startServer(t, '127.0.0.1')
  const ends = { localAddress: '127.0.0.1', localPort: server.port }

  const peer = await findPeerPid({
    ...ends,
    remoteAddress: '127.0.0.1',
    remotePort: elsewhere.said.port
  })

  assert.equal(peer, null)
})

test('two clients with one port number on two addresses are told apart', {
  skip: needsLinux
}, async (t) => {
  const server = await listen(t, '0.0.0.0')
  const first = accepted(server)
  const one = await startClient(t, '127.0.0.1', server.port)
  const firstSocket = await first
  const second = accepted(server)
  const values = { localHost: '127.0.0.2', localPort: one.said.localPort }
  const two = await startClient(t, '127.0.0.1', server.port, { values })
  const secondSocket = await second

  const peers = await Promise.all([firstSocket, secondSocket].map((socket) => findPeerPid(socket)))

  assert.equal(one.said.localPort, two.said.localPort)
  assert.deepEqual(peers, [one.pid, two.pid])
})

test('two servers with one port number on two addresses are told apart', {
  skip: needsLinux
}, async (t) => {
  const one = await startServer(t, '127.0.0.1')
  const { port } = one.said
  const two = await startServer(t, '127.0.0.2', { values: { port } })
  const sockets = [await connect(t, '127.0.0.1', port), await connect(t, '127.0.0.2', port)]
  await Promise.all([one.next(), two.next()])

  const peers = await Promise.all(sockets.map((socket) => findPeerPid(socket)))

  assert.deepEqual(peers, [one.pid, two.pid])
})

test('a client is found though another process listens on its port elsewhere', {
  skip: needsLinux
}, async (t) => {
  const server = await listen(t, '127.0.0.1')
  const coming = accepted(server)
  const elsewhere = await startServer(t, '127.0.0.2')
  const values = { localPort: elsewhere.said.port }
  const client = await startClient(t, '127.0.0.1', server.port, { values })

  const peer = await findPeerPid(await coming)

  assert.equal(peer, client.pid)
})

test('a connection that the other end has not accepted yet is null, then its process', {
  skip: needsPython
}, async (t) => {
  const code = `
    listener = listen()
    say(port=port_of(listener))
    hear()
    accepted = listener.accept()[0]
    say()
    hear()`
  const server = await startPython(t, code)
  const socket = await connect(t, '127.0.0.1', server.said.port)

  const before = await findPeerPid(socket)
  await server.tell().next()
  const after = await findPeerPid(socket)

  assert.deepEqual([before, after], [null, server.pid])
})

test('a half-closed connection still has its peer, whichever end has ended', async (t) => {
  const server = await listen(t, '127.0.0.1', { allowHalfOpen: true })
  const coming = accepted(server)
  const client = await startClient(t, '127.0.0.1', server.port)
  const socket = await coming
  const ends = endsOf(socket)
  client.tell('end')
  socket.resume()
  await once(socket, 'end')

  const peer = await findPeerPid(ends)

  assert.equal(peer, client.pid)
})

test('a socket whose client closed, reset or died is null', async (t) => {
  for (const action of ['destroy', 'resetAndDestroy', 'kill']) {
    const server = await listen(t, '127.0.0.1')
    const coming = accepted(server)
    const client = await startClient(t, '127.0.0.1', server.port)
    const socket = await coming
    const ends = endsOf(socket)
    const before = await findPeerPid(socket)
    socket.resume()
    const closed = once(socket, 'close').catch(() => {})
    if (action === 'kill') await client.kill()
    else client.tell(action)
    await closed

    const peers = [await findPeerPid(socket), await findPeerPid(ends)]

    assert.equal(before, client.pid, action)
    assert.deepEqual(peers, [null, null], action)
  }
})

test('the ends are read at the call: a socket destroyed after it is still found', async (t) => {
  const server = await listen(t, '127.0.0.1')
  const client = await startServer(t, '127.0.0.1')
  const socket = await connect(t, '127.0.0.1', client.said.port)
  await client.next()
  const ends = { ...endsOf(socket) }
  const shared = { ...ends }

  const answer = findPeerPid(shared)
  shared.remotePort = server.port
  const peer = await answer

  assert.equal(peer, client.pid)
})

test('a socket that is not connected is null', async (t) => {
  const pending = new net.Socket()
  t.after(() => pending.destroy())

  const peer = await findPeerPid(pending)

  assert.equal(peer, null)
})

function endsOf({ localAddress, localPort, remoteAddress, remotePort }) {
  return { localAddress, localPort, remoteAddress, remotePort }
}
