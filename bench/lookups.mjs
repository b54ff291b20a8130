// One lookup in each situation that makes a difference, ours and the rivals' in the same rounds,
// in an order that rotates.

import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { ownGroups, Resident } from './population.mjs'
import { timed } from './rivals.mjs'
import { Samples } from './statistics.mjs'

/** Enough that none of them is a recent owner when its turn comes again. */
const GROUPS = 24
const RECENT = 8
/** As long as rivals are asked beside ours of a recent owner, which takes a thousandth of it. */
const RIVALS_MS = 10_000
const NATIVES = ['ours', 'listeners', 'netstat2']
export const PROGRAMS = ['pid-port', 'find-process', 'systeminformation', 'ss', 'lsof']
const everybody = (methods) => [...NATIVES, ...PROGRAMS.filter((name) => name in methods)]

/** Counts up to `most`, and not for longer than a busy machine may take. */
function* rounds(most, seconds = 10) {
  const fewest = 3
  const over = performance.now() + seconds * 1000
  for (let i = 0; i < most && (i < fewest || performance.now() < over); i += 1) yield i
}

async function round(samples, methods, names, question, at) {
  for (let i = 0; i < names.length; i += 1) {
    const name = names[(i + at) % names.length]
    samples.add(name, await methods[name](question), question.pid)
  }
}

/** In a fresh Node each time. The lookup's time has the loading of the binary in it. */
export async function first(population, natives, count) {
  const samples = new Samples()
  const starts = { require: [], load: [] }
  for (const i of rounds(count)) {
    const client = population.stranger()
    const question = await population.connect(client)
    const fresh = new Resident(process.execPath, [path.join(import.meta.dirname, 'first.cjs')])
    await fresh.next()
    const ours = async ({ ends }) => {
      const { pid, require, load, look } = JSON.parse(await fresh.tell(JSON.stringify(ends)))
      starts.require.push(require)
      starts.load.push(load)
      return { ms: load + look, pid }
    }
    await round(samples, { ...natives, ours }, NATIVES, question, i)
    await fresh.end()
    await population.drop(client)
  }
  return { samples, starts }
}

/**
 * A process that did not answer lately, and a tenth of the others has changed since the last
 * lookup. The programs that are started are asked in the first `spawned` rounds.
 */
export async function newOwner(population, methods, count, spawned = 0, among = undefined) {
  const samples = new Samples()
  for (const i of rounds(count)) {
    const client = population.stranger(among)
    await population.churn(client)
    const question = await population.connect(client)
    await round(samples, methods, i < spawned ? everybody(methods) : NATIVES, question, i)
    await population.drop(client)
  }
  return samples
}

/** The same, of clients that have a cgroup each. `null` where there are no cgroups to make. */
export async function grouped(population, methods, count) {
  const clients = new Set()
  while (clients.size < GROUPS) {
    const client = population.random(population.clients.length)
    if (!population.heavy.includes(client)) clients.add(client)
  }
  const remove = ownGroups(population, [...clients])
  if (remove === null) return { samples: null, remove: () => {} }
  return { samples: await newOwner(population, methods, count, 0, [...clients]), remove }
}

/**
 * A process that answered lately has one more connection. `reconnects`: it has closed the last
 * one, so that the new one gets its number. `parent`: whose child it is; the holders among its
 * ancestors are asked for too. Rivals are asked every `every` rounds.
 */
export async function recent(
  population,
  methods,
  { count, every, spawned = 0, reconnects, parent }
) {
  const samples = new Samples()
  const family = parent === 'init' ? population.ofInit : population.ofSession
  const clients = Array.from({ length: RECENT }, () => population.stranger(family))
  for (const client of clients) {
    const question = await population.connect(client)
    await methods.ours(question)
    if (reconnects) await population.drop(client)
  }
  const over = performance.now() + RIVALS_MS
  for (let i = 0; i < count; i += 1) {
    const client = clients[i % RECENT]
    const question = await population.connect(client)
    const rivals = i < spawned * every ? everybody(methods) : NATIVES
    const isTheirs = i % every === 0 && (i === 0 || performance.now() < over)
    await round(samples, methods, isTheirs ? rivals : ['ours'], question, i)
    // What no lookup can do without: a worker, and its calls, here by who knows their answers.
    const readlink = await timed(() => fs.promises.readlink('/proc/self/exe'))
    samples.add('readlink', readlink, readlink.pid)
    if (isTheirs) await least(samples, methods, question)
    if (reconnects) await population.drop(client)
  }
  return samples
}

async function least(samples, methods, question) {
  const { ms, pid: calls } = await methods.least(question)
  if (calls === 0) return
  samples.add('least', { ms, pid: calls }, calls)
  samples.calls = calls
}

/**
 * A local port and nothing else: that of a listener and of its client, both of this process, which has
 * answered before; of a server that nobody has asked about; and one that is free.
 */
export async function ports(methods, count) {
  const samples = { listener: new Samples(), client: new Samples(), free: new Samples() }
  const ask = async (name, port, pid) => {
    for (const [method, look] of [
      ['ours', methods.oursByPort],
      ['listeners', methods.listeners]
    ]) {
      samples[name].add(method, await look({ port }), pid)
    }
  }
  for (const _ of rounds(count)) {
    const server = net.createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address()
    const client = net.connect(port, '127.0.0.1')
    const [accepted] = await once(server, 'connection')
    await ask('listener', port, process.pid)
    await ask('client', client.localPort, process.pid)
    server.close()
    // The server's end goes into TIME_WAIT.
    accepted.end()
    client.end()
    await once(server, 'close')
    await ask('free', port, null)
  }
  return samples
}

/** A socket that is there and that no process holds: everything has to be read. */
export async function miss(population, methods, count) {
  const samples = new Samples()
  for (const i of rounds(count)) {
    const [question] = await population.fly(1)
    await round(samples, methods, NATIVES, question, i)
    samples.add('walk', { ...(await methods.walk()), pid: null }, null)
    await population.land()
  }
  return samples
}

/** Fifty clients have connected, and all are asked for at once. */
export async function burst(population, methods, count, rivals) {
  const samples = new Samples()
  for (const i of rounds(count)) {
    const clients = Array.from({ length: population.clients.length }, (_, k) => k)
    const chosen = Array.from({ length: 50 }, () => {
      return clients.splice(population.random(clients.length), 1)[0]
    })
    const questions = []
    for (const client of chosen) questions.push(await population.connect(client))
    const names = i === 0 ? ['ours', ...rivals] : ['ours']
    for (const name of names) {
      const { ms, pid: answers } = await timed(() =>
        Promise.all(questions.map((question) => methods[name](question)))
      )
      const isRight = answers.every(({ pid }, k) => pid === questions[k].pid)
      samples.add(name, { ms, pid: isRight }, true)
    }
    for (const client of chosen) await population.drop(client)
  }
  return samples
}
