// Descriptors that the package keeps between lookups are in a table that is its host's: the host may
// close them, give their numbers to something else, fork, and have none left.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import {
  compileAddon,
  listen,
  needsAddons,
  needsLinux,
  startNode,
  startServer,
  temporaryDirectory
} from '../support/holders.mjs'
import { after } from '../support/through.mjs'

const skip = needsLinux

/** The channel to the kernel's socket tables. */
const KEPT = 1

test(`kept descriptors are close-on-exec, from 3 up, and just ${KEPT} after lookups of every kind`, {
  skip
}, async (t) => {
  const server = await startServer(t, '127.0.0.1')
  const { pid, said } = await startNode(t, keepDescriptors, { values: server.said })

  const kept = said.kept.map((number) => flagsOf(pid, number))

  assert.equal(said.kept.length, KEPT)
  assert.ok(
    said.kept.every((number) => number >= 3),
    `${said.kept}`
  )
  const closeOnExec = 0o2000000
  assert.deepEqual(
    kept.filter((flags) => (flags & closeOnExec) === 0),
    []
  )
})

test('a host that gives the kept numbers to files finds them untouched', { skip }, async (t) => {
  const server = await startServer(t, '127.0.0.1')
  const values = { ...server.said, directory: temporaryDirectory(t) }
  const host = await startNode(t, giveNumbersToFiles, { values })

  const { answers, taken, kept } = host.said
  const links = kept.map((number) => fs.readlinkSync(`/proc/${host.pid}/fd/${number}`))
  const contents = taken.map((file) => fs.readFileSync(file, 'utf8'))

  assert.deepEqual(answers, Array(3).fill({ answer: server.pid }))
  assert.deepEqual(links, taken)
  assert.deepEqual(contents, Array(taken.length).fill(''))
})

test('a host that gives the kept numbers to connections finds them untouched', {
  skip
}, async (t) => {
  const server = await startServer(t, '127.0.0.1')
  const target = await listen(t, '127.0.0.1')
  const received = receiveAll(target)
  const values = { ...server.said, target: target.port }
  const host = await startNode(t, giveNumbersToConnections, { values })

  const { answers, taken, kept } = host.said
  host.tell()
  const texts = await Promise.all(await received(kept.length))

  assert.deepEqual(answers, Array(3).fill({ answer: server.pid }))
  assert.deepEqual(taken, kept)
  assert.deepEqual(texts, Array(kept.length).fill('the end'))
})

for (const closesAll of [false, true]) {
  const manner = closesAll ? 'that closed every descriptor from 3 up' : 'without exec'
  test(`parent and forked child ${manner} both find the owner`, {
    skip: skip || needsAddons
  }, async (t) => {
    const server = await startServer(t, '127.0.0.1')
    const others = [await startServer(t, '127.0.0.1'), await startServer(t, '127.0.0.1')]
    const ports = [server, ...others].map(({ said }) => said.port)
    const flags = ['--single-threaded', '--v8-pool-size=0']
    const directory = temporaryDirectory(t)
    const values = { addon: compileAddon(t, 'fork.c'), closesAll, ports, directory }
    const host = await startNode(t, forkAndAsk, { flags, values })
    const told = [host.said, await host.next()]

    const pids = [server, ...others].map(({ pid }) => ({ answer: pid }))
    const rounds = Array(20).fill(pids)
    for (const { answers } of told) assert.deepEqual(answers, rounds)
    assert.deepEqual(told.map(({ isChild }) => isChild).sort(), [false, true])
    // A reply to the one could go to the other, were the channel to the kernel shared.
    assert.ok(
      told.find(({ isChild }) => isChild).newSockets > 0,
      'the child has a channel of its own'
    )
    const contents = fs
      .readdirSync(directory)
      .map((name) => fs.statSync(path.join(directory, name)))
    assert.equal(contents.length, closesAll ? 60 : 0)
    assert.deepEqual(
      contents.filter(({ size }) => size > 0),
      []
    )
  })
}

for (const isWarm of [false, true]) {
  const warmth = isWarm ? 'after a lookup' : 'before any lookup'
  test(`without descriptors left ${warmth} an answer is right or an error`, { skip }, async (t) => {
    const server = await startServer(t, '127.0.0.1')
    const values = { ...server.said, isWarm, pid: server.pid }
    const through = after('ulimit -n 80')
    const host = await startNode(t, runOutOfDescriptors, { through, values })

    const { none, few, all, path: program } = host.said
    const { error } = none
    const isRight = none.answer === server.pid

    assert.ok(isRight || error?.code === 'EMFILE', JSON.stringify(none))
    if (!isRight) assert.equal(typeof error.syscall, 'string')
    if (!isWarm) assert.ok(!isRight, 'nothing can be opened')
    assert.deepEqual(few, Array(4).fill({ answer: server.pid }))
    assert.deepEqual(all, { answer: server.pid })
    assert.deepEqual(program, { answer: process.execPath })
  })
}

/** Says which descriptors lookups of every kind leave behind. A port that nobody has takes the longest. */
async function keepDescriptors({ say, hear, ask, openNumbers, port }) {
  const before = openNumbers()
  for (let i = 0; i < 3; i++) {
    for (const each of [port, 1]) {
      await ask('findPidByLocalTcpPort', each)
      await ask('findPidByLocalUdpPort', each)
    }
    await ask('listSockets')
    await ask('getProcessPath', process.pid)
    await ask('getProcessInfo', process.pid)
  }
  say({ kept: openNumbers().filter((number) => !before.includes(number)) })
  await hear()
}

async function giveNumbersToFiles({ say, hear, ask, require, openNumbers, port, directory }) {
  const fs = require('node:fs')
  const before = openNumbers()
  await ask('findPidByLocalTcpPort', port)
  const kept = openNumbers().filter((number) => !before.includes(number))
  for (const number of kept) fs.closeSync(number)
  const taken = kept.map((number) => {
    const file = `${directory}/${number}`
    if (fs.openSync(file, 'w+') !== number) throw new Error('the number was taken')
    return file
  })
  const answers = []
  for (let i = 0; i < 3; i++) answers.push(await ask('findPidByLocalTcpPort', port))
  say({ kept, taken, answers })
  await hear()
}

async function giveNumbersToConnections({ say, hear, ask, require, openNumbers, port, target }) {
  const fs = require('node:fs')
  const net = require('node:net')
  const { once } = require('node:events')
  const before = openNumbers()
  await ask('findPidByLocalTcpPort', port)
  const kept = openNumbers().filter((number) => !before.includes(number))
  for (const number of kept) fs.closeSync(number)
  const sockets = kept.map(() => net.connect(target, '127.0.0.1'))
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  const answers = []
  for (let i = 0; i < 3; i++) answers.push(await ask('findPidByLocalTcpPort', port))
  say({ kept, taken: sockets.map((socket) => socket._handle.fd), answers })
  await hear()
  for (const socket of sockets) socket.end('the end')
}

/** Forks, and both ask at once. A child that closed everything opens sixty files in its place. */
async function forkAndAsk({ say, ask, hear, require, openNumbers, addon, closesAll, ...values }) {
  const { ports, directory } = values
  const fs = require('node:fs')
  const askAll = () => Promise.all(ports.map((port) => ask('findPidByLocalTcpPort', port)))
  const links = () => openNumbers().map((number) => fs.readlinkSync(`/proc/self/fd/${number}`))
  await askAll()
  const before = links()
  const isChild = require(addon).fork(closesAll) === 0
  if (isChild && closesAll) {
    for (let i = 0; i < 60; i++) fs.openSync(`${directory}/${i}`, 'w+')
  }
  const answers = []
  for (let i = 0; i < 20; i++) answers.push(await askAll())
  const newOnes = links().filter((link) => link.startsWith('socket:') && !before.includes(link))
  say({ isChild, answers, newSockets: newOnes.length })
  await hear()
}

async function runOutOfDescriptors({ say, hear, ask, require, port, pid, isWarm }) {
  const fs = require('node:fs')
  await ask('getProcessPath', pid) // Loads the binary, which needs a descriptor.
  if (isWarm) await ask('findPidByLocalTcpPort', port)
  const files = []
  const fill = () => {
    try {
      for (;;) files.push(fs.openSync('/dev/null'))
    } catch (error) {
      if (error.code !== 'EMFILE') throw error
    }
  }
  fill()
  const none = await ask('findPidByLocalTcpPort', port)
  const path = await ask('getProcessPath', pid)
  const few = []
  for (let free = 1; free <= 4; free++) {
    fill()
    for (const file of files.splice(0, free)) fs.closeSync(file)
    few.push(await ask('findPidByLocalTcpPort', port))
  }
  for (const file of files) fs.closeSync(file)
  say({ none, path, few, all: await ask('findPidByLocalTcpPort', port) })
  await hear()
}

/** What arrives on the next connections, each to its end. */
function receiveAll(server) {
  const texts = []
  server.on('connection', (socket) => {
    texts.push(
      (async () => {
        let text = ''
        for await (const part of socket) text += part
        return text
      })()
    )
  })
  return async (count) => {
    while (texts.length < count) await once(server, 'connection')
    return texts
  }
}

function flagsOf(pid, number) {
  const info = fs.readFileSync(`/proc/${pid}/fdinfo/${number}`, 'utf8')
  return Number.parseInt(info.match(/^flags:\s+(\d+)/m)[1], 8)
}
