// The address of findPidByLocalTcpPort: whom a connection to that address and port would reach.

import assert from 'node:assert/strict'
import os from 'node:os'
import { test } from 'node:test'
import { findPidByLocalTcpPort } from '../../index.js'
import {
  fixture,
  needsIPv6,
  needsLinux,
  needsPython,
  needsRoot,
  pythonPath,
  quietPort,
  startLooker,
  startPython
} from '../support/holders.mjs'
import { after, networkOf, openToAll, stranger, strangerId } from '../support/through.mjs'

const skip = needsLinux || needsPython
const needsAll = skip || needsIPv6
const withoutDiag = [pythonPath, fixture('no_sock_diag.py'), 'EACCES']
const own = Object.entries(os.networkInterfaces())
  .flatMap(([name, addresses]) => addresses.map((address) => ({ ...address, name })))
  .find(({ family, internal }) => family === 'IPv4' && !internal)

/** A process with the socket that is `make` in Python. */
function startHolder(t, make, options = {}) {
  const code = `
    def listening(host, port, device=None, ipv6_only=0):
        made = socket.socket(socket.AF_INET6 if ':' in host else socket.AF_INET)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if ':' in host:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, ipv6_only)
        if device:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode() + b'\\0')
        made.bind((host, port))
        made.listen()
        return made
    def connected(host, port, server):
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind((host, port))
        made.connect(server)
        return made
    kept = ${make}
    say()
    hear()`
  return startPython(t, code, options)
}

async function ownersOf(port, addresses, options = {}, ask = findPidByLocalTcpPort) {
  const owners = []
  for (const address of addresses) owners.push(await ask(port, { ...options, address }))
  return owners
}

const MAKES = ["'::', PORT", "'0.0.0.0', PORT", "'127.0.0.1', PORT"]

for (const through of [undefined, withoutDiag]) {
  const where = through === undefined ? '' : ', by the text tables too'
  test(`the more exact listener answers, known or not${where}`, { skip: needsAll }, async (t) => {
    const port = await quietPort()
    const looker = await startLooker(t, { through })
    const ask = (addresses, options) =>
      ownersOf(port, addresses, options, (...args) => looker.ask('findPidByLocalTcpPort', ...args))
    const start = (make) => startHolder(t, `listening(${make.replace('PORT', port)})`)

    const dual = await start(MAKES[0])
    // Asked before others come, so that it is a recent owner.
    const first = await ask(['127.0.0.1', '127.0.0.2', '::1', '::ffff:127.0.0.1'])
    const wildcard = await start(MAKES[1])
    const second = await ask(['127.0.0.1', '127.0.0.2', '::1'])
    const exact = await start(MAKES[2])
    const third = await ask(['127.0.0.1', '127.0.0.2', '::ffff:127.0.0.1', '::1'])
    const listening = await ask(['127.0.0.1', '127.0.0.2', '::1'], { state: 'listening' })

    assert.deepEqual(first, Array(4).fill(dual.pid))
    assert.deepEqual(second, [wildcard.pid, wildcard.pid, dual.pid])
    assert.deepEqual(third, [exact.pid, wildcard.pid, exact.pid, dual.pid])
    assert.deepEqual(listening, [exact.pid, wildcard.pid, dual.pid])
  })
}

test('a wildcard listener comes before the connections that it accepted', { skip }, async (t) => {
  const port = await quietPort()
  const server = await startHolder(t, `listening('0.0.0.0', ${port})`)
  const client = await startHolder(t, `connected('127.0.0.1', ${port}, ('127.0.0.2', ${port}))`)

  const any = await ownersOf(port, ['127.0.0.1', '127.0.0.2'])
  const connected = await ownersOf(port, ['127.0.0.1', '127.0.0.3'], { state: 'connected' })

  assert.deepEqual(any, [server.pid, server.pid])
  assert.deepEqual(connected, [client.pid, null])
})

test('without a listener a connection at that address answers', { skip }, async (t) => {
  const port = await quietPort()
  const listener = await startPython(t, 'kept = listen(); say(port=port_of(kept)); hear()')
  const make = (host) => `client('127.0.0.1', ${listener.said.port}, ${port}, '${host}')`
  const one = await startHolder(t, make('127.0.0.1'))
  const two = await startHolder(t, make('127.0.0.2'))

  const owners = await ownersOf(port, ['127.0.0.2', '127.0.0.1', '127.0.0.3'])

  assert.deepEqual(owners, [two.pid, one.pid, null])
})

test('who takes IPv6 only is not reached by IPv4', { skip: needsAll }, async (t) => {
  const port = await quietPort()
  const holder = await startHolder(t, `listening('::', ${port}, ipv6_only=1)`)

  const owners = await ownersOf(port, ['::1', '127.0.0.1'])

  assert.deepEqual(owners, [holder.pid, null])
})

test('who is bound to a device is not reached by a loopback address', {
  skip: needsRoot || needsPython || (own === undefined ? 'needs a network' : false)
}, async (t) => {
  const port = await quietPort()
  const holder = await startHolder(t, `listening('0.0.0.0', ${port}, device='${own.name}')`)

  const owners = await ownersOf(port, [own.address, '127.0.0.1'])

  assert.deepEqual(owners, [holder.pid, null])
})

test('an address that lo has is reached through any device, as that of a load balancer is', {
  skip: needsRoot || needsPython
}, async (t) => {
  const port = await quietPort()
  const links = 'ip link set lo up; ip addr add 10.9.8.7/32 dev lo; ip link add left type veth'
  const network = ['unshare', '--net', ...after(links)]
  const make = `listening('10.9.8.7', ${port}, device='left')`
  const holder = await startHolder(t, make, { through: network })
  const looker = await startLooker(t, { through: networkOf(holder) })

  const owner = await looker.ask('findPidByLocalTcpPort', port, { address: '10.9.8.7' })

  assert.equal(owner, holder.pid)
})

test('an address that is none of ours is nobody, whoever listens', {
  skip: needsAll
}, async (t) => {
  const port = await quietPort()
  await startHolder(t, `listening('::', ${port})`)

  const owners = await ownersOf(port, [
    '203.0.113.7',
    '2001:db8::7',
    'fe80::7%lo',
    'fe80::7%absent'
  ])

  assert.deepEqual(owners, [null, null, null, null])
})

test("where the listener is another user's its connections answer", {
  skip: needsRoot || needsPython
}, async (t) => {
  const { root, node } = openToAll(t)
  const looker = await startLooker(t, { through: stranger, root, node })
  const code = `
    listener = listen()
    port = port_of(listener)
    def take():
        # It may be seen by its new user.
        os.setgroups([])
        os.setgid(values['user'])
        os.setuid(values['user'])
        libc.prctl(4, 1) # PR_SET_DUMPABLE
        listener.close()
        say(port=port, pid=os.getpid())
    peer = client('127.0.0.1', port)
    kept = listener.accept()[0]
    fork(take)
    kept.close()
    hear()`
  const { said } = await startPython(t, code, { values: { user: strangerId } })
  const ask = (...args) => looker.ask('findPidByLocalTcpPort', ...args)

  const any = await ownersOf(said.port, ['127.0.0.1'], {}, ask)
  const listening = await ownersOf(said.port, ['127.0.0.1'], { state: 'listening' }, ask)

  assert.deepEqual([any, listening], [[said.pid], [null]])
})
