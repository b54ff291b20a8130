// Sockets as a server of tls, http, https and http2 meets them: open, closed and reset.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import { test } from 'node:test'
import tls from 'node:tls'
import { findPeerPid } from '../../index.js'
import { startNode } from '../support/holders.mjs'

// A key that both ends know spares the tests a certificate.
const key = '00112233445566778899aabbccddeeff'
const secret = {
  ciphers: 'PSK',
  maxVersion: 'TLSv1.2',
  pskCallback: () => Buffer.from(key, 'hex')
}

/** Each with the event by which its server hands over a socket, and a client's body. */
const kinds = [
  { name: 'tls', make: () => tls.createServer(secret), event: 'secureConnection', body: tlsClient },
  { name: 'http', make: () => http.createServer(), event: 'request', body: httpClient },
  { name: 'https', make: () => https.createServer(secret), event: 'request', body: httpsClient },
  { name: 'http2', make: () => http2.createServer(), event: 'session', body: http2Client }
]

for (const { name, make, event, body } of kinds) {
  test(`the client of an open ${name} socket is found`, async (t) => {
    const server = await listening(t, make())
    const coming = once(server, event)
    const client = await startNode(t, body, { values: { port: server.address().port, key } })
    const [given] = await coming

    const peer = await findPeerPid(given.socket ?? given)

    assert.equal(peer, client.pid)
  })

  for (const action of ['destroy', 'resetAndDestroy']) {
    test(`a ${name} socket is null after its client's ${action}`, async (t) => {
      const server = await listening(t, make())
      const coming = once(server, event)
      const client = await startNode(t, body, { values: { port: server.address().port, key } })
      const [given] = await coming
      given.on('error', () => {})
      const socket = given.socket ?? given
      const before = await findPeerPid(socket)
      const closed = once(given, 'close').catch(() => {})
      client.tell(action)
      await closed

      const after = await findPeerPid(socket)

      assert.deepEqual([before, after], [client.pid, null])
    })
  }
}

test('the server of an http2 session is found, and null once the session is destroyed', async (t) => {
  const server = await startNode(t, ({ say, hear, require }) => {
    const server = require('node:http2').createServer()
    server.listen(0, '127.0.0.1', () => say({ port: server.address().port }))
    server.on('session', () => say({}))
    hear()
  })
  const session = http2.connect(`http://127.0.0.1:${server.said.port}`)
  session.on('error', () => {})
  t.after(() => session.destroy())
  await Promise.all([once(session, 'connect'), server.next()])
  const { socket } = session

  const before = await findPeerPid(socket)
  session.destroy()
  const after = await findPeerPid(socket)
  await once(session, 'close')
  const later = await findPeerPid(socket)

  assert.deepEqual([before, after, later], [server.pid, null, null])
})

async function listening(t, server) {
  const sockets = new Set()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await once(server, 'listening')
  return server
}

async function tlsClient({ say, hear, require, port, key }) {
  const psk = Buffer.from(key, 'hex')
  const socket = require('node:net').connect(port, '127.0.0.1')
  const secure = require('node:tls').connect({
    socket,
    ciphers: 'PSK',
    checkServerIdentity: () => undefined,
    pskCallback: () => ({ psk, identity: 'client' })
  })
  secure.on('error', () => {})
  secure.on('secureConnect', () => say({}))
  const action = await hear()
  socket[action]() // The TLS socket itself cannot be reset.
}

async function httpClient({ say, hear, require, port }) {
  const request = require('node:http').get({ host: '127.0.0.1', port })
  request.on('error', () => {})
  request.on('socket', (socket) => socket.on('connect', () => say({})))
  const action = await hear()
  request.socket[action]()
}

async function httpsClient({ say, hear, require, port, key }) {
  const psk = Buffer.from(key, 'hex')
  const socket = require('node:net').connect(port, '127.0.0.1')
  const request = require('node:https').get({
    createConnection: () =>
      require('node:tls').connect({
        socket,
        ciphers: 'PSK',
        checkServerIdentity: () => undefined,
        pskCallback: () => ({ psk, identity: 'client' })
      })
  })
  request.on('error', () => {})
  request.on('socket', (secure) => secure.on('secureConnect', () => say({})))
  const action = await hear()
  socket[action]()
}

async function http2Client({ say, hear, require, port }) {
  const socket = require('node:net').connect(port, '127.0.0.1')
  const session = require('node:http2').connect(`http://127.0.0.1:${port}`, {
    createConnection: () => socket
  })
  session.on('error', () => {})
  session.on('connect', () => say({}))
  const action = await hear()
  socket[action]()
}
