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
import { Model } from '../support/churn-model.mjs'
import {
  fixture,
  needsPython,
  needsRoot,
  pythonPath,
  temporaryDirectory
} from '../support/holders.mjs'
import { after } from '../support/through.mjs'

const seconds = Number(process.env.CHURN_SECONDS ?? 20)
const SHOWN = 20
const seed = Number(process.env.CHURN_SEED ?? Date.now() % 1_000_000)

/** What holders say, of one TCP and one UDP port and of a connection, and who is asked about. */
const HOLDS = [
  'h tcp 80 0 500 10 20 1 plain 7 a', // Held by 500 from 20 to 100, and by nobody then.
  'l tcp 80 0 500 100 110',
  'h tcp 4000 80 600 10 20 0 renumbers 8 b', // Under numbers that change.
  'h tcp 4001 80 700 10 20 1 shares 9 c', // By two.
  'h tcp 4001 80 701 10 20 1 shares 9 c,d',
  'h udp 53 0 500 10 20 1 plain 7 a',
  'h udp 54 99 500 10 20 1 connects_elsewhere 7 a',
  'o tcp 21 900',
  'h tcp 21 0 900 10 20 1 asker 0 -',
  's 2'
]

test('the model knows a false answer from a true one', () => {
  const answers = {
    'q port tcp 80 0 30 40 500 any': [],
    'q port tcp 80 0 105 120 0 any': [],
    'q port tcp 80 0 90 120 0 any': [],
    'q peer tcp 4000 80 30 40 0 any': [],
    'q peer tcp 4000 80 30 40 600 any': [],
    'q record tcp 4000 80 30 40 600:8:b any': [],
    'q record tcp 4001 80 30 40 701:9:c any': [],
    'q port udp 53 0 30 40 500 any': [],
    'q reply udp 53 21 30 40 500 any': [],
    'q reply udp 54 21 30 40 0 any': [],
    'q port tcp 80 0 30 40 0 any': ['null while a process held it'],
    'q port tcp 80 0 30 40 600 any': ['a process that did not hold it'],
    'q port tcp 80 0 111 120 500 any': ['a process that did not hold it'],
    'q peer tcp 4000 81 30 40 600 any': ['a process that did not hold it'],
    'q port tcp 80 0 30 40 EIO:open any': ['an error'],
    'q record tcp 4000 80 30 40 600:9:b any': ['a record of another process'],
    'q record tcp 4000 80 30 40 600:8:a any': ['a record of another process'],
    'q record tcp 4001 80 30 40 0 any': ['null while a process held it'],
    'q port udp 80 0 30 40 500 any': ['a process that did not hold it'],
    'q reply udp 53 21 30 40 0 any': ['null while a process held it'],
    'q reply udp 54 21 30 40 500 any': ['a process that did not hold it']
  }
  assert.deepEqual(judged(answers), answers)
})

test('the model knows a false list from a true one', () => {
  const shared = 'tcp/4001/80/700+701'
  const all = `tcp/80/0/500,${shared},udp/53/0/500,udp/54/99/500,tcp/21/0/900`
  const answers = {
    [`r 30 40 all ${all}`]: [],
    [`r 30 40 all ${all},tcp/21/4001/900,tcp/4000/80/`]: [], // A connection that was accepted, a hidden one.
    'r 30 40 pid=700 tcp/4001/80/700': [],
    'r 30 40 port=54 udp/54/0/500,udp/54/99/500': [], // It was seen before it had connected, and then again.
    'r 30 40 port=81 ': [],
    'r 30 40 udp udp/53/0/500,udp/54/99/500': [],
    [`r 120 130 all ${all.slice('tcp/80/0/500,'.length)}`]: [],
    [`r 30 40 all ${all},tcp/4000/80/500`]: ['a process that did not hold it'],
    [`r 30 40 all ${all},tcp/22/4001/900`]: ['a process that did not hold it'],
    [`r 120 130 all ${all}`]: ['a process that did not hold it'],
    [`r 30 40 all ${all.replace(shared, 'tcp/4001/80/700')}`]: [
      'a steady socket without its holder'
    ],
    [`r 30 40 all ${all.replace('tcp/21/0/900,', '')},${shared}`]: [
      'a steady socket is there twice',
      'a steady socket is there twice'
    ],
    [`r 30 40 all ${all.replace('udp/53/0/500,', '')}`]: ['a steady socket is missing'],
    'r 30 40 port=80 tcp/80/0/500,tcp/81/0/': ['a row that was not asked for'],
    'r 30 40 pid=700 ': ['a steady socket is missing'],
    'r 30 40 all EMFILE:open': ['an error']
  }
  assert.deepEqual(judged(answers), answers)
})

test('the model knows the order of holders', () => {
  const holds = ['h udp 53 0 500 10 20 1 shares 7 a', 'h udp 53 0 400 10 20 1 shares 8 a,b']
  const told = judged(
    { 'r 30 40 all udp/53/0/500+400': 0, 'r 30 40 udp udp/53/0/400+500': 0 },
    holds
  )
  assert.deepEqual(Object.values(told), [[], ['a younger holder in front of an older one']])
})

/** Returns what is false in each of these answers. */
function judged(answers, holds = HOLDS) {
  const model = new Model()
  for (const line of holds) model.hear(line)
  const breaches = (line) => model.judge(line).map(({ breach }) => breach)
  return Object.fromEntries(Object.keys(answers).map((line) => [line, breaches(line)]))
}

/** Hands over each line, of what may be more than a string can hold. */
async function eachLine(file, hand) {
  for await (const line of createInterface({ input: fs.createReadStream(file) })) hand(line)
}

test('a holder is told, nobody else, and null only when nobody held the socket', {
  skip: needsRoot || needsPython
}, async (t) => {
  t.diagnostic(`CHURN_SEED=${seed}`)
  const namespaces = ['--pid', '--net', '--fork', '--mount-proc']
  const network = after('ip link set lo up')
  const log = process.env.CHURN_LOG ?? path.join(temporaryDirectory(t), 'log')
  fs.writeFileSync(log, '')
  const storm = [pythonPath, '-B', fixture('storm.py'), seconds, seed, log]
  const asker = [process.execPath, fixture('asker.cjs')]
  const args = [...namespaces, ...network, ...storm, ...asker].map(String)
  const child = spawn('unshare', args, { stdio: ['ignore', 'inherit', 'inherit'], detached: true })
  t.after(() => child.exitCode ?? process.kill(-child.pid, 'SIGKILL'))

  const [code] = await once(child, 'exit')
  const model = new Model()
  await eachLine(log, (line) => model.hear(line))
  // A storm whose asker ends before its time fails: nobody would have asked.
  assert.equal(code, 0)
  const found = []
  await eachLine(log, (line) => {
    if (found.length < SHOWN) found.push(...model.judge(line))
  })

  const { started, pids, kinds, steady } = model
  t.diagnostic(`${started} processes under ${pids.size} pids; ${JSON.stringify(kinds)}`)
  t.diagnostic(`${steady} times a list had to have a socket with its holder`)
  assert.deepEqual(found.slice(0, SHOWN), [])
  // The storm was one: pids came again, and every kind of question was answered in both ways.
  assert.ok(pids.size < started, 'no pid was used again')
  for (const kind of ['tcp port', 'udp port', 'peer', 'record', 'reply']) {
    assert.ok(kinds[kind].owner > 0, `no owner of a ${kind}`)
  }
  for (const kind of ['tcp port', 'udp port', 'reply']) assert.ok(kinds[kind].null > 0, kind)
  for (const filter of ['all', 'udp', 'port', 'pid']) assert.ok(kinds.list[filter] > 0, filter)
})
