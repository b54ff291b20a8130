// `npm run bench:clients`: real programs through the example proxy, which waits for each answer. Every
// answer is checked; its time stands beside that of a readlink begun at the same moment in the same
// process, so that a busy machine slows both. `-- --quick`: fewer connections, the quiet machine only.

import { spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { clientTables, keepClients } from './client-tables.mjs'
import { makeRepository, PROGRAMS, run } from './clients/programs.mjs'
import { Resident } from './population.mjs'
import { quantile } from './statistics.mjs'

const here = import.meta.dirname
const AT_ONCE = [1, 6]

/** The proxy and the origin, and the programs that go through them. */
export class Clients {
  static async start() {
    const clients = new Clients()
    clients.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'socket-owner-clients-'))
    const script = (name, ...args) => {
      return new Resident(process.execPath, [path.join(here, 'clients', name), ...args])
    }
    clients.origin = script('origin.cjs', makeRepository(clients.folder))
    clients.originUrl = `http://127.0.0.1:${await clients.origin.next()}`
    clients.proxy = script('proxy.cjs')
    clients.proxyPort = JSON.parse(await clients.proxy.next()).port
    return clients
  }

  /** What was measured of one program: its lookups. */
  async measure(name, count, atOnce) {
    const { proxyPort: proxy, originUrl: origin, folder } = this
    const options = { proxy, origin, folder, count, atOnce }
    await run(PROGRAMS[name], options, {
      started: (pid) => this.proxy.tell(`root ${pid}`),
      done: () => this.origin.next()
    })
    return { name, atOnce, ...JSON.parse(await this.proxy.tell('report')) }
  }

  async end() {
    await this.proxy.end()
    await this.origin.end()
    fs.rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Keeps every processor busy until it is ended. */
function keepBusy() {
  const loop = ['--eval', 'for (;;) Math.random()']
  const busy = os.cpus().map(() => spawn(process.execPath, loop, { stdio: 'ignore' }))
  return () => {
    for (const each of busy) each.kill()
  }
}

/** Of the lookups of a program that had answered before, how many needed no count and no walk. */
export function knownAtOnce(lookUps) {
  const known = lookUps.filter(({ isKnown }) => isKnown)
  return { known: known.length, quick: known.filter(({ step }) => step === 'recent').length }
}

/** Each program's lookups. */
async function measureAll(clients, count) {
  const all = []
  for (const [name, { needs = name, atOnce = AT_ONCE }] of Object.entries(PROGRAMS)) {
    if (needs === undefined) continue
    for (const each of atOnce) all.push(summary(await clients.measure(name, count, each)))
    process.stderr.write(`  ${name}\n`)
  }
  return all
}

/** What is kept of a program's lookups. */
function summary({ name, atOnce, lookUps }) {
  const [ours, beside] = ['ms', 'beside'].map((key) => lookUps.map((lookUp) => lookUp[key]))
  const checked = lookUps.filter(({ isRight }) => isRight !== undefined)
  const right = checked.filter(({ isRight }) => isRight).length
  const at = (part) => [ours, beside].map((values) => quantile(values, part))
  const counts = { checked: checked.length, right, ...knownAtOnce(lookUps) }
  return { name, atOnce, counts, median: at(0.5), p90: at(0.9) }
}

if (process.argv[1] === import.meta.filename) {
  const isQuick = process.argv.includes('--quick')
  const count = isQuick ? 40 : 300
  const clients = await Clients.start()
  const results = { quiet: { load: os.loadavg()[0], rows: await measureAll(clients, count) } }
  if (!isQuick) {
    const rest = keepBusy()
    results.busy = { load: os.loadavg()[0], rows: await measureAll(clients, count) }
    rest()
  }
  await clients.end()
  console.log(clientTables(results))
  if (!isQuick) keepClients(results)
}
