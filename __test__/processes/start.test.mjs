// startTime of getProcessInfo: exact to 10 ms, by the kernel's own clocks and no file.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { getProcessInfo } from '../../index.js'
import {
  needsLinux,
  needsProgram,
  needsRoot,
  startLooker,
  startNode,
  startProgram,
  temporaryDirectory
} from '../support/holders.mjs'
import { after } from '../support/through.mjs'

const TICK_MS = 10
/** `Date.now()` and the answer are whole milliseconds, rounded down. */
const ROUNDING_MS = 1

/** Starts a program and notes between which moments. */
async function startBetween(t) {
  const early = Date.now()
  const starting = startProgram(t, 'cat', [], { told: 'running' })
  const late = Date.now()
  return { early, late, child: await starting }
}

function assertBetween(startTime, { early, late }) {
  const start = new Date(startTime).getTime()
  const isBetween = start >= early - TICK_MS - ROUNDING_MS && start <= late + TICK_MS
  assert.ok(isBetween, `${start - early} ms after ${early}, ${late - start} ms before ${late}`)
}

test('ten processes started within 10 ms of the clock around their spawn', {
  skip: needsLinux
}, async (t) => {
  for (let i = 0; i < 10; i += 1) {
    const started = await startBetween(t)

    const { startTime } = await getProcessInfo(started.child.pid)

    assert.ok(startTime instanceof Date)
    assertBetween(startTime, started)
  }
})

test('pid and start stay the same from call to call and differ from a later process', async (t) => {
  const forever = ({ say }) => say({ pid: process.pid })
  const first = await startNode(t, forever)
  const second = await startNode(t, forever)

  const infos = [
    await getProcessInfo(first.pid),
    await getProcessInfo(first.pid),
    await getProcessInfo(second.pid)
  ]

  const [start, again, later] = infos.map((info) => info.startTime.getTime())
  assert.equal(start, again)
  assert.ok(later > start)
})

const other = 'cpu  1 2 3 4\nbtime 978307200\n'

for (const [name, script, made] of [
  ['a made-up /proc/stat', 'mount --bind "$FILE" /proc/stat', () => other],
  ['no btime', 'mount --bind "$FILE" /proc/stat', () => ''],
  ['a /proc with only processes (subset=pid)', 'mount -t proc -o subset=pid proc /proc', () => '']
]) {
  test(`the start is the same under ${name}`, {
    skip: needsRoot || needsProgram('mount')
  }, async (t) => {
    const file = path.join(temporaryDirectory(t), 'stat')
    fs.writeFileSync(file, made())
    const env = { ...process.env, FILE: file }
    const through = ['unshare', '--mount', ...after(script)]
    const looker = await startLooker(t, { through, env })
    const started = await startBetween(t)

    const info = await looker.ask('getProcessInfo', started.child.pid)

    assert.equal(info.pid, started.child.pid)
    assert.equal(info.path, fs.realpathSync('/bin/cat'))
    assertBetween(info.startTime, started)
  })
}
