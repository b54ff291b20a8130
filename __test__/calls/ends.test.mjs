// The ends of a socket that a caller passes: what fits, what has gone, what is refused.

import assert from 'node:assert/strict'
import dgram from 'node:dgram'
import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import net from 'node:net'
import { test } from 'node:test'
import { findPeerPid, findPeerProcess } from '../../index.js'
import { assertRefused } from '../support/refused.mjs'

const ends = {
  localAddress: '127.0.0.1',
  localPort: 1,
  remoteAddress: '127.0.0.1',
  remotePort: 2
}

test('what is no socket is refused, and told what to pass', async (t) => {
  const server = http.createServer().listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const client = http.get({ port: server.address().port, host: '127.0.0.1', agent: false })
  t.after(() => client.destroy())
  const [request, response] = await once(server, 'request')

  for (const [value, received] of [
    [undefined, 'undefined'],
    [null, 'null'],
    [5, 'type number (5)'],
    ['127.0.0.1:80', "type string ('127.0.0.1:80')"],
    [{}, 'an instance of Object'],
    [{ destroyed: true, socket: {} }, 'an instance of Object'],
    [{ destroyed: 1 }, 'an instance of Object'],
    [server, 'an instance of Server'],
    [request, 'an instance of IncomingMessage'],
    [response, 'an instance of ServerResponse']
  ]) {
    const message =
      'The "socket" argument must be a connected socket such as a net.Socket (for a request, pass ' +
      'request.socket), or an object with localAddress, localPort, remoteAddress and remotePort. ' +
      `Received ${received}`
    await assertRefused(() => findPeerPid(value), TypeError, 'ERR_INVALID_ARG_TYPE', message)
  }
  response.end()
  await once(client, 'close')
})

test('an end of another type is refused by type, though another end is missing', async () => {
  const refused = (value, name, type, received) =>
    assertRefused(
      () => findPeerPid(value),
      TypeError,
      'ERR_INVALID_ARG_TYPE',
      `The "socket.${name}" property must be of type ${type}. Received ${received}`
    )

  for (const name of ['localAddress', 'remoteAddress']) {
    await refused({ ...ends, [name]: 5 }, name, 'string', 'type number (5)')
    await refused({ ...ends, [name]: null }, name, 'string', 'null')
    await refused({ [name]: 5 }, name, 'string', 'type number (5)')
  }
  for (const name of ['localPort', 'remotePort']) {
    await refused({ ...ends, [name]: '80' }, name, 'number', "type string ('80')")
    await refused({ [name]: null }, name, 'number', 'null')
  }
})

test('a socket of UDP is refused, and told whom to ask', async (t) => {
  const socket = dgram.createSocket('udp4')
  t.after(() => socket.close())
  const message =
    'The "socket" argument must be a connected socket such as a net.Socket (for a request, pass ' +
    'request.socket), or an object with localAddress, localPort, remoteAddress and remotePort; ' +
    'for a dgram.Socket, use findUdpPeerPid(rinfo, socket). Received an instance of Socket'

  for (const find of [findPeerPid, findPeerProcess]) {
    await assertRefused(() => find(socket), TypeError, 'ERR_INVALID_ARG_TYPE', message)
  }
})

test("an end's port is refused by range", async () => {
  for (const name of ['localPort', 'remotePort']) {
    for (const value of [0, -1, 1.5, 65536, Number.NaN]) {
      const message =
        `The value of "socket.${name}" is out of range. ` +
        `It must be an integer >= 1 && <= 65535. Received ${value}`
      const call = () => findPeerPid({ ...ends, [name]: value })
      await assertRefused(call, RangeError, 'ERR_OUT_OF_RANGE', message)
    }
  }
})

test("an end's address that is no IP address is refused by value", async () => {
  const wrong = ['', 'localhost', '127.0.0.1.', '127.1', '::1::', '1::2%', '127.0.0.1%lo', '[::1]']
  for (const name of ['localAddress', 'remoteAddress']) {
    for (const value of wrong) {
      const message = `The "socket.${name}" property must be an IP address. Received '${value}'`
      const call = () => findPeerPid({ ...ends, [name]: value })
      await assertRefused(call, TypeError, 'ERR_INVALID_ARG_VALUE', message)
    }
  }
})

test('the four ends are read once each, at the call', async () => {
  const read = []
  const socket = {}
  for (const [name, value] of Object.entries(ends)) {
    Object.defineProperty(socket, name, { get: () => read.push(name) && value })
  }

  const answer = findPeerPid(socket)

  assert.deepEqual(read, ['localAddress', 'localPort', 'remoteAddress', 'remotePort'])
  await answer
  assert.equal(read.length, 4)
})

test("a getter's own error is the rejection", async () => {
  const mine = new Error('mine')
  const socket = {
    get localAddress() {
      throw mine
    }
  }

  await assert.rejects(findPeerPid(socket), (error) => error === mine)
})

test('a socket that has gone or was never connected is null', async () => {
  const unconnected = new net.Socket()

  assert.equal(await findPeerPid(unconnected), null)
  assert.equal(await findPeerPid({ destroyed: true }), null)
  for (const name of Object.keys(ends)) {
    assert.equal(await findPeerPid({ ...ends, [name]: undefined }), null)
  }
})

test("an http2 session's socket answers while it is there and is null afterwards", async (t) => {
  const server = http2.createServer().listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const client = http2.connect(`http://127.0.0.1:${server.address().port}`)
  t.after(() => client.destroy())
  const [session] = await once(server, 'session')
  const { socket } = session

  assert.equal(await findPeerPid(socket), process.pid)

  client.destroy()
  await once(session, 'close')
  assert.throws(() => socket.remoteAddress, { code: 'ERR_HTTP2_SOCKET_UNBOUND' })
  assert.equal(await findPeerPid(socket), null)
})
