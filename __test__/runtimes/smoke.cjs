'use strict'

// One suite for every runtime and test runner: all functions, aborts, errors, a worker. Plain
// assertions, since not every runtime has node:test. The stranger is another process, which listens
// and greets whom it accepts.

const assert = require('node:assert/strict')
const dgram = require('node:dgram')
const { once } = require('node:events')
const fs = require('node:fs')
const net = require('node:net')
const path = require('node:path')
const { Worker } = require('node:worker_threads')

const BURST = 100

async function smoke(owner, stranger) {
  await ports(owner, stranger)
  await connections(owner, stranger)
  await datagrams(owner)
  await lists(owner, stranger)
  await programs(owner, stranger)
  await aborts(owner, stranger)
  await refusals(owner)
  await worker(stranger)
}

async function ports({ findPidByLocalTcpPort }, { port, pid }) {
  assert.equal(await findPidByLocalTcpPort(port), pid)
  assert.equal(await findPidByLocalTcpPort(port, { state: 'listening' }), pid)
  const many = Array.from({ length: BURST }, () => findPidByLocalTcpPort(port))
  assert.deepEqual(await Promise.all(many), new Array(BURST).fill(pid))
}

async function connections(owner, { port, pid, program }) {
  const { findPeerPid, findPeerProcess, findPidByLocalTcpPort } = owner
  const socket = net.connect(port, '127.0.0.1')
  const closed = once(socket, 'close')
  await once(socket, 'data')

  assert.equal(await findPeerPid(socket), pid)
  const client = await findPeerProcess(socket)
  assert.deepEqual([client.pid, client.path], [pid, program])
  const { localAddress, localPort, remoteAddress, remotePort } = socket
  assert.equal(await findPeerPid({ localAddress, localPort, remoteAddress, remotePort }), pid)
  assert.equal(await findPidByLocalTcpPort(localPort, { state: 'connected' }), process.pid)

  socket.destroy()
  await closed
  assert.equal(await findPeerPid(socket), null)
}

async function datagrams({ findPidByLocalUdpPort, findUdpPeerPid }) {
  const [server, client] = [dgram.createSocket('udp4'), dgram.createSocket('udp4')]
  server.bind(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  assert.equal(await findPidByLocalUdpPort(port), process.pid)

  client.send('hello', port, '127.0.0.1')
  const [, rinfo] = await once(server, 'message')
  assert.equal(await findUdpPeerPid(rinfo, server), process.pid)
  server.close()
  client.close()
}

async function lists({ listSockets }, { port, pid }) {
  const [listener] = await listSockets({ protocol: 'tcp', state: 'listening', port })
  assert.deepEqual([listener.localPort, listener.pid, listener.remotePort], [port, pid, null])
  assert.ok(listener.pids.includes(pid))
  const ports = (await listSockets({ pid })).map(({ localPort }) => localPort)
  assert.ok(ports.includes(port))
}

async function programs({ getProcessInfo, getProcessPath }, { pid, program }) {
  assert.equal(await getProcessPath(pid), program)
  assert.equal(await getProcessPath(process.pid), fs.realpathSync(process.execPath))
  assert.equal(await getProcessPath(0x7fffffff), null)

  const info = await getProcessInfo(pid)
  assert.equal(info.pid, pid)
  assert.equal(info.path, program)
  assert.equal(info.uid, process.geteuid())
  assert.ok(info.startTime instanceof Date && info.startTime.getTime() < Date.now())
  assert.equal((await getProcessInfo(process.pid)).ppid, process.ppid)
  assert.equal(await getProcessInfo(0x7fffffff), null)
}

async function aborts({ findPidByLocalTcpPort, getProcessPath }, { port, pid }) {
  const reason = new Error('not needed any more')
  const aborted = { signal: AbortSignal.abort(reason) }
  await assert.rejects(findPidByLocalTcpPort(port, aborted), (error) => error === reason)

  const controller = new AbortController()
  const { signal } = controller
  const underWay = [findPidByLocalTcpPort(port, { signal }), getProcessPath(pid, { signal })]
  controller.abort()
  for (const promise of underWay) await assert.rejects(promise, { name: 'AbortError' })
  assert.equal(await findPidByLocalTcpPort(port), pid)
}

async function refusals(owner) {
  const { findPeerPid, findPidByLocalTcpPort, getProcessInfo, getProcessPath } = owner
  for (const [promise, Type, code] of [
    [findPidByLocalTcpPort('80'), TypeError, 'ERR_INVALID_ARG_TYPE'],
    [findPidByLocalTcpPort(65536), RangeError, 'ERR_OUT_OF_RANGE'],
    [findPidByLocalTcpPort(80, { state: 'open' }), TypeError, 'ERR_INVALID_ARG_VALUE'],
    [findPeerPid({}), TypeError, 'ERR_INVALID_ARG_TYPE'],
    [getProcessPath(1.5), RangeError, 'ERR_OUT_OF_RANGE'],
    [getProcessInfo('1'), TypeError, 'ERR_INVALID_ARG_TYPE']
  ]) {
    await assert.rejects(promise, (error) => error instanceof Type && error.code === code)
  }
}

async function worker({ port, pid }) {
  const thread = new Worker(path.join(__dirname, 'worker.cjs'), { workerData: port })
  const [answer] = await once(thread, 'message')
  // Spread: what a message brings may be of another realm than the assertions.
  assert.deepEqual([...answer], [pid, pid])
  await thread.terminate()
}

exports.smoke = smoke
