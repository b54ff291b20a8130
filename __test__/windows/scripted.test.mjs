// Tables that a library of ours makes up, beside a real node.exe: what Wine has none of. See
// iphlpapi.c, which takes them out of the environment.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import socketOwner from '../../index.js'
import { startNode, temporaryDirectory } from '../support/holders.mjs'

const { findPeerPid, findPidByLocalTcpPort, findPidByLocalUdpPort } = socketOwner
const { findPeerProcess, findUdpPeerPid, listSockets } = socketOwner

const [LISTEN, ESTABLISHED, TIME_WAIT] = [2, 5, 11]
const DEAD = 0x7ffffff0
const SERVER = ['127.0.0.1', 8080]
const CLIENT = ['127.0.0.1', 50000]
/** Units of 100 ns since 1601. */
const filetime = (date) => (BigInt(date) + 11644473600000n) * 10000n
const NOW = filetime(Date.now() + 60_000)
const LONG_AGO = filetime(0)

/** A MIB_TCPROW_OWNER_MODULE, garbage in the upper halves of its ports. */
function tcp4(state, [address, port], [remote, remotePort], pid, created = NOW) {
  const row = Buffer.alloc(160, 0xee)
  row.writeUInt32LE(state, 0)
  row.set(address.split('.').map(Number), 4)
  row.writeUInt16BE(port, 8)
  row.set(remote.split('.').map(Number), 12)
  row.writeUInt16BE(remotePort, 16)
  row.writeUInt32LE(pid, 20)
  row.writeBigUInt64LE(created, 24)
  return row
}

/** A MIB_UDPROW_OWNER_MODULE. */
function udp4([address, port], pid) {
  const row = Buffer.alloc(160, 0xee)
  row.set(address.split('.').map(Number), 0)
  row.writeUInt16BE(port, 4)
  row.writeUInt32LE(pid, 8)
  row.writeBigUInt64LE(NOW, 16)
  return row
}

function script(t, name, rows, codes = '') {
  const head = Buffer.alloc(8)
  head.writeUInt32LE(rows.length)
  const file = path.join(temporaryDirectory(t), 'table')
  fs.writeFileSync(file, Buffer.concat([head, ...rows]))
  process.env[`SCRIPT_${name}`] = file
  process.env[`SCRIPT_${name}_CODES`] = codes
  process.env.SCRIPT_CALLS = ''
  t.after(() => delete process.env[`SCRIPT_${name}`])
  t.after(() => delete process.env[`SCRIPT_${name}_CODES`])
}

const calls = () => process.env.SCRIPT_CALLS.split(' ').filter(Boolean)
const peer = {
  localAddress: SERVER[0],
  localPort: SERVER[1],
  remoteAddress: CLIENT[0],
  remotePort: CLIENT[1]
}

test('TIME_WAIT and pid 0 answer nothing, the live one beside them does', async (t) => {
  script(t, 'TCP4', [
    tcp4(TIME_WAIT, SERVER, CLIENT, 0),
    tcp4(TIME_WAIT, SERVER, ['127.0.0.1', 50001], 0),
    tcp4(ESTABLISHED, SERVER, ['127.0.0.1', 50002], process.pid)
  ])

  assert.equal(await findPidByLocalTcpPort(8080), process.pid)
  assert.equal(await findPidByLocalTcpPort(8080, { state: 'listening' }), null)
  assert.equal((await listSockets({ protocol: 'tcp' })).length, 1)
})

test('a dead owner is nobody, and the next socket answers', async (t) => {
  script(t, 'TCP4', [
    tcp4(LISTEN, SERVER, ['0.0.0.0', 0xeeee], DEAD),
    tcp4(ESTABLISHED, SERVER, CLIENT, process.pid)
  ])

  assert.equal(await findPidByLocalTcpPort(8080), process.pid)
  assert.equal(await findPidByLocalTcpPort(8080, { state: 'listening' }), null)
  const [listener] = await listSockets({ state: 'listening' })
  assert.deepEqual([listener.pid, listener.pids], [null, []])
})

test('a process that is younger than the socket has only its number', async (t) => {
  script(t, 'TCP4', [tcp4(ESTABLISHED, CLIENT, SERVER, process.pid, LONG_AGO)])

  assert.equal(await findPeerPid(peer), null)
  assert.equal(await findPeerProcess(peer), null)
  assert.deepEqual((await listSockets({ protocol: 'tcp' }))[0].pids, [])
})

test('one whose moment is not told answers', async (t) => {
  script(t, 'TCP4', [tcp4(ESTABLISHED, CLIENT, SERVER, process.pid, 0n)])

  assert.equal(await findPeerPid(peer), process.pid)
})

test('a table that grows again and again is read whole, and one call a family is enough after it', async (t) => {
  const rows = Array.from({ length: 20_000 }, (_, i) => {
    return tcp4(ESTABLISHED, [`10.0.${i >> 8}.${i & 255}`, 1 + i], SERVER, process.pid)
  })
  script(t, 'TCP4', [...rows, tcp4(ESTABLISHED, CLIENT, SERVER, process.pid)], '122 122 122')
  assert.equal(await findPeerPid(peer), process.pid)
  assert.ok(calls().length <= 6)
  process.env.SCRIPT_CALLS = ''

  const began = process.hrtime.bigint()
  assert.equal(await findPeerPid(peer), process.pid)
  t.diagnostic(`one of 20,001 rows: ${Number(process.hrtime.bigint() - began) / 1e6} ms`)

  assert.deepEqual(calls(), ['TCP4', 'TCP6'])
})

test('a list of 20,000 rows is four calls, and the loop goes round meanwhile', async (t) => {
  const rows = Array.from({ length: 20_000 }, (_, i) => {
    return tcp4(
      ESTABLISHED,
      [`10.0.${i >> 8}.${i & 255}`, 1 + i],
      SERVER,
      i % 5 === 0 ? DEAD : process.pid
    )
  })
  script(t, 'TCP4', rows)
  await listSockets()
  process.env.SCRIPT_CALLS = ''

  const began = process.hrtime.bigint()
  const list = await listSockets()
  t.diagnostic(`20,000 rows: ${Number(process.hrtime.bigint() - began) / 1e6} ms`)

  assert.deepEqual(calls(), ['TCP4', 'TCP6', 'UDP4', 'UDP6'])
  assert.equal(list.filter(({ pids }) => pids.length === 0).length, 4000)
  assert.equal(list.length, 20_000)
})

test('fifty questions at once read each table once', async (t) => {
  const clients = Array.from({ length: 50 }, (_, i) => ['127.0.0.1', 50_000 + i])
  script(
    t,
    'TCP4',
    clients.map((client) => tcp4(ESTABLISHED, client, SERVER, process.pid))
  )
  const ask = ([remoteAddress, remotePort]) => findPeerPid({ ...peer, remoteAddress, remotePort })

  const found = await Promise.all(clients.map(ask))

  assert.deepEqual(new Set(found), new Set([process.pid]))
  assert.deepEqual(calls(), ['TCP4', 'TCP6'])
})

test('a failure that passes is asked again, one that stays is an error', async (t) => {
  const unsuccessful = 0xc0000001
  script(t, 'TCP4', [tcp4(ESTABLISHED, CLIENT, SERVER, process.pid)], `${unsuccessful} `.repeat(5))
  assert.equal(await findPeerPid(peer), process.pid)

  process.env.SCRIPT_TCP4_CODES = `${unsuccessful} `.repeat(40)
  await assert.rejects(findPeerPid(peer), {
    name: 'Error',
    code: 'UNKNOWN',
    syscall: 'GetExtendedTcpTable',
    message: /NTSTATUS 0xC0000001/
  })

  for (const [number, code] of [
    [5, 'EPERM'],
    [8, 'ENOMEM'],
    [87, 'EINVAL'],
    [1450, 'UNKNOWN']
  ]) {
    process.env.SCRIPT_TCP4_CODES = String(number)
    const message = new RegExp(`Win32 error ${number}`)
    await assert.rejects(findPeerPid(peer), { code, syscall: 'GetExtendedTcpTable', message })
    assert.equal(await findPeerPid(peer), process.pid)
  }
})

test('a machine without IPv6 is no failure', async (t) => {
  script(t, 'TCP4', [tcp4(ESTABLISHED, CLIENT, SERVER, process.pid)])
  process.env.SCRIPT_TCP6_CODES = '50'

  assert.equal(await findPeerPid(peer), process.pid)
})

test('a reply goes to the exact address, and what is no address of ours is nobody', async (t) => {
  const other = await startNode(t, ({ say, hear }) => hear(say(1)))
  script(t, 'UDP4', [udp4(['0.0.0.0', 5000], process.pid), udp4(['127.0.0.1', 5000], other.pid)])
  const own = { address: '0.0.0.0', port: 53 }
  const of = (address) => findUdpPeerPid({ address, port: 5000 }, own)

  assert.equal(await of('127.0.0.1'), other.pid)
  assert.equal(await of('127.0.0.2'), process.pid)
  assert.equal(await of('10.1.2.3'), process.pid)
  assert.equal(await of('10.1.2.4'), null)
  assert.equal(await findPidByLocalUdpPort(5000, { address: '127.0.0.1' }), other.pid)
})
