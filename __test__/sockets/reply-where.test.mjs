// findUdpPeerPid where more than a binding decides: links, users, addresses that are not ours.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hearAll, replyTo, startReceiver, startReplier } from '../support/datagrams.mjs'
import {
  compile,
  needsIPv6,
  needsLinux,
  needsProgram,
  needsPython,
  needsRoot,
  quietPort,
  startPython
} from '../support/holders.mjs'
import { after, networkOf, openToAll, stranger } from '../support/through.mjs'

const skip = needsLinux || needsPython
const needsLinks = needsRoot || needsPython

/** A network namespace with two links that have the same address. */
async function startLinks(t) {
  const commands = ['ip link set lo up']
  for (const name of ['left', 'right']) {
    commands.push(
      `ip link add ${name} type veth peer name ${name}-peer`,
      `ip link set ${name} up`,
      `ip link set ${name}-peer up`,
      `ip -6 addr add fe80::1/64 dev ${name} nodad`
    )
  }
  const code =
    "say(left=socket.if_nametoindex('left'), right=socket.if_nametoindex('right')); hear()"
  return startPython(t, code, { through: ['unshare', '--net', ...after(commands.join('; '))] })
}

test('a link-local reply goes through its link', { skip: needsLinks }, async (t) => {
  const network = await startLinks(t)
  const through = networkOf(network)
  const port = await quietPort()
  const on = (name) => `bound('fe80::1', ${port}, interface=socket.if_nametoindex('${name}'))`
  const replier = await startReplier(t, '::', { through })
  const left = await startReceiver(t, on('left'), { through })
  const right = await startReceiver(t, on('right'), { through })
  const { winner } = hearAll([left, right])

  const ask = (scope) => replyTo(replier, { address: `fe80::1%${scope}`, port })
  for (const link of [left, right]) {
    const name = link === left ? 'left' : 'right'
    const { answer, text } = await ask(name)

    assert.equal(answer, await winner(text), name)
    assert.equal(answer, link.pid)
    // Node itself sends by names only.
    assert.equal((await ask(network.said[name])).answer, link.pid)
  }
  const any = await replyTo(replier, { address: 'fe80::1', port })

  assert.ok([left.pid, right.pid].includes(any.answer), `${any.answer}`)
  assert.equal((await ask('absent')).answer, null)
})

test('a socket that is bound to a link gets what comes to an address of that link', {
  skip: needsLinks
}, async (t) => {
  const network = await startLinks(t)
  const through = [
    ...networkOf(network),
    ...after('ip addr replace 198.51.100.1/24 dev left; ip addr replace 198.51.100.2/24 dev right')
  ]
  const port = await quietPort()
  const replier = await startReplier(t, '0.0.0.0', { through })
  const on = (name) => `bound('0.0.0.0', ${port}, REUSE_ADDRESS, device='${name}')`
  const left = await startReceiver(t, on('left'), { through })
  const right = await startReceiver(t, on('right'), { through })
  const { winner } = hearAll([left, right])

  for (const address of ['198.51.100.1', '198.51.100.2']) {
    const { answer, text } = await replyTo(replier, { address, port })
    assert.equal(answer, await winner(text), address)
  }
  const { answer } = await replyTo(replier, { address: '127.0.0.1', port })
  assert.equal(answer, null)
})

test('an address that is none of this machine is null, whoever has the port', {
  skip
}, async (t) => {
  const receiver = await startReceiver(t, "bound('0.0.0.0')")
  const replier = await startReplier(t, '0.0.0.0')

  const ask = async (address) => (await replyTo(replier, { address, port: receiver.port })).answer
  const answers = [await ask('203.0.113.7'), await ask('127.8.9.10')]

  assert.deepEqual(answers, [null, receiver.pid])
})

test('from a wildcard our port alone counts', { skip }, async (t) => {
  const replier = await startReplier(t, '0.0.0.0')
  const to = (port) => `to(bound('0.0.0.0'), '127.0.0.5', ${port})`
  const client = await startReceiver(t, to(replier.port))
  const other = await startReceiver(t, to(9))

  const ask = async ({ port }) => (await replyTo(replier, { address: '127.0.0.1', port })).answer
  const answers = [await ask(client), await ask(other)]

  assert.deepEqual(answers, [client.pid, null])
})

test('ends of different families are null', { skip: skip || needsIPv6 }, async (t) => {
  const replier = await startReplier(t, '127.0.0.1')
  const receiver = await startReceiver(t, "bound('::')")

  const ask = async (address) => (await replyTo(replier, { address, port: receiver.port })).answer
  const answers = [await ask('::1'), await ask('127.0.0.1')]

  assert.deepEqual(answers, [null, receiver.pid])
})

test("another user's socket is null, and not who comes after it", {
  skip: needsLinks
}, async (t) => {
  const { root, node } = openToAll(t)
  const port = await quietPort()
  const make = (host) => `bound('${host}', ${port}, REUSE_ADDRESS)`
  const hidden = await startReceiver(t, make('127.0.0.1'))
  const visible = await startReceiver(t, make('0.0.0.0'), { through: stranger })
  const replier = await startReplier(t, '127.0.0.1', { through: stranger, root, node })

  const ask = async (address) => (await replyTo(replier, { address, port })).answer
  const answers = [await ask('127.0.0.1'), await ask('127.0.0.2')]

  assert.deepEqual(answers, [null, visible.pid])
  assert.equal((await hidden.next()).got !== undefined, true)
})

test('a kernel without udp_diag is asked by its text', {
  skip: skip || needsProgram('cc')
}, async (t) => {
  const library = compile(t, ['no_diag.c'], ['-shared', '-fPIC', '-ldl'])
  const env = { ...process.env, LD_PRELOAD: library, NO_DIAG: 'udp' }
  const replier = await startReplier(t, '127.0.0.1', { env })
  const exact = await startReceiver(t, "bound('127.0.0.1', 0, REUSE_ADDRESS)")
  const wildcard = await startReceiver(t, `bound('0.0.0.0', ${exact.port}, REUSE_ADDRESS)`)

  const ask = async (address) => (await replyTo(replier, { address, port: exact.port })).answer
  const answers = [await ask('127.0.0.1'), await ask('127.0.0.2')]

  assert.deepEqual(answers, [exact.pid, wildcard.pid])
})

test("a socket that a process shares with its children is the oldest holder's", {
  skip
}, async (t) => {
  const replier = await startReplier(t, '127.0.0.1')
  const parent = await startReceiver(t, "[bound('127.0.0.1'), *(fork(rest) for _ in range(3))][0]")

  const { answer } = await replyTo(replier, { address: '127.0.0.1', port: parent.port })

  assert.equal(answer, parent.pid)
})
