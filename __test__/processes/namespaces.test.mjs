// /proc of another pid namespace, as after unshare or in a sandbox without a /proc of its own: its
// numbers are other processes' here. In and out go own numbers, and what has none is null.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { test } from 'node:test'
import { findPidByLocalTcpPort } from '../../index.js'
import {
  needsProgram,
  needsPython,
  needsRoot,
  startLooker,
  startProgram,
  startPython
} from '../support/holders.mjs'
import { after, openToAll, stranger } from '../support/through.mjs'

const skip = needsRoot || needsPython
const apart = ['unshare', '--pid', '--fork', '--kill-child']
const node = fs.realpathSync(process.execPath)

/** Runs the rest of a command in the namespace that `unshare` has made, as its first one's relative. */
const beside = (looker) => ['nsenter', `--pid=/proc/${looker.pid}/ns/pid_for_children`]

/** Holds a socket of each kind, one of them connected to `peerPort`, and says its own number. */
const HOLD = `
  datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
  datagrams.bind(('127.0.0.1', 0))
  listener, connection = listen(), client('127.0.0.1', values['peerPort'])
  say(pid=os.getpid(), tcp=port_of(listener), udp=port_of(datagrams), connected=port_of(connection))
  hear()`

/** A listener of no account, to connect to. */
const LISTEN = `
  listener = listen()
  say(port=port_of(listener), pid=os.getpid())
  hear()`

async function startHolder(t, through) {
  const server = await startPython(t, LISTEN)
  const values = { peerPort: server.said.port }
  const holder = await startPython(t, HOLD, { through, values })
  return { ...holder.said, peerPort: server.said.port, process: holder }
}

/** What every function that finds a process makes of the holder's sockets. */
async function askAll(looker, { tcp, udp, connected, peerPort }) {
  const localAddress = '127.0.0.1'
  const socket = {
    ...{ localAddress, localPort: peerPort },
    ...{ remoteAddress: '127.0.0.1', remotePort: connected }
  }
  const rinfo = { address: '127.0.0.1', port: udp }
  const rows = await looker.ask('listSockets', { port: tcp, protocol: 'tcp' })
  assert.equal(rows.length, 1)
  return {
    tcp: await looker.ask('findPidByLocalTcpPort', tcp),
    udp: await looker.ask('findPidByLocalUdpPort', udp),
    peer: await looker.ask('findPeerPid', socket),
    process: (await looker.ask('findPeerProcess', socket))?.pid ?? null,
    udpPeer: await looker.ask('findUdpPeerPid', rinfo, { address: '127.0.0.1', port: 9 }),
    row: [rows[0].pid, rows[0].pids]
  }
}

const all = (pid, pids) => {
  return { tcp: pid, udp: pid, peer: pid, process: pid, udpPeer: pid, row: [pid, pids] }
}

for (const [name, through, needs] of [
  ['unshare', apart, false],
  ['bubblewrap', ['bwrap', '--dev-bind', '/', '/', '--unshare-pid'], needsProgram('bwrap')]
]) {
  test(`in a namespace made by ${name} this process has its own path and number`, {
    skip: skip || needs
  }, async (t) => {
    const looker = await startLooker(t, { through })
    const { pid } = looker.said

    const path = await looker.ask('getProcessPath', pid)
    const info = await looker.ask('getProcessInfo', pid)

    assert.ok(pid < 10, `${pid} is the number of an early process of the system`)
    assert.equal(path, node)
    assert.deepEqual([info.pid, info.path, info.cwd, info.uid], [pid, node, '/', 0])
    // The parent of the first process is outside.
    assert.equal(info.ppid, pid === 1 ? null : 1)
  })
}

test("a number that is another process's in /proc answers with its own one", {
  skip
}, async (t) => {
  const other = await startProgram(t, 'cat', [], { told: 'running' })
  const script = 'echo "$LAST" > /proc/sys/kernel/ns_last_pid; "$@"; exit $?'
  const through = [...apart, 'sh', '-c', script, 'sh']
  const env = { ...process.env, LAST: `${other.pid - 1}` }
  const looker = await startLooker(t, { through, env })

  const path = await looker.ask('getProcessPath', other.pid)

  assert.equal(looker.said.pid, other.pid)
  assert.equal(path, node)
})

test('a process of the same namespace is found and told by its own number', { skip }, async (t) => {
  const looker = await startLooker(t, { through: apart })
  const holder = await startHolder(t, beside(looker))

  const info = await looker.ask('getProcessInfo', holder.pid)
  const listed = await looker.ask('listSockets', { pid: holder.pid, protocol: 'tcp' })

  assert.deepEqual(await askAll(looker, holder), all(holder.pid, [holder.pid]))
  assert.equal(info.pid, holder.pid)
  assert.equal(info.ppid, null)
  assert.ok(info.args.includes(HOLD), `${info.args}`)
  assert.deepEqual(Object.fromEntries(listed.map(({ localPort, pids }) => [localPort, pids])), {
    [holder.tcp]: [holder.pid],
    [holder.connected]: [holder.pid]
  })
})

test('a child of this process has it as its parent', { skip }, async (t) => {
  const script = '"$@"; exit $?'
  const looker = await startLooker(t, { through: [...apart, 'sh', '-c', script, 'sh'] })

  const info = await looker.ask('getProcessInfo', looker.said.pid)

  assert.deepEqual([info.pid, info.ppid], [looker.said.pid, 1])
})

test('a process outside of the namespace is nobody, and its number too', { skip }, async (t) => {
  const looker = await startLooker(t, { through: apart })
  const outside = await startHolder(t, [])

  assert.deepEqual(await askAll(looker, outside), all(null, []))
  assert.equal(await findPidByLocalTcpPort(outside.tcp), outside.pid)
  for (const call of ['getProcessPath', 'getProcessInfo']) {
    assert.equal(await looker.ask(call, outside.pid), null)
  }
  assert.deepEqual(await looker.ask('listSockets', { pid: outside.pid }), [])
})

test('a process of a sibling namespace is nobody, and not the one here that has its number', {
  skip
}, async (t) => {
  const looker = await startLooker(t, { through: apart })
  const sibling = await startLooker(t, { through: apart })
  const there = await startHolder(t, beside(sibling))

  const before = await looker.ask('getProcessInfo', there.pid)
  const here = await askAll(looker, there)
  const seen = await askAll(sibling, there)

  assert.equal(looker.said.pid, sibling.said.pid)
  assert.equal(before, null)
  assert.deepEqual(here, all(null, []))
  assert.deepEqual(seen, all(there.pid, [there.pid]))
})

test('a process of a namespace within this one has its number here', { skip }, async (t) => {
  const looker = await startLooker(t, { through: apart })
  const sibling = await startLooker(t, { through: apart })
  const holder = await startHolder(t, [...beside(looker), ...apart])
  const outermost = await findPidByLocalTcpPort(holder.tcp)
  const [, here, innermost] = numbersOf(outermost)

  const info = await looker.ask('getProcessInfo', here)

  assert.equal(innermost, holder.pid)
  assert.notEqual(here, innermost)
  assert.deepEqual(await askAll(looker, holder), all(here, [here]))
  assert.equal(info.pid, here)
  assert.deepEqual(await askAll(sibling, holder), all(null, []))
  assert.equal(await sibling.ask('getProcessInfo', here), null)
})

test('what may not be seen cannot be translated and is null', { skip }, async (t) => {
  const through = [...apart, ...stranger]
  const looker = await startLooker(t, { through, ...openToAll(t) })
  const own = await startHolder(t, [...beside(looker), ...stranger])
  const roots = await startHolder(t, beside(looker))

  assert.deepEqual(await askAll(looker, own), all(own.pid, [own.pid]))
  assert.deepEqual(await askAll(looker, roots), all(null, []))
  assert.equal(await looker.ask('getProcessInfo', roots.pid), null)
  assert.equal((await looker.ask('getProcessInfo', own.pid)).pid, own.pid)
})

for (const [name, mask] of [
  ['an empty /proc', 'mount -t tmpfs -o size=4k none /proc'],
  ["another namespace's /proc", 'unshare --pid --fork mount -t proc proc /proc']
]) {
  test(`${name} that does not list this process is a failure to look`, { skip }, async (t) => {
    const looker = await startLooker(t, { through: ['unshare', '--mount', ...after(mask)] })

    for (const call of ['getProcessPath', 'getProcessInfo']) {
      await assert.rejects(looker.ask(call, looker.said.pid), {
        code: 'ENOENT',
        syscall: 'open',
        message: /^ENOENT: open '\/proc\/self\/status': no proc file system .* mount it: /
      })
    }
  })
}

/** The numbers of a process in each namespace, the outermost first. */
function numbersOf(pid) {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8')
  return status
    .match(/^NSpid:\t(.*)$/m)[1]
    .split('\t')
    .map(Number)
}
