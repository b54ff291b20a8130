// Whose socket it is, for every kind of socket that XNU shows.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import path from 'node:path'
import test from 'node:test'
import * as mac from './host/kernel.mjs'
import { connection, ends, freshPackage, machine, ROOT } from './mac.mjs'

const { findPeerPid, findPidByLocalTcpPort, getProcessPath } = freshPackage()
const loopback = '127.0.0.1'
const v4 = { address: loopback, port: 5000 }
const server4 = { address: loopback, port: 6000 }

test('it is the macOS binary that answers here', async () => {
  machine([])
  assert.equal(await findPidByLocalTcpPort(1), null)
  const loaded = Object.keys(createRequire(import.meta.url).cache)
  const binaries = loaded.filter((file) => file.endsWith('.node'))
  assert.equal(process.platform, 'darwin')
  assert.deepEqual(
    binaries.map((file) => path.basename(file)),
    [`socket-owner.darwin-${process.arch}.node`]
  )
})

const holders = {
  'a listener on all IPv4 addresses': [mac.listening({ port: 5000 }), 'listening'],
  'a listener on loopback': [mac.listening({ address: loopback, port: 5000 }), 'listening'],
  'a listener on ::1': [mac.listening({ address: '::1', port: 5000 }), 'listening'],
  'a dual-stack listener': [mac.listening({ address: '::', port: 5000 }), 'listening'],
  'a bound socket': [mac.tcp({ local: v4, state: 'closed' }), undefined],
  'an IPv6 socket that speaks IPv4': [
    mac.tcp({ local: { address: '::ffff:127.0.0.1', port: 5000 }, foreign: server4 }),
    'connected'
  ]
}
const connectedStates =
  'synSent synReceived established closeWait finWait1 closing lastAck finWait2'
for (const state of connectedStates.split(' ')) {
  holders[`a socket in ${state}`] = [mac.tcp({ local: v4, foreign: server4, state }), 'connected']
}

for (const [name, [file, state]] of Object.entries(holders)) {
  test(`${name} has its owner`, async () => {
    machine([{ pid: 700, files: { 4: file } }])

    assert.equal(await findPidByLocalTcpPort(5000), 700)
    assert.equal(
      await findPidByLocalTcpPort(5000, { state: 'listening' }),
      state === 'listening' ? 700 : null
    )
    assert.equal(
      await findPidByLocalTcpPort(5000, { state: 'connected' }),
      state === 'connected' ? 700 : null
    )
  })
}

const nobodys = {
  'a torn-down socket (vflag 0)': mac.tcp({
    local: v4,
    foreign: server4,
    state: 'closed',
    vflag: 0
  }),
  'a torn-down socket that still says established': mac.tcp({
    local: v4,
    foreign: server4,
    vflag: 0
  }),
  'a UDP socket': mac.udp({ port: 5000 }),
  'a raw socket': { ...mac.udp({ port: 5000 }), type: 3, protocol: 255 },
  'an MPTCP socket': { ...mac.listening({ port: 5000 }), kind: 0, family: 39 },
  'a Unix-domain socket': { ...mac.listening({ port: 5000 }), kind: 3, family: 1, protocol: 0 },
  'a file': mac.file,
  'a socket with that remote port': mac.tcp({ local: server4, foreign: v4 })
}
for (const [name, file] of Object.entries(nobodys)) {
  test(`${name} is nobody's answer, and hides none`, async () => {
    machine([{ pid: 700, files: { 4: file } }])
    assert.equal(await findPidByLocalTcpPort(5000), null)

    machine([
      { pid: 600, files: { 9: mac.listening({ port: 5000 }) } },
      { pid: 700, files: { 4: file } }
    ])
    assert.equal(await findPidByLocalTcpPort(5000), 600)
  })
}

test('guarded and close-on-exec descriptors count like others', async () => {
  machine([{ pid: 700, files: { 4: { ...mac.listening({ port: 5000 }), flags: 6 } } }])
  assert.equal(await findPidByLocalTcpPort(5000), 700)
})

test('a listener wins over the connections that it accepted', async () => {
  const [, accepted] = connection({ address: loopback, port: 9999 }, v4)
  machine([{ pid: 700, files: { 4: accepted, 5: accepted, 6: mac.listening({ port: 5000 }) } }])
  // The worker's accepted connection stands first; its master has the listener.
  assert.equal(await findPidByLocalTcpPort(5000, { state: 'listening' }), 700)
  assert.equal(await findPidByLocalTcpPort(5000), 700)
})

test('of the holders of one socket the one that started first answers, whatever its descriptor', async () => {
  machine([
    { pid: 900, start: 100, files: { 20: mac.listening({ port: 5000 }) } },
    { pid: 400, start: 101 },
    { pid: 300, start: 102 }
  ])
  mac.run(mac.pass(900, 20, { to: 400, as: 3 }), mac.pass(900, 20, { to: 300, as: 20 }))
  assert.equal(await findPidByLocalTcpPort(5000), 900, 'cold')
  assert.equal(await findPidByLocalTcpPort(5000), 900, 'warm')
  mac.run(mac.exit(900))
  assert.equal(await findPidByLocalTcpPort(5000), 400, 'the master has gone')
})

test('microseconds decide between holders of one second', async () => {
  machine([
    { pid: 900, start: 100, microseconds: 7, files: { 5: mac.listening({ port: 5000 }) } },
    { pid: 901, start: 100, microseconds: 6 }
  ])
  mac.run(mac.pass(900, 5, { to: 901 }))
  assert.equal(await findPidByLocalTcpPort(5000), 901)
})

test('a socket that was only duplicated within its process has that process', async () => {
  machine([{ pid: 700, files: { 4: mac.listening({ port: 5000 }) } }])
  mac.run(mac.pass(700, 4, { as: 9 }))
  assert.equal(await findPidByLocalTcpPort(5000), 700)
})

test('two sockets at one address of the kernel are told apart by their generation', async () => {
  const local = { address: loopback, port: 5000 }
  machine([
    {
      pid: 600,
      start: 1,
      files: { 4: mac.tcp({ local, foreign: server4, so: 77, gencnt: 1, vflag: 0 }) }
    },
    { pid: 700, start: 2, files: { 4: mac.listening({ port: 5000, so: 77, gencnt: 2 }) } },
    { pid: 800, start: 3 }
  ])
  mac.run(mac.pass(600, 4, { to: 800 }), mac.pass(700, 4, { to: 800, as: 5 }))
  assert.equal(await findPidByLocalTcpPort(5000), 700)
})

test('launchd answers only when nobody else holds the socket', async () => {
  const launchd = { pid: 1, uid: ROOT, start: 1, files: { 7: mac.listening({ port: 5000 }) } }
  for (const as of [3, 7]) {
    machine([launchd, { pid: 700, start: 50 }], { uid: ROOT })
    assert.equal(await findPidByLocalTcpPort(5000), 1)
    mac.run(mac.pass(1, 7, { to: 700, as }))
    for (const options of [{}, { state: 'listening' }, { address: loopback }]) {
      assert.equal(await findPidByLocalTcpPort(5000, options), 700)
    }
  }
})

test('of the sockets that an address reaches the listening and then the more exact one answers', async () => {
  const best = [
    mac.listening({ address: loopback, port: 5000 }),
    mac.listening({ port: 5000 }),
    mac.listening({ address: '::', port: 5000 }),
    mac.tcp({ local: v4, foreign: server4 })
  ]
  const others = [
    mac.listening({ address: '127.0.0.2', port: 5000 }),
    mac.listening({ address: '::1', port: 5000 })
  ]
  for (const [nth] of best.entries()) {
    for (const left of [best.slice(nth), best.slice(nth).reverse()]) {
      machine([...others, ...left].map((file, i) => ({ pid: 700 + i, files: { 4: file } })))
      const owner = 702 + left.indexOf(best[nth])
      assert.equal(await findPidByLocalTcpPort(5000, { address: loopback }), owner)
    }
  }
})

test("other users' sockets are seen by root alone", async () => {
  const server = { pid: 700, uid: ROOT, files: { 4: mac.listening({ port: 5000 }) } }
  machine([server])
  assert.equal(await findPidByLocalTcpPort(5000), null)
  machine([server], { uid: ROOT })
  assert.equal(await findPidByLocalTcpPort(5000), 700)
})

test('the effective uid decides, not the real one', async () => {
  machine([{ pid: 700, uid: ROOT, ruid: 501, files: { 4: mac.listening({ port: 5000 }) } }])
  assert.equal(await findPidByLocalTcpPort(5000), null)
  machine([{ pid: 700, uid: 501, ruid: ROOT, files: { 4: mac.listening({ port: 5000 }) } }])
  assert.equal(await findPidByLocalTcpPort(5000), 700)
})

const pairs = {
  IPv4: ['127.0.0.1', '127.0.0.1'],
  IPv6: ['::1', '::1'],
  'two addresses': ['192.168.1.5', '192.168.1.6'],
  'IPv6 in full': ['2001:db8:1:2:3:4:5:6', '2001:db8::1'],
  'a dual-stack server, which sees mapped addresses': ['127.0.0.1', '127.0.0.1', '::ffff:127.0.0.1']
}
for (const [name, [clientAddress, serverAddress, seenAs]] of Object.entries(pairs)) {
  test(`the peer of a connection over ${name}`, async () => {
    const client = { address: clientAddress, port: 50001 }
    const server = { address: serverAddress, port: 8080 }
    const [a, b] = connection(client, server)
    machine([
      { pid: 500, files: { 3: mac.listening({ address: '::', port: 8080 }), 4: b } },
      { pid: 600, files: { 4: mac.tcp({ local: { ...client, port: 50002 }, foreign: server }) } },
      { pid: 700, files: { 9: a } },
      { pid: 800, files: { 4: mac.tcp({ local: client, foreign: { ...server, port: 8081 } }) } }
    ])
    const socket =
      seenAs === undefined
        ? ends(client, server)
        : ends({ ...client, address: seenAs }, { ...server, address: seenAs })

    assert.equal(await findPeerPid(socket), 700)
    mac.run(mac.exit(700))
    assert.equal(await findPeerPid(socket), null)
  })
}

test('a peer in this very process is this process', async () => {
  const [client, server] = connection(v4, server4)
  machine([{ pid: process.pid, files: { 4: client, 5: server } }])
  assert.equal(await findPeerPid(ends(v4, server4)), process.pid)
  assert.equal(await findPeerPid(ends(server4, v4)), process.pid)
})

test('a link-local scope is honoured by name and by index', async () => {
  const [here, there] = ['fe80::1', 'fe80::2']
  const end = (address, scope, port) => ({ address: `${address}${scope}`, port })
  const on = (index) => connection(end(there, `%${index}`, 50001), end(here, `%${index}`, 8080))[0]
  machine([
    { pid: 700, files: { 4: on(4) } },
    { pid: 800, files: { 4: on(5) } }
  ])
  mac.run(
    mac.networkInterface('en0', 4),
    mac.networkInterface('utun5', 5),
    mac.networkInterface('4', 5)
  )
  const ask = (scope) => findPeerPid(ends(end(there, scope, 50001), end(here, scope, 8080)))

  assert.equal(await ask('%en0'), 700)
  assert.equal(await ask('%utun5'), 800)
  assert.equal(await ask('%5'), 800)
  assert.equal(await ask('%4'), 800, 'a name comes before an index')
  assert.equal(await ask('%en1'), null)
  assert.ok([700, 800].includes(await ask('')), 'no scope: any interface')
})

test('the path is the one that the kernel tells, for any user', async () => {
  machine([
    { pid: 700, path: '/Applications/Ünïcode App.app/Contents/MacOS/it; %41' },
    { pid: 701, uid: ROOT, path: '/usr/sbin/mDNSResponder' },
    { pid: 702, path: `/${'x'.repeat(2000)}` }
  ])
  assert.equal(await getProcessPath(700), '/Applications/Ünïcode App.app/Contents/MacOS/it; %41')
  assert.equal(await getProcessPath(701), '/usr/sbin/mDNSResponder')
  assert.equal(await getProcessPath(702), `/${'x'.repeat(2000)}`)
})

test('no path where there is none to see', async () => {
  const { EACCES, ENOENT, EPERM } = mac.ERRNO
  machine([
    { pid: 700, path_errno: ENOENT },
    { pid: 701, policy_errno: EPERM },
    { pid: 702, path_errno: EACCES },
    { pid: 703 },
    { pid: 704, exiting: 1 }
  ])
  mac.run(mac.exit(703))
  for (const pid of [700, 701, 702, 703, 704, 705]) assert.equal(await getProcessPath(pid), null)
})
