// Wrong arguments reject, with Node's codes and words, and nothing throws synchronously.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import * as owner from '../../index.js'
import { assertRefused } from '../support/refused.mjs'

const ends = {
  localAddress: '127.0.0.1',
  localPort: 1,
  remoteAddress: '127.0.0.1',
  remotePort: 2
}
const end = { address: '127.0.0.1', port: 1 }

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

const outOfRange = [0, -0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]

const listWith = (name) => (value) => owner.listSockets({ [name]: value })

for (const [called, find, name, max] of [
  ['findPidByLocalTcpPort', owner.findPidByLocalTcpPort, 'port', 65535],
  ['findPidByLocalUdpPort', owner.findPidByLocalUdpPort, 'port', 65535],
  ['getProcessPath', owner.getProcessPath, 'pid', 2147483647],
  ['getProcessInfo', owner.getProcessInfo, 'pid', 2147483647],
  ['listSockets', listWith('port'), 'options.port', 65535],
  ['listSockets', listWith('pid'), 'options.pid', 2147483647]
]) {
  const kind = name.includes('.') ? 'property' : 'argument'

  test(`${called} refuses a ${name} that is not a number by type`, async () => {
    const wrong = kind === 'property' ? wrongNumbers.slice(1) : wrongNumbers
    for (const [value, received] of wrong) {
      const message = `The "${name}" ${kind} must be of type number. Received ${received}`
      await assertRefused(() => find(value), TypeError, 'ERR_INVALID_ARG_TYPE', message)
    }
  })

  test(`${called} refuses a ${name} that is no integer from 1 to ${max} by range`, async () => {
    for (const value of [...outOfRange, max + 1]) {
      const message =
        `The value of "${name}" is out of range. ` +
        `It must be an integer >= 1 && <= ${max}. Received ${inspect(value)}`
      await assertRefused(() => find(value), RangeError, 'ERR_OUT_OF_RANGE', message)
    }
  })

  test(`${called} takes the least and the greatest ${name}`, async () => {
    for (const value of [1, max]) {
      const answer = await find(value)
      assert.notEqual(answer, undefined)
    }
  })
}

const withOptions = [
  ['findPeerPid', (options) => owner.findPeerPid(ends, options)],
  ['findPeerProcess', (options) => owner.findPeerProcess(ends, options)],
  ['findUdpPeerPid', (options) => owner.findUdpPeerPid(end, end, options)],
  ['findPidByLocalTcpPort', (options) => owner.findPidByLocalTcpPort(1, options)],
  ['findPidByLocalUdpPort', (options) => owner.findPidByLocalUdpPort(1, options)],
  ['listSockets', (options) => owner.listSockets(options)],
  ['getProcessPath', (options) => owner.getProcessPath(1, options)],
  ['getProcessInfo', (options) => owner.getProcessInfo(1, options)]
]

test('every function is tried here', () => {
  const functions = Object.keys(owner).filter((name) => /^(find|get|list)/.test(name))
  assert.deepEqual(withOptions.map(([name]) => name).sort(), functions.sort())
})

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

  test(`${name} takes options that are undefined, together and each`, async () => {
    const none = { signal: undefined, state: undefined, address: undefined }
    await call(undefined)
    await call({})
    await call({ ...none, protocol: undefined, port: undefined, pid: undefined })
  })
}

const wrongChoices = [
  ['LISTEN', "'LISTEN'"],
  ['', "''"],
  [null, 'null'],
  [1, '1'],
  [['listening'], "[ 'listening' ]"]
]
const PORT_STATES = "'listening', 'connected'"

for (const [called, name, values, call] of [
  ['findPidByLocalTcpPort', 'state', PORT_STATES, (o) => owner.findPidByLocalTcpPort(1, o)],
  ['listSockets', 'state', `${PORT_STATES}, 'bound'`, (options) => owner.listSockets(options)],
  ['listSockets', 'protocol', "'tcp', 'udp'", (options) => owner.listSockets(options)]
]) {
  test(`${called} refuses a ${name} that is none by value, of whatever type`, async () => {
    for (const [value, received] of wrongChoices) {
      const message = `The "options.${name}" property must be one of: ${values}. Received ${received}`
      const refused = () => call({ [name]: value })
      await assertRefused(refused, TypeError, 'ERR_INVALID_ARG_VALUE', message)
    }
  })
}

for (const [called, find] of [
  ['findPidByLocalTcpPort', owner.findPidByLocalTcpPort],
  ['findPidByLocalUdpPort', owner.findPidByLocalUdpPort]
]) {
  test(`${called} refuses an address that is none`, async () => {
    for (const [address, received] of [
      [5, 'type number (5)'],
      [null, 'null'],
      [['::1'], 'an instance of Array']
    ]) {
      const message = `The "options.address" property must be of type string. Received ${received}`
      const call = () => find(1, { address })
      await assertRefused(call, TypeError, 'ERR_INVALID_ARG_TYPE', message)
    }
    for (const address of ['', 'localhost', '127.1', '::1%', '127.0.0.1:80']) {
      const message = `The "options.address" property must be an IP address. Received '${address}'`
      const call = () => find(1, { address })
      await assertRefused(call, TypeError, 'ERR_INVALID_ARG_VALUE', message)
    }
  })
}

/** Nothing can be read of these: each trap throws. */
function unreadable() {
  const refuse = () => {
    throw new Error('not to be read')
  }
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return [
    [proxy, 'an object'],
    [new Proxy({}, { get: refuse, getPrototypeOf: refuse }), 'an object'],
    [Object.defineProperty(() => {}, 'name', { get: refuse }), 'a function'],
    [Object.defineProperty(() => {}, 'name', { value: Symbol('name') }), 'a function']
  ]
}

test('an argument that cannot be looked at is refused by its type all the same', async () => {
  for (const [value, what] of unreadable()) {
    const received = `Received ${what} that cannot be read`
    const port = `The "port" argument must be of type number. ${received}`
    const address = `The "options.address" property must be of type string. ${received}`
    const [type, find] = ['ERR_INVALID_ARG_TYPE', owner.findPidByLocalTcpPort]
    await assertRefused(() => find(value), TypeError, type, port)
    await assertRefused(() => find(1, { address: value }), TypeError, type, address)
  }
})

test('so is a choice that refuses to be shown', async () => {
  const state = {
    [inspect.custom]() {
      throw new Error('not to be shown')
    }
  }
  const message =
    `The "options.state" property must be one of: ${PORT_STATES}. ` +
    'Received an object that cannot be read'
  const find = () => owner.findPidByLocalTcpPort(1, { state })
  await assertRefused(find, TypeError, 'ERR_INVALID_ARG_VALUE', message)
})
