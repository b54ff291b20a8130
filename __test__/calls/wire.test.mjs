// The wire between JavaScript and the native side: every call becomes its line, and every row its
// object. Rust is tested against the same samples (src/node/wire.rs).

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { test } from 'node:test'
import { installStandIn } from '../support/stand-in.mjs'

const text = fs.readFileSync(new URL('../support/wire.txt', import.meta.url), 'utf8')

/** Each block as an object: `{ call, line }`, `{ call, told, line }` or `{ row, scopes, words }`. */
const samples = text
  .trim()
  .split('\n\n')
  .slice(1) // The head.
  .map((block) => Object.fromEntries(block.split('\n').map((line) => split(line, ' '))))

function split(text, separator) {
  const at = text.indexOf(separator)
  return [text.slice(0, at), text.slice(at + 1)]
}

const calls = samples.filter(({ call }) => call !== undefined)
const rows = samples.filter(({ row }) => row !== undefined)

/** A row as people read it to what a caller gets. */
function socketOf(row) {
  const given = (field) => (field === '-' ? null : field)
  const number = (field) => (field === '-' ? null : Number(field))
  const [protocol, state, tcpState, local, localPort, remote, remotePort, uid, list] =
    row.split(' ')
  const pids = list === '-' ? [] : list.split(',').map(Number)
  return {
    protocol,
    state,
    tcpState: given(tcpState),
    localAddress: local,
    localPort: number(localPort),
    remoteAddress: given(remote),
    remotePort: number(remotePort),
    pid: pids[0] ?? null,
    pids,
    uid: number(uid)
  }
}

test('the samples are of every kind', () => {
  const kinds = (lines) => [...new Set(lines.map((line) => line.split(' ')[0]))].sort()

  assert.deepEqual(kinds(calls.map(({ line }) => line)), [
    'connection',
    'list',
    'port',
    'reply',
    'unix'
  ])
  assert.deepEqual(kinds(rows.map(({ row }) => row)), ['tcp', 'udp'])
  assert.equal(calls.length + rows.length, samples.length)
})

for (const { call, told, line } of calls) {
  test(`${call} is ${line}`, async (t) => {
    const { native, ...owner } = installStandIn(t)
    if (told !== undefined) native.localPeer = () => JSON.parse(told)
    const [name, list] = split(call, ' ')

    await owner[name](...JSON.parse(list))

    assert.deepEqual(native.asked, [{ lines: `1 ${line}`, abandoned: [] }])
  })
}

test('every row becomes its object, in order, one buffer for all', async (t) => {
  const { native, listSockets } = installStandIn(t)
  const scopes = ['en0', 'lo']
  const words = rows.flatMap((sample) => sample.words.split(' ').map(Number))
  for (const sample of rows) assert.ok(['-', 'en0 lo'].includes(sample.scopes))
  native.answer = ([id]) => ({
    answered: new Int32Array(),
    lists: [{ id, step: 2, rows: Uint32Array.from(words), scopes }]
  })

  const sockets = await listSockets()

  assert.deepEqual(
    sockets,
    rows.map(({ row }) => socketOf(row))
  )
})

test('several questions are a line each', async (t) => {
  const { native, findPidByLocalTcpPort, findPidByLocalUdpPort } = installStandIn(t)

  await Promise.all([findPidByLocalTcpPort(1), findPidByLocalUdpPort(1), findPidByLocalTcpPort(1)])

  assert.equal(native.asked[0].lines, '1 port pid tcp 1 - -\n2 port pid udp 1 - -')
})

test('a scope that no interface can be named by is null, and nobody is asked', async (t) => {
  const { native, ...owner } = installStandIn(t)

  for (const scope of ['a b', 'a\nb', 'a\tb', 'a\0b', 'a\u00a0b', '\u0085']) {
    const address = `fe80::1%${scope}`
    const ends = { localAddress: address, localPort: 1, remoteAddress: 'fe80::2', remotePort: 2 }
    assert.equal(await owner.findPeerPid(ends), null)
    assert.equal(await owner.findPeerProcess(ends), null)
    assert.equal(await owner.findPidByLocalTcpPort(1, { address }), null)
    assert.equal(await owner.findPidByLocalUdpPort(1, { address }), null)
    assert.equal(await owner.findUdpPeerPid({ address, port: 1 }, { address: '::', port: 2 }), null)
  }

  assert.deepEqual(native.asked, [])
})
