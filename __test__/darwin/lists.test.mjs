// Every socket, each once, with its holders.

import assert from 'node:assert/strict'
import test from 'node:test'
import * as mac from './host/kernel.mjs'
import { desktop, freshPackage, machine, ROOT, USER } from './mac.mjs'

const { findPidByLocalTcpPort, listSockets } = freshPackage()
const end = (address, port) => ({ address, port })
const byPort = (a, b) => a.localPort - b.localPort

test('a row of each kind is told in full', async () => {
  machine([
    {
      pid: 700,
      files: {
        3: mac.file,
        4: mac.listening({ address: '::', port: 80 }),
        5: mac.tcp({
          local: end('127.0.0.1', 81),
          foreign: end('127.0.0.1', 9),
          state: 'finWait2'
        }),
        6: mac.udp({ port: 82 }),
        7: mac.udp({ address: '::1', port: 83, foreign: end('::1', 9) }),
        8: mac.tcp({ local: end('0.0.0.0', 84), state: 'closed' }),
        9: mac.tcp({ local: end('fe80::1%4', 85), foreign: end('fe80::2%5', 9) }),
        10: mac.tcp({ local: end('0.0.0.0', 86), vflag: 0 }),
        11: mac.udp({ port: 0 }),
        12: { ...mac.listening({ port: 87 }), kind: 3, family: 1, protocol: 0 }
      }
    }
  ])
  mac.run(mac.networkInterface('en0', 4))
  const held = { pid: 700, pids: [700], uid: USER }
  const none = { remoteAddress: null, remotePort: null }
  const local = (localAddress, localPort) => ({ localAddress, localPort })
  const to = (remoteAddress) => ({ remoteAddress, remotePort: 9 })
  const tcp = (state, tcpState) => ({ protocol: 'tcp', state, tcpState, ...held })
  const udp = (state) => ({ protocol: 'udp', state, tcpState: null, ...held })

  assert.deepEqual((await listSockets()).sort(byPort), [
    { ...tcp('listening', 'LISTEN'), ...local('::', 80), ...none },
    { ...tcp('connected', 'FIN_WAIT_2'), ...local('127.0.0.1', 81), ...to('127.0.0.1') },
    { ...udp('bound'), ...local('0.0.0.0', 82), ...none },
    { ...udp('connected'), ...local('::1', 83), ...to('::1') },
    { ...tcp('bound', 'CLOSED'), ...local('0.0.0.0', 84), ...none },
    // An interface without a name is told by number.
    { ...tcp('connected', 'ESTABLISHED'), ...local('fe80::1%en0', 85), ...to('fe80::2%5') }
  ])
})

test('holders stand in the order of their start, launchd behind them all', async () => {
  machine(
    [
      { pid: 1, uid: ROOT, start: 1, files: { 7: mac.listening({ port: 80 }) } },
      { pid: 500, start: 12 },
      { pid: 600, start: 11 },
      { pid: 700, uid: ROOT, start: 10, files: { 4: mac.listening({ port: 81 }) } }
    ],
    { uid: ROOT }
  )
  mac.run(mac.pass(1, 7, { to: 500, as: 3 }), mac.pass(1, 7, { to: 600, as: 7 }))
  mac.run(mac.pass(1, 7, { to: 600, as: 9 }))
  const holders = async (port) => {
    const [{ pid, pids, uid }, ...more] = await listSockets({ port })
    return { pid, pids, uid, more: more.length }
  }

  assert.deepEqual(await holders(80), { pid: 600, pids: [600, 500, 1], uid: USER, more: 0 })
  assert.deepEqual(await holders(81), { pid: 700, pids: [700], uid: ROOT, more: 0 })
})

test('what is given narrows it', async () => {
  machine([
    { pid: 700, files: { 4: mac.listening({ port: 80 }), 5: mac.udp({ port: 80 }) } },
    { pid: 800, files: { 4: mac.tcp({ local: end('::1', 80), foreign: end('::1', 9) }) } },
    { pid: 900, uid: ROOT, files: { 4: mac.listening({ port: 81 }) } }
  ])
  const pids = async (filter) => (await listSockets(filter)).map(({ pid }) => pid).sort()

  assert.deepEqual(await pids(), [700, 700, 800])
  assert.deepEqual(await pids({ protocol: 'udp' }), [700])
  assert.deepEqual(await pids({ state: 'listening' }), [700])
  assert.deepEqual(await pids({ port: 80, state: 'connected' }), [800])
  assert.deepEqual(await pids({ port: 81 }), [])
  assert.deepEqual(await pids({ pid: 800 }), [800])
  assert.deepEqual(await pids({ pid: 900 }), [], 'it may not be seen')
  assert.deepEqual(await pids({ pid: 901 }), [], 'there is none')
})

test('a list of one process reads its table alone', async () => {
  desktop()
  await listSockets({ pid: 100 })
  mac.zero()
  const rows = await listSockets({ pid: 100 })
  const { listfds, fdinfo, ...others } = mac.counts()
  assert.deepEqual({ listfds, fdinfo }, { listfds: 1, fdinfo: rows.length })
  assert.ok(Object.values(others).every((count) => count === 0))
})

test('a list costs one walk, and at most two calls for each further holder of a socket', async () => {
  const owners = desktop()
  const [own, zombies, sockets] = [350, 5, owners.length]
  // A server with ten workers, whose numbers are their own.
  for (let nth = 0; nth < 10; nth++) {
    mac.run(mac.pass(owners[0], 3, { to: owners[100 * (nth + 1)], as: 60 + nth }))
  }
  await findPidByLocalTcpPort(1)
  mac.zero()

  const rows = await listSockets()

  const calls = mac.callCount()
  const miss = 1 + own + zombies + (sockets + 10)
  assert.equal(rows.length, sockets)
  assert.ok(calls <= miss + 2 * 10, `${calls} calls, ${miss} for a miss`)
  const shared = rows.find(({ localPort }) => localPort === 10000)
  assert.equal(shared.pids.length, 11)
  assert.deepEqual(
    shared.pids,
    [...shared.pids].sort((a, b) => a - b)
  )
  assert.deepEqual(
    rows.sort(byPort).map(({ pid }) => pid),
    owners
  )
})

test('a failure to read one table is an error, not a shorter list', async () => {
  machine([{ pid: 600, files: { 4: mac.listening({ port: 80 }) } }, { pid: 700 }])
  for (const filter of [{}, { pid: 700 }]) {
    mac.refuse('listfds', { pid: 700 }, mac.ERRNO.ENOMEM)
    await assert.rejects(listSockets(filter), { code: 'ENOMEM', syscall: 'proc_pidinfo' })
    assert.equal((await listSockets()).length, 1)
  }
})

test('a quick question does not wait for a list that is under way', async () => {
  const owners = desktop()
  assert.equal(await findPidByLocalTcpPort(10000), owners[0])
  mac.before('fdinfo', { nth: 300 }, mac.hold)
  const order = []
  const list = listSockets().then((rows) => order.push('list') && rows)
  while (!mac.isHeld()) await new Promise((resolve) => setImmediate(resolve))
  const quick = findPidByLocalTcpPort(10000).then((pid) => order.push('quick') && pid)
  mac.release()

  assert.equal(await quick, owners[0])
  assert.equal((await list).length, owners.length)
  assert.deepEqual(order, ['quick', 'list'])
})
