// What is kept between lookups: bytes and descriptors of a fresh process, after a lookup
// that finds no socket and after twenty owners and a miss.

import path from 'node:path'
import { Resident } from './population.mjs'

const program = path.join(import.meta.dirname, 'memory.cjs')

export async function remembered(population) {
  const clients = Array.from({ length: 20 }, () => population.stranger())
  const questions = []
  for (const client of clients) questions.push(await population.connect(client))
  const misses = await population.fly(1)
  const process_ = new Resident(process.execPath, ['--expose-gc', program])
  await process_.next()
  const ask = async (asked) => {
    const list = asked.map(({ ends }) => ends)
    return JSON.parse(await process_.tell(JSON.stringify(list)))
  }
  // No such connection: all is loaded and has run, nothing is remembered.
  const nobody = Array.from({ length: 20 }, () => {
    return { ends: { ...misses[0].ends, remotePort: 1 } }
  })
  const start = await ask([])
  await ask(nobody)
  const before = await ask(nobody)
  await ask([...questions, ...misses])
  const after = await ask([...questions, ...misses])
  await process_.end()
  await population.land()
  for (const client of clients) await population.drop(client)
  return {
    bytes: after.bytes - before.bytes,
    descriptors: after.descriptors - start.descriptors
  }
}
