// Truth while processes start, end, share, pass, renumber and reset, and pids are used again. A model
// knows from the holders' own words who held what when; no answer may differ from it. CHURN_SECONDS
// says how long, CHURN_LOG where to keep what was said; the long form is in scripts/ci-full.mjs.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { breaches, Model } from '../support/churn-model.mjs'
import {
  fixture,
  needsPython,
  needsRoot,
  pythonPath,
  temporaryDirectory
} from '../support/holders.mjs'
import { after } from '../support/through.mjs'

const seconds = Number(process.env.CHURN_SECONDS ?? 20)
const seed = Number(process.env.CHURN_SEED ?? Date.now() % 1_000_000)

test('the model knows a false answer from a true one', () => {
  const model = new Model()
  const lines = [
    'h 80 0 500 10 20 1 plain', // Held by 500 from 20 to 100, and by nobody then.
    'l 80 0 500 100 110',
    'h 4000 80 600 10 20 0 renumbers', // Under numbers that change.
    's 2',
    'q port 80 0 30 40 500 any', // True ones.
    'q port 80 0 105 120 0 any',
    'q port 80 0 90 120 0 any',
    'q peer 4000 80 30 40 0 any',
    'q peer 4000 80 30 40 600 any',
    'q port 80 0 30 40 0 any', // False ones.
    'q port 80 0 30 40 600 any',
    'q port 80 0 111 120 500 any',
    'q peer 4000 81 30 40 600 any',
    'q port 80 0 30 40 EIO:open any'
  ]
  for (const line of lines) model.hear(line)

  const found = breaches(model).map(({ breach, from, answer }) => `${from} ${answer} ${breach}`)

  assert.deepEqual(found, [
    '30 0 null while a process held it',
    '30 600 a process that did not hold it',
    '111 500 a process that did not hold it',
    '30 600 a process that did not hold it',
    '30 EIO:open an error'
  ])
})

test('a holder is told, nobody else, and null only when nobody held the socket', {
  skip: needsRoot || needsPython
}, async (t) => {
  t.diagnostic(`CHURN_SEED=${seed}`)
  const namespaces = ['--pid', '--net', '--fork', '--mount-proc']
  const network = after('ip link set lo up')
  const log = process.env.CHURN_LOG ?? path.join(temporaryDirectory(t), 'log')
  fs.writeFileSync(log, '')
  const storm = [pythonPath, fixture('storm.py'), seconds, seed, log]
  const asker = [process.execPath, fixture('asker.cjs')]
  const args = [...namespaces, ...network, ...storm, ...asker].map(String)
  const child = spawn('unshare', args, { stdio: ['ignore', 'inherit', 'inherit'], detached: true })
  t.after(() => child.exitCode ?? process.kill(-child.pid, 'SIGKILL'))

  const [code] = await once(child, 'exit')
  const model = new Model()
  const lines = createInterface({ input: fs.createReadStream(log) })
  for await (const line of lines) model.hear(line)
  // A storm whose asker ends before its time fails: nobody would have asked.
  assert.equal(code, 0)
  const found = breaches(model)

  const { started, pids, kinds } = model
  t.diagnostic(`${started} processes under ${pids.size} pids; ${JSON.stringify(kinds)}`)
  assert.deepEqual(found, [])
  // The storm was one: pids came again, and every kind of question was answered in both ways.
  assert.ok(pids.size < started, 'no pid was used again')
  for (const kind of ['port', 'peer']) assert.ok(kinds[kind].owner > 0, `no owner of a ${kind}`)
  assert.ok(kinds.port.null > 0, 'no port was free')
})
