// System calls of a lookup, by kind, counted by strace between two marks.

import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { callsOf, tracedCommand } from '../__test__/support/trace.mjs'
import { Resident } from './population.mjs'

/** Traces one process; `ask(name, questions)` gives the counts of those lookups. */
export class Traced {
  static async start() {
    const traced = new Traced()
    traced.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'socket-owner-bench-'))
    traced.log = path.join(traced.folder, 'trace')
    const [strace, ...args] = tracedCommand(traced.log)
    traced.resident = new Resident(strace, args)
    await traced.resident.next()
    return traced
  }

  async ask(name, questions) {
    const asked = questions.map(({ ends }) => ends)
    const answer = JSON.parse(await this.resident.tell(JSON.stringify({ name, asked })))
    questions.forEach(({ pid }, i) => {
      if (answer.pids[i] !== pid) throw new Error(`${name}: ${answer.pids[i]}, not ${pid}`)
    })
    return { ...answer, ...callsOf(this.log, name) }
  }

  async end() {
    await this.resident.end()
    fs.rmSync(this.folder, { recursive: true })
  }
}

/** The lookups of the table, each in the state that the one before has left. */
export async function countCalls(population, walk) {
  const traced = await Traced.start()
  const results = []
  const plain = (await walk()).pid
  const ask = async (name, questions) => {
    results.push({ name, ...(await traced.ask(name, questions)) })
  }
  const client = population.stranger()
  await ask('first', [await population.connect(client)])
  const stranger = population.stranger()
  await population.churn(stranger)
  await ask('new-owner', [await population.connect(stranger)])
  await population.drop(stranger)
  await ask('recent-owner', [await population.connect(stranger)])
  await ask('recent-owner-other-number', [await population.connect(stranger)])
  const misses = await population.fly(51)
  await ask('miss', misses.slice(0, 1))
  await ask('burst-of-50-misses', misses.slice(1))
  const clients = Array.from({ length: 20 }, () => population.stranger())
  const questions = []
  for (const one of clients) questions.push(await population.connect(one))
  await ask('burst-of-20-hits', questions)
  for (const one of [client, stranger, stranger, ...clients]) await population.drop(one)
  await population.land()
  await traced.end()
  return { plain, results }
}
