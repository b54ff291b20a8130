// The tables of a run. `node bench/report.mjs` writes them again from the last full runs.

import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { clientTables, readClients } from './client-tables.mjs'
import { rows } from './goals.mjs'
import { PROGRAMS } from './lookups.mjs'
import { picture } from './picture.mjs'
import { duration, loadName, markdown, quantile, Samples, whole } from './statistics.mjs'

const here = import.meta.dirname
const kept = path.join(here, 'target', 'results.json')

export function report(results) {
  const parts = [
    ['', machine(results)],
    ['Goals', goals(results)],
    ['Everybody', everybody(results)],
    ['Spread of ours', spread(results)],
    ['System calls', calls(results)]
  ]
  if (results.growth.length > 0) parts.push(['Growth', growth(results)])
  return parts.map(([name, text]) => (name === '' ? text : `### ${name}\n\n${text}`)).join('\n\n')
}

function machine({ date, loads, loadAfter }) {
  const cpu = os.cpus()
  const before = loads.map(({ load }) => load.toFixed(1)).join(', ')
  return (
    `${date}: ${cpu.length} × ${cpu[0].model.trim()}, Linux ${os.release()}, ` +
    `Node ${process.version}, user ${os.userInfo().uid}. ` +
    `Load average at the head of each part: ${before}; at the end: ${loadAfter.toFixed(1)}.`
  )
}

function goals(results) {
  const head = ['case', 'load', 'ours', 'against', 'ratio', 'goal', '']
  return markdown(
    head,
    rows(results).map((row) => {
      return [row.name, row.load, row.ours, row.against, row.ratio, row.goal, row.verdict]
    })
  )
}

/** Medians of the two look-ups that everybody was asked for, and how many answers were wrong. */
function everybody({ loads }) {
  const cell = (samples, name) => {
    if (samples?.times[name] === undefined) return ''
    const { [name]: wrong } = samples.wrong
    const count = samples.times[name].length
    const mark = wrong === 0 ? '' : `, ${wrong} of ${count} wrong`
    return duration(samples.median(name)) + mark
  }
  const cases = [
    ['newOwner', 'new owner'],
    ['recent, init', 'recent owner'],
    ['burst', 'burst of 50']
  ]
  const head = ['']
  for (const load of loads) for (const [, name] of cases) head.push(`${loadName(load)} ${name}`)
  const names = ['ours', 'listeners', 'netstat2', ...PROGRAMS]
  return markdown(
    head,
    names.map((name) => {
      return [name, ...loads.flatMap((load) => cases.map(([key]) => cell(load[key], name)))]
    })
  )
}

function spread({ loads }) {
  const cases = ['newOwner', 'grouped', 'recent, init', 'recent, session', 'recent, other number']
  const lines = loads.flatMap((load) => {
    const measured = ['samples', ...cases, 'miss', 'burst'].filter((key) => load[key] != null)
    return measured.map((key) => {
      const times = load[key].times.ours
      const quantiles = [0.1, 0.5, 0.9].map((share) => duration(quantile(times, share)))
      const name = { samples: 'first', newOwner: 'new owner', grouped: 'own cgroup' }[key] ?? key
      return [loadName(load), name, ...quantiles, times.length]
    })
  })
  return markdown(['load', 'case', 'p10', 'median', 'p90', 'rounds'], lines)
}

function calls({ loads }) {
  const lines = loads
    .filter((load) => load.calls !== undefined)
    .flatMap((load) => [
      [loadName(load), 'plain walk', whole(load.calls.plain), '', ''],
      ...load.calls.results.map(({ name, kinds, total, ofSlices, slices }) => {
        const sorted = Object.entries(kinds).sort((a, b) => b[1] - a[1])
        const text = sorted.map(([kind, count]) => `${kind} ${whole(count)}`).join(', ')
        const each = (ofSlices / slices).toFixed(1)
        return [loadName(load), name.replaceAll('-', ' '), whole(total), each, text]
      })
    ])
  return markdown(['load', 'look-up', 'calls', 'and per slice', 'of which'], lines)
}

function growth({ growth }) {
  const base = growth[0]
  const cell = (row, key, name) => {
    const times = row[key].median(name)
    if (row === base) return duration(times)
    return `${duration(times)} (${(times / base[key].median(name)).toFixed(1)}×)`
  }
  const keys = ['first', 'newOwner', 'recent', 'miss']
  const lines = growth.flatMap((row) =>
    ['ours', 'listeners'].map((name) => [
      row.name,
      name,
      ...keys.map((key) => cell(row, key, name))
    ])
  )
  return markdown(['', '', 'first', 'new owner', 'recent owner', 'miss'], lines)
}

/** Writes the tables into figures.md, and the picture; real clients' too, where they were measured. */
export function save(results) {
  fs.writeFileSync(kept, JSON.stringify(results))
  const clients = readClients()
  const text = report(results)
  const parts = ['# The figures', 'Written by the benchmark; [what they mean](README.md).', text]
  if (clients !== undefined) parts.push(`### Real clients\n\n${clientTables(clients)}`)
  fs.writeFileSync(path.join(here, 'figures.md'), `${parts.join('\n\n')}\n`)
  fs.writeFileSync(path.join(here, 'figures.svg'), picture(results, clients))
  process.stdout.write(`${text}\n`)
}

/** What was kept has lost its classes on the way. */
function revived(_key, value) {
  return value?.times && value.wrong ? Object.assign(new Samples(), value) : value
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  save(JSON.parse(fs.readFileSync(kept, 'utf8'), revived))
}
