// findUdpPeerPid: each test sends the reply and sees who gets it.

import assert from 'node:assert/strict'
import os from 'node:os'
import { test } from 'node:test'
import { hearAll, replyTo, startReceiver, startReplier } from '../support/datagrams.mjs'
import {
  fixture,
  needsIPv6,
  needsLinux,
  needsPython,
  needsRoot,
  pythonPath,
  quietPort
} from '../support/holders.mjs'

/** A field on the machine's own network, if it has one. */
const own = Object.entries(os.networkInterfaces())
  .flatMap(([name, addresses]) => addresses.map((address) => ({ ...address, name })))
  .find(({ family, internal }) => family === 'IPv4' && !internal)
const needsNetwork = own === undefined ? 'needs a network' : false
const needsDevice = needsRoot || needsPython
const withoutDiag = [pythonPath, fixture('no_sock_diag.py'), 'EACCES']

/**
 * The sockets, in Python; `PORT` is the port that they share, `REPLIER` that of the one who replies.
 * `gets` is the place of the one who gets it, `null` for nobody, or left out where it is the kernel's
 * to choose. `isTold`: in the text tables too.
 */
const CASES = [
  { isTold: true, name: 'its address', sockets: ["bound('127.0.0.1', PORT)"], gets: 0 },
  { isTold: true, name: 'the wildcard', sockets: ["bound('0.0.0.0', PORT)"], gets: 0 },
  {
    isTold: true,
    name: 'a dual-stack wildcard',
    sockets: ["bound('::', PORT)"],
    gets: 0,
    skip: needsIPv6
  },
  {
    name: 'a mapped address',
    sockets: ["bound('::ffff:127.0.0.1', PORT)"],
    gets: 0,
    skip: needsIPv6
  },
  {
    name: 'its address, asked for by the mapped one',
    sockets: ["bound('127.0.0.1', PORT)"],
    replier: '::',
    to: '::ffff:127.0.0.1',
    gets: 0,
    skip: needsIPv6
  },
  { name: 'an IPv6 address', sockets: ["bound('::1', PORT)"], replier: '::1', gets: 0 },
  { name: 'the IPv6 wildcard', sockets: ["bound('::', PORT)"], replier: '::1', gets: 0 },
  {
    name: 'the wildcard of IPv6 only, by IPv6',
    sockets: ["bound('::', PORT, IPV6_ONLY)"],
    replier: '::1',
    gets: 0
  },
  {
    name: 'the wildcard of IPv6 only, by IPv4',
    sockets: ["bound('::', PORT, IPV6_ONLY)"],
    gets: null
  },
  {
    isTold: true,
    name: 'a connection to us',
    sockets: ["to(bound('127.0.0.1', PORT), '127.0.0.1', REPLIER)"],
    gets: 0
  },
  {
    isTold: true,
    name: 'a connection to another port',
    sockets: ["to(bound('127.0.0.1', PORT), '127.0.0.1', 9)"],
    gets: null
  },
  {
    name: 'a connection to another address',
    sockets: ["to(bound('127.0.0.1', PORT), '127.0.0.9', REPLIER)"],
    gets: null
  },
  { name: 'another address', sockets: ["bound('127.0.0.2', PORT)"], gets: null },
  { name: 'UDP-Lite', sockets: ["bound('127.0.0.1', PORT, protocol=136)"], gets: null },
  {
    isTold: true,
    name: 'its address, among wildcards',
    sockets: [
      "bound('0.0.0.0', PORT, REUSE)",
      "bound('127.0.0.1', PORT, REUSE)",
      "bound('::', PORT, REUSE)"
    ],
    gets: 1,
    skip: needsIPv6
  },
  {
    name: 'the wildcard of its family, beside a dual-stack one',
    sockets: ["bound('::', PORT, REUSE)", "bound('0.0.0.0', PORT, REUSE)"],
    gets: 1,
    skip: needsIPv6
  },
  {
    isTold: true,
    name: 'a connection to us, among others',
    sockets: [
      "bound('127.0.0.1', PORT, REUSE)",
      "to(bound('127.0.0.1', PORT, REUSE), '127.0.0.1', REPLIER)",
      "to(bound('127.0.0.1', PORT, REUSE), '127.0.0.1', 9)"
    ],
    gets: 1
  },
  {
    name: 'a wildcard, beside a connection to somebody else',
    sockets: [
      "to(bound('127.0.0.1', PORT, REUSE), '127.0.0.1', 9)",
      "bound('0.0.0.0', PORT, REUSE)"
    ],
    gets: 1
  },
  {
    isTold: true,
    name: 'one of three with SO_REUSEADDR',
    sockets: Array(3).fill("bound('127.0.0.1', PORT, REUSE)")
  },
  {
    name: 'one of three wildcards with SO_REUSEADDR',
    sockets: Array(3).fill("bound('0.0.0.0', PORT, REUSE)")
  },
  {
    name: 'one of four with SO_REUSEPORT',
    sockets: Array(4).fill("bound('0.0.0.0', PORT, REUSE_PORT)"),
    repliers: 5
  },
  {
    name: 'one of four dual-stack ones with SO_REUSEPORT',
    sockets: Array(4).fill("bound('::', PORT, REUSE_PORT)"),
    repliers: 5,
    skip: needsIPv6
  },
  {
    name: 'one of two on a port, by address',
    sockets: ["bound('127.0.0.1', PORT)", "bound('127.0.0.2', PORT)"],
    to: '127.0.0.2',
    gets: 1
  },
  {
    name: 'the device, beside the same without one',
    sockets: ["bound('0.0.0.0', PORT, REUSE, device='lo')", "bound('0.0.0.0', PORT, REUSE)"],
    gets: 0,
    skip: needsDevice
  },
  {
    name: 'its address without the device, beside a wildcard with it',
    sockets: ["bound('0.0.0.0', PORT, REUSE, device='lo')", "bound('127.0.0.1', PORT, REUSE)"],
    gets: 1,
    skip: needsDevice
  },
  {
    name: 'another device',
    sockets: [`bound('0.0.0.0', PORT, device='${own?.name}')`],
    gets: null,
    skip: needsDevice || needsNetwork
  },
  {
    name: 'the device that has the address',
    sockets: [
      "bound('0.0.0.0', PORT, REUSE, device='lo')",
      `bound('0.0.0.0', PORT, REUSE, device='${own?.name}')`
    ],
    replier: '0.0.0.0',
    to: own?.address,
    gets: 1,
    skip: needsDevice || needsNetwork
  },
  {
    name: 'an address on the network',
    sockets: ["bound('0.0.0.0', PORT, REUSE)", `bound('${own?.address}', PORT, REUSE)`],
    replier: own?.address,
    to: own?.address,
    gets: 1,
    skip: needsNetwork
  }
]

for (const { name, skip, isTold, ...binding } of CASES) {
  test(`a reply goes to ${name}`, { skip: needsLinux || needsPython || skip || false }, (t) =>
    assertGets(t, binding)
  )
}

for (const { name, skip, isTold, ...binding } of CASES.filter(({ isTold }) => isTold)) {
  test(
    `where sock_diag is refused a reply goes to ${name}`,
    {
      skip: needsLinux || needsPython || skip || false
    },
    (t) => assertGets(t, binding, { through: withoutDiag })
  )
}

/** Starts the sockets, sends the replies, and sees that the answers are those who get them. */
async function assertGets(t, binding, options) {
  const { sockets, gets, replier = '127.0.0.1', to = replier, repliers = 1 } = binding
  const port = await quietPort()
  const senders = []
  while (senders.length < repliers) senders.push(await startReplier(t, replier, options))
  const receivers = []
  for (const made of sockets) {
    const ports = made.replace('PORT', port).replace('REPLIER', senders[0].port)
    receivers.push(await startReceiver(t, ports.replace(/REUSE\b/, 'REUSE_ADDRESS')))
  }
  const { winner, counts } = hearAll(receivers)

  for (const sender of senders) {
    const { answer, text } = await replyTo(sender, { address: to, port })

    assert.equal(answer, gets === null ? null : await winner(text))
    if (typeof gets === 'number') assert.equal(answer, receivers[gets].pid)
  }
  const got = (await counts()).reduce((sum, count) => sum + count, 0)
  assert.equal(got, gets === null ? 0 : repliers)
}
