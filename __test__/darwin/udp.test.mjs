// UDP: whose port, and who would get a reply.

import assert from 'node:assert/strict'
import test from 'node:test'
import * as mac from './host/kernel.mjs'
import { freshPackage, machine, ROOT } from './mac.mjs'

const { findPidByLocalTcpPort, findPidByLocalUdpPort, findUdpPeerPid } = freshPackage()
const loopback = '127.0.0.1'
const us = { address: loopback, port: 53 }
const peer = { address: loopback, port: 5000 }
const to = (address, port) => ({ address, port })

const kinds = {
  unconnected: mac.udp({ port: 5000 }),
  'bound to loopback': mac.udp({ ...peer }),
  connected: mac.udp({ ...peer, foreign: us }),
  'dual-stack': mac.udp({ address: '::', port: 5000 }),
  'IPv4 on an IPv6 socket': mac.udp({ ...peer, family: 30, vflag: 5 })
}
for (const [name, file] of Object.entries(kinds)) {
  test(`a UDP socket that is ${name} has its owner`, async () => {
    machine([{ pid: 700, files: { 4: file } }])
    assert.equal(await findPidByLocalUdpPort(5000), 700)
    assert.equal(await findPidByLocalUdpPort(5000, { address: loopback }), 700)
    assert.equal(await findUdpPeerPid(peer, us), 700)
    assert.equal(await findPidByLocalTcpPort(5000), null)
    assert.equal(await findPidByLocalUdpPort(5001), null)
  })
}

test('a TCP socket and a torn-down one are nobody', async () => {
  machine([
    { pid: 700, files: { 4: mac.listening({ port: 5000 }) } },
    { pid: 800, files: { 4: mac.udp({ port: 5000, vflag: 0 }) } }
  ])
  assert.equal(await findPidByLocalUdpPort(5000), null)
  assert.equal(await findUdpPeerPid(peer, us), null)
})

// The best first: who has it gets the reply, whoever was there before.
const order = [
  mac.udp({ ...peer, foreign: us }),
  mac.udp({ ...peer }),
  mac.udp({ port: 5000 }),
  mac.udp({ address: '::', port: 5000 })
]
const strangers = [
  mac.udp({ ...peer, foreign: to(loopback, 54) }),
  mac.udp({ address: '127.0.0.2', port: 5000 })
]
for (const [nth] of order.entries()) {
  test(`a reply goes to the best of ${order.length - nth} sockets`, async () => {
    const left = order.slice(nth)
    for (const files of [left, left.toReversed?.() ?? [...left].reverse()]) {
      machine([...files, ...strangers].map((file, i) => ({ pid: 700 + i, files: { 4: file } })))
      assert.equal(await findUdpPeerPid(peer, us), 700 + files.indexOf(left[0]))
    }
  })
}

test('an unconnected socket answers for a port before connected ones', async () => {
  for (const files of [order.slice(0, 2), [order[1], order[0]]]) {
    machine(files.map((file, i) => ({ pid: 700 + i, files: { 4: file } })))
    assert.equal(await findPidByLocalUdpPort(5000), 700 + files.indexOf(order[1]))
  }
})

test('a reply that leaves the machine is nobody, and needs no process', async () => {
  machine([{ pid: 700, files: { 4: mac.udp({ address: '::', port: 5000 }) } }])
  mac.run(mac.ownAddress('192.168.1.5'), mac.ownAddress('2001:db8::1'))
  mac.run(mac.ownAddress('fe80::1', 4), mac.ownAddress('fe80::2%5'))
  mac.run(mac.networkInterface('en0', 4))
  const owner = (address) => findUdpPeerPid(to(address, 5000), to('::', 53))

  for (const own of [
    '192.168.1.5',
    '127.5.6.7',
    '::1',
    '2001:db8::1',
    'fe80::1%en0',
    'fe80::2%5'
  ]) {
    assert.equal(await owner(own), 700, own)
  }
  mac.zero()
  for (const other of ['192.168.1.6', '::2', 'fe80::1%5', '0.0.0.0']) {
    assert.equal(await owner(other), null, other)
  }
  assert.equal(mac.counts().listpids, 0)
})

test('addresses that cannot be told are an error, and the next call works', async () => {
  machine([{ pid: 700, files: { 4: mac.udp({ port: 5000 }) } }])
  mac.run(mac.ownAddress('192.168.1.5'))
  mac.refuse('addresses', {}, mac.ERRNO.ENOMEM)
  const ask = () => findUdpPeerPid(to('192.168.1.5', 5000), us)
  await assert.rejects(ask(), { code: 'ENOMEM', syscall: 'getifaddrs' })
  assert.equal(await ask(), 700)
})

test('a socket that is sending is read once more before it is nobody', async () => {
  machine([{ pid: 700, files: { 4: mac.udp({ port: 5000 }) } }])
  const at = (end) => mac.udp({ ...end.local, foreign: end.foreign })
  const sending = at({ local: to('192.168.1.5', 5000), foreign: to('192.0.2.7', 443) })
  const atRest = at({ local: to('0.0.0.0', 5000), foreign: to('0.0.0.0', 0) })
  const only = ({ local, foreign, foreign_port }) => ({ local, foreign, foreign_port })
  mac.before('fdinfo', { pid: 700 }, mac.set(700, 4, only(sending)))
  mac.before('fdinfo', { pid: 700, nth: 2 }, mac.set(700, 4, only(atRest)))
  assert.equal(await findUdpPeerPid(peer, us), 700)
  assert.equal(mac.waitingHooks(), 0)
})

test("other users' UDP sockets are seen by root alone", async () => {
  const server = { pid: 700, uid: ROOT, files: { 4: mac.udp({ port: 5000 }) } }
  machine([server])
  assert.equal(await findPidByLocalUdpPort(5000), null)
  machine([server], { uid: ROOT })
  assert.equal(await findPidByLocalUdpPort(5000), 700)
})
