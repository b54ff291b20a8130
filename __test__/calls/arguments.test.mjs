// Wrong arguments reject, with Node's codes and words, and nothing throws synchronously.

import assert from 'node:assert/strict'
import dgram from 'node:dgram'
import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import net from 'node:net'
import { test } from 'node:test'
import { findPeerPid, findPeerProcess, findPidByLocalTcpPort, getProcessPath } from '../../index.js'

const ends = {
  localAddress: '127.0.0.1',
  localPort: 1,
  remoteAddress: '127.0.0.1',
  remotePort: 2
}

/** The whole error: type, code, message, name, and where the caller's own line stands. */
async function assertRefused(call, Type, code, message) {
  const promise = call()
  assert.ok(promise instanceof Promise)
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof Type)
    assert.equal(error.name, Type.name)
    assert.equal(error.code, code)
    assert.equal(error.message, message)
    assert.ok(error.stack.startsWith(`${Type.name} [${code}]: ${message}`))
    assert.match(error.stack, /arguments\.test\.mjs/)
    return true
  })
}

const wrongNumbers = [
  [undefined, 'undefined'],
  [null, 'null'],
  ['80', "type string ('80')"],
  [80n, 'type bigint (80n)'],
  [true, 'type boolean (true)'],
  [Symbol('port'), 'type symbol (Symbol(port))'],
  ['x'.repeat(40), `type string ('${'x'.repeat(24)}...)`],
  [Object(80), 'an instance of Number'],
  [[80], 'an instance of Array'],
  [Object.create(null), '[Object: null prototype] {}'],
  [function port() {}, 'function port']
]

const outOfRange = [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]

for (const [name, find, max] of [
  ['port', findPidByLocalTcpPort, 65535],
  ['pid', getProcessPath, 2147483647]
]) {
  test(`a ${name} that is not a number is refused by type`, async () => {
    for (const [value, received] of wrongNumbers) {
      const message = `The "${name}" argument must be of type number. Received ${received}`
      await assertRefused(() => find(value), TypeError, 'ERR_INVALID_ARG_TYPE', message)
    }
    const missing = `The "${name}" argument must be of type number. Received undefined`
    await assertRefused(() => find(), TypeError, 'ERR_INVALID_ARG_TYPE', missing)
  })

  test(`a ${name} that is no integer from 1 to ${max} is refused by range`, async () => {
    for (const value of [...outOfRange, max + 1]) {
      const message =
        `The value of "${name}" is out of range. ` +
        `It must be an integer >= 1 && <= ${max}. Received ${value}`
      await assertRefused(() => find(value), RangeError, 'ERR_OUT_OF_RANGE', message)
    }
  })

  test(`the least and the greatest ${name} are taken`, async () => {
    for (const value of [1, max]) {
      const answer = await find(value)
      assert.notEqual(answer, undefined)
    }
  })
}

const withOptions = [
  ['findPidByLocalTcpPort', (options) => findPidByLocalTcpPort(1, options)],
  ['findPeerPid', (options) => findPeerPid(ends, options)],
  ['getProcessPath', (options) => getProcessPath(1, options)]
]

for (const [name, call] of withOptions) {
  test(`${name} refuses options that are no object`, async () => {
    for (const [value, received] of [
      [null, 'null'],
      [5, 'type number (5)'],
      ['listening', "type string ('listening')"],
      [function options() {}, 'function options']
    ]) {
      const message = `The "options" argument must be of type object. Received ${received}`
      await assertRefused(() => call(value), TypeError, 'ERR_INVALID_ARG_TYPE', message)
    }
  })

  test(`${name} refuses a signal that is none`, async () => {
    for (const [signal, received] of [
      [null, 'null'],
      [5, 'type number (5)'],
      [{}, 'an instance of Object'],
      [{ aborted: false, addEventListener() {} }, 'an instance of Object'],
      [{ aborted: false, removeEventListener() {} }, 'an instance of Object'],
      [{ aborted: 0, addEventListener() {}, removeEventListener() {} }, 'an instance of Object'],
      [new EventTarget(), 'an instance of EventTarget'],
      [new AbortController(), 'an instance of AbortController'],
      [AbortSignal, 'function AbortSignal']
    ]) {
      const message =
        'The "options.signal" property must be an instance of AbortSignal. ' +
        `Received ${received}`
      await assertRefused(() => call({ signal }), TypeError, 'ERR_INVALID_ARG_TYPE', message)
    }
  })

  test(`${name} takes options, signal and state that are undefined`, async () => {
    await call(undefined)
    await call({})
    await call({ signal: undefined, state: undefined })
  })
}

test('a state that is neither is refused by value, of whatever type', async () => {
  for (const [state, received] of [
    ['LISTEN', "'LISTEN'"],
    ['', "''"],
    [null, 'null'],
    [1, '1'],
    [['listening'], "[ 'listening' ]"]
  ]) {
    const message =
      "The \"options.state\" property must be one of: 'listening', 'connected'. " +
      `Received ${received}`
    const call = () => findPidByLocalTcpPort(1, { state })
    await assertRefused(call, TypeError, 'ERR_INVALID_ARG_VALUE', message)
  }
})

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
      'The "socket" argument must be a connected socket, like a net.Socket (of a request pass ' +
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
    'The "socket" argument must be a connected socket, like a net.Socket (of a request pass ' +
    'request.socket), or an object with localAddress, localPort, remoteAddress and remotePort; ' +
    'for a dgram.Socket ask findUdpPeerPid(rinfo, socket). Received an instance of Socket'

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
