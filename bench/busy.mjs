// What a walk does to everything else that goes on in the process: quick lookups, the event loop,
// files and names on libuv's pool. Idle and busy stretches take turns.

import dns from 'node:dns/promises'
import fs from 'node:fs/promises'
import { createRequire } from 'node:module'
import { setTimeout as pause } from 'node:timers/promises'
import { timed } from './rivals.mjs'

const require = createRequire(import.meta.url)
const owner = require('../index.js')

/** Long enough for several walks. */
const STRETCH_MS = 800

/** Keeps all those questions under way until it is told to stop. */
function keepAsking(questions) {
  let isOver = false
  const done = (async () => {
    while (!isOver) await Promise.all(questions.map(({ ends }) => owner.findPeerPid(ends)))
  })()
  return async () => {
    isOver = true
    await done
  }
}

/** How long `work` takes, idle and with `questions` under way, in so many stretches of each. */
async function idleAndBusy(questions, stretches, work) {
  const idle = []
  const busy = []
  for (let i = 0; i < stretches; i += 1) {
    await repeated(work, idle)
    const stop = keepAsking(questions)
    await repeated(work, busy)
    await stop()
  }
  return { idle, busy }
}

async function repeated(work, times) {
  const over = performance.now() + STRETCH_MS
  while (performance.now() < over) times.push((await timed(work)).ms)
}

/** Lookups of a recent owner while misses walk without pause. */
export async function quickLookUps(population, stretches) {
  const client = population.stranger(population.ofInit)
  const { ends, pid } = await population.connect(client)
  const misses = await population.fly(4)
  const look = async () => {
    const answer = await owner.findPeerPid(ends)
    if (answer !== pid) throw new Error(`wrong owner: ${answer}, not ${pid}`)
  }
  await look()
  const times = await idleAndBusy(misses, stretches, look)
  await population.land()
  await population.drop(client)
  return times
}

/** How late a timer of a millisecond is while a thousand calls are under way. */
export async function eventLoop(population, stretches) {
  const misses = await population.fly(1000)
  const times = await idleAndBusy(misses, stretches, () => pause(1))
  await population.land()
  return times
}

/** `fs` and `dns`, which work on libuv's pool too, while 500 misses are under way. */
export async function poolWork(population, stretches) {
  const misses = await population.fly(500)
  const kinds = [() => fs.stat('/etc/hosts'), () => dns.lookup('localhost')]
  let turn = 0
  const times = await idleAndBusy(misses, stretches, () => {
    turn += 1
    return kinds[turn % kinds.length]()
  })
  await population.land()
  return times
}
