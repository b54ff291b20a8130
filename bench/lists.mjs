// Every socket with its holders, ours and the rivals' in the same rounds, beside one complete miss; and
// what a list does to the event loop.

import { createRequire } from 'node:module'
import { setTimeout as pause } from 'node:timers/promises'
import { timed } from './rivals.mjs'
import { Samples } from './statistics.mjs'

const owner = createRequire(import.meta.url)('../index.js')

/**
 * How long a list takes; `rows`: how many each of them told. In an order that is drawn anew: whoever
 * follows one that leaves garbage in this process, or has started a program, takes longer for it.
 */
export async function lists(population, methods, listers, count) {
  const samples = new Samples()
  const rows = {}
  for (let i = 0; i < count; i += 1) {
    for (const name of population.shuffled(['miss', ...Object.keys(listers)])) {
      if (name === 'miss') {
        const [question] = await population.fly(1)
        samples.add('miss', await methods.ours(question), null)
        await population.land()
      } else {
        const { ms, pid: told } = await listers[name]()
        samples.add(name, { ms, pid: null }, null)
        rows[name] = told
      }
    }
  }
  return { samples, rows }
}

/** How late a timer of a millisecond is, with a list under way and without. */
export async function listsBeside(count) {
  const idle = []
  const busy = []
  for (let i = 0; i < count; i += 1) {
    const listing = owner.listSockets()
    let isListing = true
    listing.finally(() => {
      isListing = false
    })
    while (isListing) busy.push((await timed(() => pause(1))).ms)
    for (let k = 0; k < 100; k += 1) idle.push((await timed(() => pause(1))).ms)
  }
  return { idle, busy }
}

/** A record in one call, and in two. */
export async function records(population, count) {
  const samples = new Samples()
  const client = population.stranger(population.ofInit)
  for (let i = 0; i < count; i += 1) {
    const { ends, pid } = await population.connect(client)
    const inOne = () => timed(async () => (await owner.findPeerProcess(ends))?.pid)
    const inTwo = () =>
      timed(async () => (await owner.getProcessInfo(await owner.findPeerPid(ends)))?.pid)
    const order = i % 2 === 0 ? { one: inOne, two: inTwo } : { two: inTwo, one: inOne }
    for (const [name, look] of Object.entries(order)) samples.add(name, await look(), pid)
    await population.drop(client)
  }
  return samples
}
