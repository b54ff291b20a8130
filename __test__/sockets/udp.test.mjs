// findPidByLocalUdpPort: who has a port of UDP.

import assert from 'node:assert/strict'
import dgram from 'node:dgram'
import { once } from 'node:events'
import os from 'node:os'
import { test } from 'node:test'
import { findPidByLocalTcpPort, findPidByLocalUdpPort } from '../../index.js'
import { startReceiver } from '../support/datagrams.mjs'
import {
  compile,
  fixture,
  listen,
  needsIPv6,
  needsLinux,
  needsProgram,
  needsPython,
  needsRoot,
  pythonPath,
  quietPort,
  startLooker,
  startPython
} from '../support/holders.mjs'
import { openToAll, stranger } from '../support/through.mjs'

const skip = needsLinux || needsPython
const withoutDiag = [pythonPath, fixture('no_sock_diag.py'), 'EACCES']

/** A network address of this machine, if it has one. */
const own = Object.values(os.networkInterfaces())
  .flat()
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address

for (const host of ['127.0.0.1', '0.0.0.0', '::1', '::', '224.0.0.251']) {
  test(`the holder of a port on ${host} is found`, { skip: skip || needsIPv6 }, async (t) => {
    const receiver = await startReceiver(t, `bound('${host}')`)

    const owner = await findPidByLocalUdpPort(receiver.port)

    assert.equal(owner, receiver.pid)
  })
}

test('a port of this process is its own until it is closed', async () => {
  const socket = dgram.createSocket('udp4').bind(await quietPort(), '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()

  const before = await findPidByLocalUdpPort(port)
  socket.close()
  await once(socket, 'close')
  const after = await findPidByLocalUdpPort(port)

  assert.deepEqual([before, after], [process.pid, null])
})

test('a port of TCP is none of UDP, and the other way round', { skip }, async (t) => {
  const port = await quietPort()
  const receiver = await startReceiver(t, `bound('127.0.0.1', ${port})`)

  const alone = await findPidByLocalTcpPort(port)
  await listen(t, '127.0.0.1', { port })
  const owners = [await findPidByLocalUdpPort(port), await findPidByLocalTcpPort(port)]

  assert.equal(alone, null)
  assert.deepEqual(owners, [receiver.pid, process.pid])
})

test("a remote port is nobody's local port", { skip }, async (t) => {
  const port = await quietPort()
  await startReceiver(t, `to(bound('127.0.0.1'), '127.0.0.1', ${port})`)

  assert.equal(await findPidByLocalUdpPort(port), null)
})

test('UDP-Lite is another protocol', { skip }, async (t) => {
  const port = await quietPort()
  await startReceiver(t, `bound('127.0.0.1', ${port}, protocol=136)`)

  assert.equal(await findPidByLocalUdpPort(port), null)
})

test('a connected socket has its port, and one without a peer comes before it', {
  skip
}, async (t) => {
  const port = await quietPort()
  const make = (host) => `bound('${host}', ${port}, REUSE_ADDRESS)`
  const connected = await startReceiver(t, `to(${make('127.0.0.1')}, '127.0.0.1', 9)`)
  const alone = await findPidByLocalUdpPort(port)
  const unconnected = await startReceiver(t, make('0.0.0.0'))

  const both = await findPidByLocalUdpPort(port)

  assert.deepEqual([alone, both], [connected.pid, unconnected.pid])
})

test('of several who share a port any answers', { skip }, async (t) => {
  const port = await quietPort()
  const make = `bound('0.0.0.0', ${port}, REUSE_PORT)`
  const receivers = []
  for (let i = 0; i < 4; i++) receivers.push(await startReceiver(t, make))

  const owner = await findPidByLocalUdpPort(port)

  assert.ok(
    receivers.some(({ pid }) => pid === owner),
    `${owner}`
  )
})

test('an address leaves those whom it could reach, the more exact first', {
  skip: skip || needsIPv6
}, async (t) => {
  const port = await quietPort()
  const make = (host) => `bound('${host}', ${port}, REUSE_ADDRESS)`
  const dual = await startReceiver(t, make('::'))
  const ask = async (...addresses) => {
    const owners = []
    for (const address of addresses) owners.push(await findPidByLocalUdpPort(port, { address }))
    return owners
  }
  const first = await ask('127.0.0.1', '127.0.0.2', '::1', '::ffff:127.0.0.1')
  const wildcard = await startReceiver(t, make('0.0.0.0'))
  const second = await ask('127.0.0.1', '127.0.0.2', '::1')
  const exact = await startReceiver(t, make('127.0.0.1'))
  const third = await ask('127.0.0.1', '127.0.0.2', '::ffff:127.0.0.1', '::1')

  assert.deepEqual(first, Array(4).fill(dual.pid))
  assert.deepEqual(second, [wildcard.pid, wildcard.pid, dual.pid])
  assert.deepEqual(third, [exact.pid, wildcard.pid, exact.pid, dual.pid])
})

test("an address that is none of ours is nobody's, whoever has the port", { skip }, async (t) => {
  const receiver = await startReceiver(t, "bound('0.0.0.0')")

  const ask = (address) => findPidByLocalUdpPort(receiver.port, { address })
  const owners = [await ask('203.0.113.7'), await ask('2001:db8::7'), await ask(own ?? '127.0.0.3')]

  assert.deepEqual(owners, [null, null, receiver.pid])
})

test('a multicast group is an address of whoever is bound to it', { skip }, async (t) => {
  const port = await quietPort()
  const make = (host) => `bound('${host}', ${port}, REUSE_ADDRESS)`
  const group = await startReceiver(t, make('224.0.0.251'))
  const wildcard = await startReceiver(t, make('0.0.0.0'))

  const ask = (address) => findPidByLocalUdpPort(port, { address })
  const owners = [await ask('224.0.0.251'), await ask('224.0.0.252'), await ask('127.0.0.1')]

  assert.deepEqual(owners, [group.pid, wildcard.pid, wildcard.pid])
})

test("where the best one is another user's the next one answers", {
  skip: needsRoot || needsPython
}, async (t) => {
  const { root, node } = openToAll(t)
  const port = await quietPort()
  const make = (host) => `bound('${host}', ${port}, REUSE_ADDRESS)`
  await startReceiver(t, make('127.0.0.1'))
  const looker = await startLooker(t, { through: stranger, root, node })

  const hidden = await looker.ask('findPidByLocalUdpPort', port)
  const visible = await startReceiver(t, make('0.0.0.0'), { through: stranger })
  const next = await looker.ask('findPidByLocalUdpPort', port, { address: '127.0.0.1' })

  assert.deepEqual([hidden, next], [null, visible.pid])
})

test('the first of those who share a socket answers', { skip }, async (t) => {
  // The child has it under another number, as a cluster's worker has.
  const parent = await startPython(
    t,
    `
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(('127.0.0.1', 0))
    def move():
        os.dup2(made.fileno(), 40)
        os.close(made.detach())
    fork(move)
    say(port=port_of(made))
    hear()`
  )

  const cold = await findPidByLocalUdpPort(parent.said.port)
  const warm = await findPidByLocalUdpPort(parent.said.port)

  assert.deepEqual([cold, warm], [parent.pid, parent.pid])
})

const REFUSALS = [
  ['sock_diag is refused', () => ({ through: withoutDiag }), false],
  [
    'the kernel has no udp_diag',
    (t) => {
      const library = compile(t, ['no_diag.c'], ['-shared', '-fPIC', '-ldl'])
      return { env: { ...process.env, LD_PRELOAD: library, NO_DIAG: 'udp' } }
    },
    needsProgram('cc')
  ]
]

for (const [what, optionsOf, reason] of REFUSALS) {
  test(`where ${what} the text tables answer`, { skip: skip || needsIPv6 || reason }, async (t) => {
    const looker = await startLooker(t, optionsOf(t))
    const port = await quietPort()
    const make = (host) => `bound('${host}', ${port}, REUSE_ADDRESS)`
    const dual = await startReceiver(t, make('::'))
    const exact = await startReceiver(t, make('127.0.0.1'))
    const connected = await startReceiver(t, "to(bound('127.0.0.1'), '127.0.0.1', 9)")
    const free = await quietPort()

    const ask = (port, address) => looker.ask('findPidByLocalUdpPort', port, { address })
    const owners = [
      await ask(port, '127.0.0.1'),
      await ask(port, '::1'),
      await ask(connected.port),
      await ask(free),
      await ask(port, '203.0.113.7')
    ]

    assert.deepEqual(owners, [exact.pid, dual.pid, connected.pid, null, null])
  })
}

test('a kernel without udp_diag is asked about TCP all the same', {
  skip: skip || needsProgram('cc')
}, async (t) => {
  const library = compile(t, ['no_diag.c'], ['-shared', '-fPIC', '-ldl'])
  const env = { ...process.env, LD_PRELOAD: library, NO_DIAG: 'udp' }
  const looker = await startLooker(t, { env })
  const port = await quietPort()
  // No text tells a TCP socket that is bound and no more.
  const code = "kept = socket.socket(); kept.bind(('127.0.0.1', values['port'])); say(); hear()"
  const holder = await startPython(t, code, { values: { port } })

  const owner = await looker.ask('findPidByLocalTcpPort', port)

  assert.equal(owner, holder.pid)
})
