// Real sockets between processes of node.exe: what the tests of every system do not ask.

import assert from 'node:assert/strict'
import dgram from 'node:dgram'
import { once } from 'node:events'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import socketOwner from '../../index.js'
import {
  accepted,
  connect,
  listen,
  packageRoot,
  startClient,
  startLooker,
  startNode
} from '../support/holders.mjs'

const { findPeerPid, findPeerProcess, findPidByLocalTcpPort, findPidByLocalUdpPort } = socketOwner
const { findUdpPeerPid, listSockets } = socketOwner

/** Wine tells its own numbers of interfaces, so a scope says nothing there. */
const linkLocal = Object.values(os.networkInterfaces())
  .flat()
  .find(({ address }) => address.startsWith('fe80::'))

test('a thousand connections at once are all found, with one thread for it too', async (t) => {
  const server = await listen(t, '127.0.0.1', { backlog: 1000 })
  const sockets = []
  const all = new Promise((resolve) => {
    server.on('connection', (socket) => {
      sockets.push(socket)
      if (sockets.length === 1000) resolve()
    })
  })
  const client = await startNode(t, connectOften, { values: { port: server.port, count: 1000 } })
  await all
  const looker = await startLooker(t, { env: { ...process.env, UV_THREADPOOL_SIZE: '1' } })
  const ends = sockets.map(({ localAddress, localPort, remoteAddress, remotePort }) => {
    return { localAddress, localPort, remoteAddress, remotePort }
  })

  const here = await Promise.all(ends.map((socket) => findPeerPid(socket)))
  const there = await looker.ask('findPeerPid', ends[999])

  assert.deepEqual([...new Set(here), there], [client.pid, client.pid])
})

async function connectOften({ say, hear, require, port, count }) {
  const { connect } = require('node:net')
  let connected = 0
  for (let i = 0; i < count; i++) {
    connect({ port, host: '127.0.0.1' }, () => {
      connected += 1
      if (connected === count) say(connected)
    })
  }
  await hear()
}

test('a worker thread asks like the main one', async (t) => {
  const server = await listen(t, '::1')
  const client = startClient(t, '::1', server.port)
  const { localAddress, localPort, remoteAddress, remotePort } = await accepted(server)
  const code = `
    const { parentPort, workerData } = require('node:worker_threads')
    const { findPeerPid } = require(workerData.index)
    findPeerPid(workerData.ends).then((pid) => parentPort.postMessage(pid))`
  const ends = { localAddress, localPort, remoteAddress, remotePort }
  const workerData = { ends, index: path.join(packageRoot, 'index.js') }
  const worker = new Worker(code, { eval: true, workerData })

  const [pid] = await once(worker, 'message')

  assert.equal(pid, (await client).pid)
})

test('a link-local connection is found', {
  skip: linkLocal ? false : 'needs fe80::'
}, async (t) => {
  const host = `${linkLocal.address.split('%')[0]}%${linkLocal.scopeid}`
  const server = await listen(t, host)
  const client = startClient(t, host, server.port)
  const { localPort, remotePort } = await accepted(server)
  const [localAddress, remoteAddress] = [linkLocal.address, linkLocal.address]

  const pid = await findPeerPid({ localAddress, localPort, remoteAddress, remotePort })

  assert.equal(pid, (await client).pid)
})

test('the process at the other end is told whole', async (t) => {
  const server = await listen(t, '127.0.0.1')
  const started = Date.now()
  const client = startClient(t, '127.0.0.1', server.port)
  const socket = await accepted(server)

  const { startTime, args, ...rest } = await findPeerProcess(socket)

  const { pid } = await client
  assert.deepEqual(rest, {
    pid,
    ppid: process.pid,
    uid: null,
    name: 'node.exe',
    path: process.execPath,
    cwd: null,
    bundlePath: null,
    cgroup: null,
    services: null
  })
  assert.ok(startTime.getTime() >= started - 20 && startTime.getTime() <= Date.now())
  // Wine does not know this class of information.
  if (args !== null) assert.deepEqual(args.slice(0, 2), [process.execPath, '-e'])
})

test('the list has each socket of ours once, with its holder, and a filter narrows it', async (t) => {
  const server = await listen(t, '127.0.0.1')
  const socket = await connect(t, '127.0.0.1', server.port)
  const datagrams = await bind(t, '127.0.0.1')

  const all = await listSockets()
  const ours = await listSockets({ pid: process.pid })
  const listening = await listSockets({ port: server.port, state: 'listening' })

  const port = ({ localPort }) => localPort
  const portsOf = (rows) => rows.map(port).sort()
  const mine = all.filter(({ pids }) => pids.includes(process.pid))
  assert.deepEqual(portsOf(mine), portsOf(ours))
  const wanted = [server.port, server.port, socket.localPort, datagrams.address().port].sort()
  assert.deepEqual(portsOf(ours), wanted)
  assert.deepEqual(listening, [
    {
      protocol: 'tcp',
      state: 'listening',
      tcpState: 'LISTEN',
      localAddress: '127.0.0.1',
      localPort: server.port,
      remoteAddress: null,
      remotePort: null,
      pid: process.pid,
      pids: [process.pid],
      uid: null
    }
  ])
})

test('a datagram socket is found by its port, and the sender of a datagram is', async (t) => {
  const own = await bind(t, '127.0.0.1')
  const sender = await startNode(t, sendForever, { values: { port: own.address().port } })

  const [[, rinfo]] = await Promise.all([once(own, 'message'), sender.tell('send')])

  assert.equal(await findUdpPeerPid(rinfo, own), sender.pid)
  assert.equal(await findPidByLocalUdpPort(rinfo.port), sender.pid)
  assert.equal(await findPidByLocalUdpPort(own.address().port), process.pid)
  assert.equal(await findPidByLocalTcpPort(rinfo.port), null)
})

test('a reply goes where it is said to go: to the exact address before the wildcard', async (t) => {
  const own = await bind(t, '127.0.0.1')
  const wildcard = await startNode(t, receiveForever, { values: { host: '0.0.0.0', port: 0 } })
  const { port } = wildcard.said
  const exact = await startNode(t, receiveForever, { values: { host: '127.0.0.1', port } })
  const rinfo = { address: '127.0.0.1', port }

  const found = await findUdpPeerPid(rinfo, own)

  own.send('which of you', port, '127.0.0.1')
  const got = await Promise.race([wildcard, exact].map((child) => child.next()))
  assert.deepEqual([found, got.pid], [exact.pid, exact.pid])
})

test('a reply to another machine is nobodys', async (t) => {
  const own = await bind(t, '0.0.0.0')

  assert.equal(await findUdpPeerPid({ address: '192.0.2.1', port: own.address().port }, own), null)
  assert.equal(
    await findUdpPeerPid({ address: '127.0.0.1', port: own.address().port }, own),
    process.pid
  )
})

test('a named pipe has no peer that is told', async (t) => {
  const server = net.createServer().listen(`\\\\.\\pipe\\socket-owner-${process.pid}`)
  t.after(() => server.close())
  await once(server, 'listening')
  const client = net.connect(server.address())
  t.after(() => client.destroy())
  const socket = await accepted(server)
  t.after(() => socket.destroy())

  assert.deepEqual([await findPeerPid(socket), await findPeerProcess(client)], [null, null])
})

test('one that has exited never answers for the child that goes on with its socket', async (t) => {
  const creator = await startNode(t, handOver)
  const { port, child } = creator.said
  t.after(() => process.kill(child))
  assert.equal(await findPidByLocalTcpPort(port), creator.pid)
  await creator.kill()

  const found = await findPidByLocalTcpPort(port)

  // Windows names the one that made the socket alone, Wine the one that has it.
  assert.ok([null, child].includes(found), `${found}, not ${child}`)
  const [{ pids }] = await listSockets({ port, state: 'listening' })
  assert.deepEqual(pids, found === null ? [] : [child])
})

async function handOver({ say, hear, require }) {
  const code = `
    process.once('message', (_, server) => {
      process.server = server
      process.send(server.address().port)
    })
    process.on('disconnect', () => setInterval(() => {}, 1000))`
  const stdio = ['ignore', 'ignore', 'ignore', 'ipc']
  const options = { stdio, detached: true }
  const child = require('node:child_process').spawn(process.execPath, ['-e', code], options)
  child.once('message', (port) => say({ port, child: child.pid }))
  const server = require('node:net').createServer()
  server.listen(0, '127.0.0.1', () => child.send('yours too', server))
  await hear()
}

async function bind(t, host) {
  const socket = dgram.createSocket({ type: 'udp4', reuseAddr: true })
  t.after(() => socket.close())
  socket.bind(0, host)
  await once(socket, 'listening')
  return socket
}

async function sendForever({ say, hear, require, port }) {
  const socket = require('node:dgram').createSocket('udp4')
  socket.bind(0, '127.0.0.1', () => say(socket.address()))
  for (;;) {
    await hear()
    socket.send('hello', port, '127.0.0.1')
  }
}

async function receiveForever({ say, hear, require, host, port }) {
  const socket = require('node:dgram').createSocket({ type: 'udp4', reuseAddr: true })
  socket.on('message', () => say({ pid: process.pid }))
  socket.bind(port, host, () => say(socket.address()))
  await hear()
}
