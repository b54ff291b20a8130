// findUdpPeerPid's two ends: where a reply would go, and the socket that would send it.

import assert from 'node:assert/strict'
import dgram from 'node:dgram'
import { once } from 'node:events'
import net from 'node:net'
import { test } from 'node:test'
import { findUdpPeerPid } from '../../index.js'
import { assertRefused } from '../support/refused.mjs'
import { installStandIn } from '../support/stand-in.mjs'

const rinfo = { address: '127.0.0.1', port: 40000, family: 'IPv4', size: 1 }
const own = { address: '0.0.0.0', port: 53 }
const RINFO = "an object with address and port, such as the rinfo of a 'message' event"
const BOUND = 'a bound dgram.Socket, or an object with its address and port'

async function bound(t, type, host) {
  const socket = dgram.createSocket(type)
  t.after(() => socket.unref())
  socket.bind(0, host)
  await once(socket, 'listening')
  return socket
}

/** What the native side was asked, without the id. */
const lines = ({ asked }) => asked.map((each) => each.lines.replace(/^\d+ /, ''))

test('a bound socket is asked for its own end, on each family', async (t) => {
  const { native, ...owner } = installStandIn(t)
  const four = await bound(t, 'udp4')
  const six = await bound(t, 'udp6', '::1')

  await owner.findUdpPeerPid(rinfo, four)
  await owner.findUdpPeerPid({ address: '::1', port: 9 }, six)

  assert.deepEqual(lines(native), [
    `reply pid 127.0.0.1 40000 0.0.0.0 ${four.address().port}`,
    `reply pid ::1 9 ::1 ${six.address().port}`
  ])
})

test('a socket that is closed, or was never bound, is null', async (t) => {
  const { native, ...owner } = installStandIn(t)
  const unbound = dgram.createSocket('udp4')
  const closed = await bound(t, 'udp4')
  closed.close()

  assert.equal(await owner.findUdpPeerPid(rinfo, unbound), null)
  assert.equal(await owner.findUdpPeerPid(rinfo, closed), null)

  assert.deepEqual(lines(native), [])
  unbound.close()
})

test('a socket closed after the call, and an rinfo changed after it, change nothing', async (t) => {
  const { native, ...owner } = installStandIn(t)
  const socket = dgram.createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  const told = { ...rinfo }

  const answer = owner.findUdpPeerPid(told, socket)
  socket.close()
  told.port = 1
  await answer

  assert.deepEqual(lines(native), [`reply pid 127.0.0.1 40000 127.0.0.1 ${port}`])
})

test('each end is read once', async (t) => {
  const { native, ...owner } = installStandIn(t)
  const read = []
  const told = (name, value) => ({
    get address() {
      read.push(`${name} address`)
      return value.address
    },
    get port() {
      read.push(`${name} port`)
      return value.port
    }
  })

  await owner.findUdpPeerPid(told('rinfo', rinfo), told('socket', own))

  assert.deepEqual(read, ['rinfo address', 'rinfo port', 'socket address', 'socket port'])
  assert.equal(native.asked.length, 1)
})

for (const [name, expected, call] of [
  ['rinfo', RINFO, (value) => findUdpPeerPid(value, own)],
  ['socket', BOUND, (value) => findUdpPeerPid(rinfo, value)]
]) {
  test(`a ${name} that is no object is refused by type`, async () => {
    for (const [value, received] of [
      [undefined, 'undefined'],
      [null, 'null'],
      [5, 'type number (5)'],
      ['::1', "type string ('::1')"]
    ]) {
      const message = `The "${name}" argument must be ${expected}. Received ${received}`
      await assertRefused(() => call(value), TypeError, 'ERR_INVALID_ARG_TYPE', message)
    }
  })

  test(`a ${name} without its address or port is refused by type`, async () => {
    for (const [value, property, type, received] of [
      [{}, 'address', 'string', 'undefined'],
      [{ port: 1 }, 'address', 'string', 'undefined'],
      [{ address: '::1' }, 'port', 'number', 'undefined'],
      [{ address: 5, port: 1 }, 'address', 'string', 'type number (5)'],
      [{ address: '::1', port: '1' }, 'port', 'number', "type string ('1')"]
    ]) {
      const message = `The "${name}.${property}" property must be of type ${type}. Received ${received}`
      await assertRefused(() => call(value), TypeError, 'ERR_INVALID_ARG_TYPE', message)
    }
  })

  test(`a ${name}'s address is refused by value, its port by range`, async () => {
    const address = `The "${name}.address" property must be an IP address. Received 'localhost'`
    const named = () => call({ address: 'localhost', port: 1 })
    await assertRefused(named, TypeError, 'ERR_INVALID_ARG_VALUE', address)
    for (const port of [0, 65536, 1.5, Number.NaN]) {
      const message =
        `The value of "${name}.port" is out of range. ` +
        `It must be an integer >= 1 && <= 65535. Received ${port}`
      const numbered = () => call({ address: '::1', port })
      await assertRefused(numbered, RangeError, 'ERR_OUT_OF_RANGE', message)
    }
  })
}

test('a socket or server of TCP is refused, though it has an address', async () => {
  const message = (received) => `The "socket" argument must be ${BOUND}. Received ${received}`
  for (const [value, received] of [
    [net.createServer(), 'an instance of Server'],
    [new net.Socket(), 'an instance of Socket']
  ]) {
    const call = () => findUdpPeerPid(rinfo, value)
    await assertRefused(call, TypeError, 'ERR_INVALID_ARG_TYPE', message(received))
  }
})

test('a failure of its own that address() has is the rejection', async () => {
  const mine = new Error('mine')
  const socket = {
    send() {},
    address() {
      throw mine
    }
  }

  await assert.rejects(findUdpPeerPid(rinfo, socket), (error) => error === mine)
})

test("the rinfo is looked at before the socket, and both before the options' signal", async () => {
  const aborted = { signal: AbortSignal.abort() }

  await assert.rejects(findUdpPeerPid(null, null, aborted), /"rinfo"/)
  await assert.rejects(findUdpPeerPid(rinfo, null, aborted), /"socket"/)
  await assert.rejects(findUdpPeerPid(rinfo, own, aborted), { name: 'AbortError' })
})
