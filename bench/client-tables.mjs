// The tables of real clients, and where their last full run is kept for the other tables.

import fs from 'node:fs'
import path from 'node:path'
import { duration, markdown, ratio } from './statistics.mjs'

const kept = path.join(import.meta.dirname, 'target', 'clients.json')

const HEAD = [
  'client',
  'right',
  'known at once',
  ...['median', 'readlink', 'ratio'],
  ...['p90', 'readlink', 'ratio']
]

/** Keeps a run. */
export function keepClients(results) {
  fs.writeFileSync(kept, JSON.stringify(results))
}

/** Returns the run that was kept last; `undefined` where there is none. */
export function readClients() {
  return fs.existsSync(kept) ? JSON.parse(fs.readFileSync(kept, 'utf8')) : undefined
}

/** Returns a table for the quiet machine, and one for the busy machine where it was measured. */
export function clientTables({ quiet, busy }) {
  const table = ({ load, rows }, title) => {
    return `${title}, load average ${load.toFixed(1)}:\n\n${markdown(HEAD, rows.map(row))}`
  }
  const tables = [table(quiet, 'A quiet machine')]
  if (busy !== undefined) tables.push(table(busy, 'A busy loop on each processor'))
  return tables.join('\n\n')
}

function row({ name, atOnce, counts, median, p90 }) {
  const { checked, right, known, quick } = counts
  const cells = ([ours, beside]) => [duration(ours), duration(beside), ratio(ours / beside)]
  return [
    `${name}, ${atOnce} at a time`,
    `${right} of ${checked}`,
    known === 0 ? '' : `${((100 * quick) / known).toFixed(1)} % of ${known}`,
    ...cells(median),
    ...cells(p90)
  ]
}
