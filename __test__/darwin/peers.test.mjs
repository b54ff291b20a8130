// Records of the peer, and the other end of Unix-domain sockets: a real socket of Node's, of whose other
// end the simulated kernel says who has it.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import test from 'node:test'
import * as mac from './host/kernel.mjs'
import { connection, ends, freshPackage, machine, ROOT } from './mac.mjs'

const { findPeerPid, findPeerProcess } = freshPackage()
const client = { address: '127.0.0.1', port: 50001 }
const server = { address: '127.0.0.1', port: 8080 }
const holder = {
  pid: 700,
  ppid: 1,
  start: 1700000000,
  comm: 'client',
  path: '/usr/bin/client',
  args: ['client', '--once'],
  cwd: '/tmp'
}

/** A machine on which 700 has the client's end, and another process the server's. */
function connected(changes) {
  const [near, far] = connection(client, server)
  machine([
    { pid: 600, files: { 4: far } },
    { ...holder, ...changes, files: { 9: near } }
  ])
}

test('the record is the holder', async () => {
  connected()
  const record = await findPeerProcess(ends(client, server))
  assert.deepEqual(record, {
    pid: 700,
    ppid: 1,
    uid: 501,
    name: 'client',
    path: '/usr/bin/client',
    args: ['client', '--once'],
    cwd: '/tmp',
    startTime: new Date(1700000000000),
    bundlePath: null,
    cgroup: null,
    services: null
  })
  assert.equal(await findPeerProcess(ends(server, { ...client, port: 1 })), null)
})

test('the socket is seen once more after the record was read', async () => {
  connected()
  mac.record()
  await findPeerProcess(ends(client, server))
  const calls = mac.trace().filter(([, pid]) => pid === 700)
  assert.deepEqual(calls.at(-1), ['fdinfo', 700, 9])
  const names = calls.map(([name]) => name)
  const between = names.slice(names.indexOf('fdinfo') + 1, -1)
  assert.deepEqual(between.sort(), ['args', 'bsdinfo', 'bsdinfo', 'cwd', 'pidpath'])
})

test('a pid that is given away before any call gives no record of another process', async () => {
  const again = [
    mac.exit(700, { reaped: true }),
    mac.spawn({ pid: 700, uid: 501, start: 1700000009, path: '/bin/other', comm: 'other' }),
    mac.open(700, 9, mac.listening({ port: 1 }))
  ]
  for (let nth = 1, isOver = false; !isOver; nth++) {
    assert.ok(nth < 100, 'it does not end')
    const fresh = freshPackage()
    connected()
    mac.before('any', { nth }, ...again)
    const record = await fresh.findPeerProcess(ends(client, server))
    isOver = mac.waitingHooks() > 0
    if (record === null) continue
    assert.deepEqual([record.name, record.path], ['client', '/usr/bin/client'], `call ${nth}`)
  }
})

test('a record that cannot be read is an error', async () => {
  connected()
  mac.refuse('args', { pid: 700 }, mac.ERRNO.ENOMEM)
  const refused = { code: 'ENOMEM', syscall: 'sysctl' }
  await assert.rejects(findPeerProcess(ends(client, server)), refused)
  assert.equal((await findPeerProcess(ends(client, server))).pid, 700)
})

/** Both ends of a Unix-domain connection of this process; whose the accepted one's peer is said to be. */
async function unixConnection(t, pid) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'peer-'))
  const listener = net.createServer().listen(path.join(folder, 's'))
  t.after(() => fs.rmSync(folder, { recursive: true }))
  await once(listener, 'listening')
  const near = net.connect(path.join(folder, 's'))
  const [[accepted]] = await Promise.all([once(listener, 'connection'), once(near, 'connect')])
  t.after(() => {
    near.destroy()
    accepted.destroy()
    listener.close()
  })
  // Whatever travels in it, so that the sockets are open for as long as the test.
  mac.run(mac.peer(accepted._handle.fd, pid))
  return accepted
}

const descriptors = () => fs.readdirSync('/proc/self/fd').length

test('the process at the other end of a Unix-domain socket', async (t) => {
  machine([holder, { pid: 800, uid: ROOT }])
  const socket = await unixConnection(t, 700)
  const before = descriptors()

  assert.equal(await findPeerPid(socket), 700)
  assert.deepEqual((await findPeerProcess(socket)).args, ['client', '--once'])
  mac.run(mac.peer(socket._handle.fd, 800))
  assert.equal(await findPeerPid(socket), 800, "another user's")
  assert.equal((await findPeerProcess(socket)).args, null)
  assert.equal(mac.counts().listpids, 0, 'nobody is searched')
  assert.equal(descriptors(), before)
})

test('a peer that has gone, or an end that is not connected any more, is null', async (t) => {
  machine([holder])
  const socket = await unixConnection(t, 700)
  const before = descriptors()

  mac.run(mac.peer(socket._handle.fd, 701))
  assert.deepEqual([await findPeerPid(socket), await findPeerProcess(socket)], [null, null])
  mac.run(mac.peer(socket._handle.fd, { errno: mac.ERRNO.ENOTCONN }))
  assert.deepEqual([await findPeerPid(socket), await findPeerProcess(socket)], [null, null])
  assert.equal(descriptors(), before)
})

test('another peer by the time the record was read is null', async (t) => {
  machine([holder, { pid: 800 }])
  const socket = await unixConnection(t, 700)
  const before = descriptors()

  for (const now of [800, { errno: mac.ERRNO.ENOTCONN }]) {
    mac.run(mac.peer(socket._handle.fd, 700))
    mac.before('peerpid', { nth: 2 }, mac.peers(700, now))
    assert.equal(await findPeerProcess(socket), null)
    assert.equal(mac.waitingHooks(), 0)
  }
  assert.equal(descriptors(), before)
})

test('the second descriptor is asked for by close-on-exec, and closed by an abort too', async (t) => {
  machine([holder])
  const socket = await unixConnection(t, 700)
  const before = descriptors()
  mac.record()

  await findPeerProcess(socket)
  const duplicated = mac.trace().filter(([name]) => name === 'duplicate')
  assert.deepEqual(duplicated, [['duplicate', -1, socket._handle.fd]])
  const controller = new AbortController()
  const aborted = findPeerProcess(socket, { signal: controller.signal })
  controller.abort()
  await assert.rejects(aborted, { name: 'AbortError' })
  // Handed over to be closed by the next task.
  assert.equal(await findPeerPid(socket), 700)
  assert.equal(descriptors(), before)
})

test('no descriptor left for it is an error, and none is needed for the pid', async (t) => {
  machine([holder])
  const socket = await unixConnection(t, 700)
  mac.refuse('duplicate', { times: -1 }, mac.ERRNO.EMFILE)

  await assert.rejects(findPeerProcess(socket), { code: 'EMFILE', syscall: 'fcntl' })
  assert.equal(await findPeerPid(socket), 700)
})

test('a TCP socket whose other end has gone is not asked for a Unix-domain one', async () => {
  machine([{ pid: process.pid, files: { 200: mac.tcp({ local: client, foreign: server }) } }])
  mac.run(mac.peer(200, 600))
  mac.zero()
  const reset = { destroyed: false, _handle: { fd: 200 } }
  assert.equal(await findPeerPid(reset), null)
  assert.equal(mac.counts().peerpid, 0)
})
