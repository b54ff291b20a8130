// What happens between any two calls of a lookup: each event is tried before every single call of
// it, with nothing remembered and with a warm package.

import assert from 'node:assert/strict'
import test from 'node:test'
import * as mac from './host/kernel.mjs'
import { freshPackage, machine } from './mac.mjs'

const PORT = 5000
const other = (port) =>
  mac.tcp({ local: { address: '127.0.0.1', port }, foreign: { address: '127.0.0.1', port: 1 } })

/** Old, middle and new processes with a few sockets each; 600 in the middle has the port. */
function table({ holderStart = 600 } = {}) {
  const files = (base) => ({ 3: other(base), 4: mac.file, 5: other(base + 1), 6: other(base + 2) })
  machine([
    { pid: 400, files: files(1400) },
    { pid: 500, files: files(1500) },
    { pid: 600, start: holderStart, files: { ...files(1600), 8: mac.listening({ port: PORT }) } },
    { pid: 700, files: files(1700) },
    { pid: 800, files: files(1800) }
  ])
}

/**
 * Asks with `event` before the first, the second, … call until a lookup ends before its event, and
 * gives each answer to `check` with what had happened.
 */
async function beforeEveryCall(event, check, { isWarm, prepare = table }) {
  for (let nth = 1, isOver = false; !isOver; nth++) {
    assert.ok(nth < 500, 'a lookup does not end')
    const { findPidByLocalTcpPort } = freshPackage()
    prepare()
    if (isWarm) assert.equal(await findPidByLocalTcpPort(PORT), 600)
    mac.before('any', { nth }, ...event)

    const answer = await findPidByLocalTcpPort(PORT)

    isOver = mac.waitingHooks() > 0
    check(answer, `event before call ${nth}: ${answer}`)
  }
}

// I2: whatever others do, the holder that holds is found.
const noise = {
  'another process exits': [mac.exit(800)],
  'an older process exits': [mac.exit(400, { reaped: true })],
  'many processes exit': [400, 500, 700, 800].map((pid) => mac.exit(pid)),
  'a process begins to exit and stays listed': [mac.change(700, { exiting: 1 })],
  'another process execs': [mac.exec(700, { front: 1, path: '/bin/new' })],
  'the holder execs and moves to the front': [mac.exec(600, { front: 1 })],
  'a process forks': [mac.fork(800, 900, { start: 900 })],
  // More than 20 inside the very first listing are the known limit of a user's list.
  'fifteen processes start': Array.from({ length: 15 }, (_, i) =>
    mac.spawn({ pid: 1000 + i, uid: 501 })
  ),
  "others' descriptors close": [
    mac.close(800, 3),
    mac.close(800, 5),
    mac.close(700, 3),
    mac.close(500, 6)
  ],
  'a descriptor becomes a file': [mac.open(800, 3, mac.file), mac.open(700, 5, mac.file)],
  'a descriptor becomes another socket': [
    mac.open(800, 3, other(9000)),
    mac.open(700, 5, other(9001))
  ],
  "the holder's other descriptors close": [mac.close(600, 3), mac.close(600, 4), mac.close(600, 6)],
  'the holder opens more': [mac.open(600, 2, other(9100)), mac.open(600, 9, other(9101))],
  'another user takes over a process': [mac.change(700, { uid: 0 })],
  'the holder duplicates the socket': [mac.pass(600, 8, { as: 12 })],
  'a connection is accepted': [
    mac.open(
      600,
      10,
      mac.tcp({
        local: { address: '127.0.0.1', port: PORT },
        foreign: { address: '127.0.0.1', port: 2 }
      })
    )
  ]
}
for (const [name, event] of Object.entries(noise)) {
  for (const isWarm of [false, true]) {
    test(`the holder is found although ${name} (${isWarm ? 'warm' : 'cold'})`, async () => {
      const check = (answer, message) => assert.equal(answer, 600, message)
      await beforeEveryCall(event, check, { isWarm })
    })
  }
}

// The holder itself changes: an answer must have been true at some moment after the call.
const changes = {
  'the holder exits': { event: [mac.exit(600)], may: [600, null] },
  'the holder is gone altogether': { event: [mac.exit(600, { reaped: true })], may: [600, null] },
  'the holder closes the socket': { event: [mac.close(600, 8)], may: [600, null] },
  'the number becomes another socket': { event: [mac.open(600, 8, other(9000))], may: [600, null] },
  'the number becomes a file': { event: [mac.open(600, 8, mac.file)], may: [600, null] },
  'the socket is torn down': { event: [mac.set(600, 8, { vflag: 0, state: 0 })], may: [600, null] },
  'the holder becomes another user': { event: [mac.change(600, { uid: 0 })], may: [600, null] },
  'the pid is used again': {
    event: [
      mac.exit(600, { reaped: true }),
      mac.spawn({ pid: 600, uid: 501, start: 999 }),
      mac.open(600, 8, other(9000))
    ],
    may: [600, null]
  },
  'the socket moves to an older process': {
    event: [mac.move(600, 8, { to: 400 })],
    may: [600, 400, null]
  },
  'the socket moves to a newer process': {
    event: [mac.move(600, 8, { to: 800 })],
    may: [600, 800, null]
  },
  'the holder forks and exits': {
    event: [mac.fork(600, 900, { start: 900 }), mac.exit(600)],
    may: [600, 900, null]
  },
  'the holder forks': { event: [mac.fork(600, 900, { start: 900 })], may: [600] },
  'an older process gets it as well': {
    event: [mac.pass(600, 8, { to: 400, as: 40 })],
    may: [600, 400]
  },
  'a newer process gets it as well': { event: [mac.pass(600, 8, { to: 800, as: 40 })], may: [600] }
}
for (const [name, { event, may }] of Object.entries(changes)) {
  for (const isWarm of [false, true]) {
    test(`${name}: the answer was true after the call (${isWarm ? 'warm' : 'cold'})`, async () => {
      const seen = new Set()
      await beforeEveryCall(
        event,
        (answer, message) => {
          seen.add(answer)
          assert.ok(may.includes(answer), message)
        },
        { isWarm }
      )
      // The first event comes before all calls: what is so by then is so in the answer.
      assert.ok(seen.size >= 1)
    })
  }
}

test('a shared socket has the holder that started first, whoever of the others goes when', async () => {
  const shared = () => {
    table()
    mac.run(mac.pass(600, 8, { to: 700, as: 20 }), mac.pass(600, 8, { to: 800, as: 21 }))
  }
  for (const event of [[mac.exit(800)], [mac.close(700, 20)], [mac.exec(800, { front: 1 })]]) {
    const check = (answer, message) => assert.equal(answer, 600, message)
    await beforeEveryCall(event, check, { isWarm: false, prepare: shared })
    await beforeEveryCall(event, check, { isWarm: true, prepare: shared })
  }
})

test('sixteen vanished descriptors in a row end no walk', async () => {
  const { findPidByLocalTcpPort } = freshPackage()
  const many = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [i + 3, other(2000 + i)]))
  machine([
    { pid: 600, files: { 8: mac.listening({ port: PORT }) } },
    { pid: 700, files: many }
  ])
  mac.before('fdinfo', { pid: 700 }, mac.exit(700))
  assert.equal(await findPidByLocalTcpPort(PORT), 600)
  assert.equal(mac.waitingHooks(), 0)
})

test('a child that took the socket over after the listing is found by the second pass', async () => {
  const { findPidByLocalTcpPort } = freshPackage()
  table()
  // The parent has gone when its turn comes: a daemon's first steps.
  mac.before('listfds', { pid: 600 }, mac.fork(600, 900, { start: 900 }), mac.exit(600))
  assert.equal(await findPidByLocalTcpPort(PORT), 900)
})

test('more than twenty forks inside the listing hide no old process from root', async () => {
  const { findPidByLocalTcpPort } = freshPackage()
  machine([{ pid: 600, uid: 0, files: { 8: mac.listening({ port: PORT }) } }], { uid: 0 })
  const forks = Array.from({ length: 60 }, (_, i) => mac.spawn({ pid: 1000 + i, uid: 0 }))
  mac.before('listpidsAllocated', {}, ...forks)
  assert.equal(await findPidByLocalTcpPort(PORT), 600)
  assert.equal(mac.waitingHooks(), 0)
})

test('more than twenty forks since the last listing hide no old process from a user', async () => {
  const { findPidByLocalTcpPort } = freshPackage()
  table()
  assert.equal(await findPidByLocalTcpPort(4), null)
  const forks = Array.from({ length: 60 }, (_, i) => mac.spawn({ pid: 1000 + i, uid: 501 }))
  mac.before('listpidsAllocated', {}, ...forks)
  assert.equal(await findPidByLocalTcpPort(PORT), 600)
})
