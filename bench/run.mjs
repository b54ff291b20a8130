// `npm run bench`: all loads, all cases, the tables and the picture. `-- --quick`: fewer rounds of
// the essential cases, nothing is written.

import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { eventLoop, poolWork, quickLookUps } from './busy.mjs'
import { countCalls } from './calls.mjs'
import { lists, listsBeside, records } from './lists.mjs'
import { burst, first, grouped, miss, newOwner, ports, recent } from './lookups.mjs'
import { remembered } from './memory.mjs'
import { Population } from './population.mjs'
import { report, save } from './report.mjs'

const here = import.meta.dirname
const isQuick = process.argv.includes('--quick')
const say = (text) => process.stderr.write(`${text}\n`)

const LOADS = [
  { processes: 100, sockets: 200 },
  { processes: 300, sockets: 2000 },
  { processes: 1000, sockets: 10_000 }
]
/** The others start so many programs for fifty lookups that the machine is busy for minutes. */
const BURST_RIVALS = ['listeners', 'netstat2', 'pid-port', 'ss']
/** Ten times as much of one thing, each against the first. */
const GROWTH = [
  { name: '100 processes, 200 sockets', processes: 100, sockets: 200, fill: 1 },
  { name: '10× processes (and so descriptors)', processes: 1000, sockets: 200, fill: 1 },
  { name: '10× descriptors', processes: 100, sockets: 200, fill: 10 },
  { name: '10× sockets', processes: 100, sockets: 2000, fill: 1 }
]

function prepare() {
  if (process.platform !== 'linux') throw new Error('The benchmark is for Linux.')
  const run = (command, args, cwd) => {
    const { status, error } = spawnSync(command, args, { cwd, stdio: ['ignore', 2, 2] })
    if (status !== 0) throw error ?? new Error(`${command} ${args.join(' ')}: ${status}`)
  }
  run('cargo', ['build', '--release', '--quiet'], here)
  if (!fs.existsSync(path.join(here, 'node_modules'))) {
    run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], here)
  }
  run('strace', ['-V'], here)
}

/** Says how long each part took. */
async function part(name, work) {
  const begun = performance.now()
  const result = await work()
  say(`  ${name}: ${((performance.now() - begun) / 1000).toFixed(1)} s`)
  return result
}

async function measureLoad({ processes, sockets }, methods, listers) {
  const isLarge = processes >= 1000
  const isPictured = processes === 300
  const population = await Population.start(processes, sockets)
  say(`${processes} processes, ${sockets} sockets`)

  const result = { processes, sockets, load: os.loadavg()[0] }
  const groups = await measureLookUps(result, population, methods)
  await measureWhole(result, population, methods, isPictured)
  result.list = await part('list', () => lists(population, methods, listers, isQuick ? 3 : 15))
  if (isPictured || isQuick) {
    result.records = await part('records', () => records(population, 200))
  }
  if (isLarge) await measureBeside(result, population)
  if (isLarge || !isQuick) {
    result.calls = await part('calls', () => countCalls(population, methods.walk))
  }
  await population.end()
  groups.remove()
  return result
}

/** One owner at a time, in each state that it can be in. */
async function measureLookUps(result, population, methods) {
  const few = isQuick ? 5 : 20
  const spawned = isQuick ? 1 : 2
  const recently = { count: isQuick ? 60 : 300, every: isQuick ? 20 : 15 }
  Object.assign(result, await part('first', () => first(population, methods, few)))
  result.newOwner = await part('new owner', () => newOwner(population, methods, few, spawned))
  const groups = await part('cgroups', () => grouped(population, methods, few))
  result.grouped = groups.samples
  for (const parent of ['init', 'session']) {
    result[`recent, ${parent}`] = await part(`recent, ${parent}`, () => {
      const options = { ...recently, spawned: parent === 'init' ? spawned : 0 }
      return recent(population, methods, { ...options, reconnects: true, parent })
    })
  }
  result['recent, other number'] = await part('recent, other number', () =>
    recent(population, methods, { count: 40, every: 20, reconnects: false, parent: 'init' })
  )
  result.ports = await part('ports', () => ports(methods, few))
  return groups
}

/** What needs a whole walk. */
async function measureWhole(result, population, methods, isPictured) {
  const burstRivals = BURST_RIVALS.filter((name) => name in methods)
  const rivals = isPictured && !isQuick ? burstRivals : []
  result.miss = await part('miss', () => miss(population, methods, isQuick ? 3 : 10))
  result.burst = await part('burst', () => {
    return burst(population, methods, isQuick ? 3 : 10, rivals)
  })
}

/** What else goes on in the process meanwhile. */
async function measureBeside(result, population) {
  const stretches = isQuick ? 1 : 4
  result.quick = await part('quick ones', () => quickLookUps(population, stretches))
  result.eventLoop = await part('event loop', () => eventLoop(population, stretches))
  result.pool = await part('fs and dns', () => poolWork(population, stretches))
  result.beside = await part('list beside', () => listsBeside(isQuick ? 2 : 5))
  result.remembered = await part('memory', () => remembered(population))
}

async function measureGrowth(methods) {
  const results = []
  for (const { name, processes, sockets, fill } of GROWTH) {
    say(name)
    const population = await Population.start(processes, sockets, fill)
    const init = { count: 60, every: 30, reconnects: true, parent: 'init' }
    results.push({
      name,
      first: (await first(population, methods, 7)).samples,
      newOwner: await newOwner(population, methods, 7),
      recent: await recent(population, methods, init),
      miss: await miss(population, methods, 5)
    })
    await population.end()
  }
  return results
}

async function main() {
  prepare()
  // After `prepare`, which installs what they import.
  const { startLists, startNatives, startPrograms } = await import('./rivals.mjs')
  const begun = performance.now()
  const methods = { ...startNatives(), ...(await startPrograms()) }
  const listers = await startLists(methods)
  const results = { date: new Date().toISOString().slice(0, 10), isQuick, loads: [] }
  const loads = LOADS.filter(({ processes }) => !isQuick || processes !== 300)
  for (const load of loads) results.loads.push(await measureLoad(load, methods, listers))
  results.growth = isQuick ? [] : await measureGrowth(methods)
  results.loadAfter = os.loadavg()[0]
  await methods.end()
  say(`${((performance.now() - begun) / 1000).toFixed(0)} s`)
  if (isQuick) process.stdout.write(`${report(results)}\n`)
  else save(results)
}

await main()
