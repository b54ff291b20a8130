// Paths and records of real processes.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import socketOwner from '../../index.js'
import { startNode, startProgram, temporaryDirectory } from '../support/holders.mjs'

const { findPidByLocalTcpPort, getProcessInfo, getProcessPath, listSockets } = socketOwner

/** Made by scripts/test-windows.mjs out of refused.c. */
const refused = process.env.REFUSED_PROGRAM

test('this process has the path that Node tells', async () => {
  assert.equal(await getProcessPath(process.pid), process.execPath)
})

test('a path of any script comes whole', async (t) => {
  const folder = path.join(temporaryDirectory(t), 'é 日本 \u{1F600}')
  const program = path.join(folder, 'program.exe')
  fs.mkdirSync(folder)
  fs.copyFileSync(process.execPath, program)
  const child = await startNode(t, ({ say, hear }) => hear(say(1)), { node: program })

  assert.equal(await getProcessPath(child.pid), program)
  await child.kill()
})

test('the arguments are what the program got, whatever their quotes', async (t) => {
  const args = ['a b', '', '"', 'a\\"b c\\', 'C:\\dir\\', '\\\\', 'é\u{1F600}', 'tab\there', "it's"]
  const code = 'process.stdout.write("1\\n"); process.stdin.resume().on("end", process.exit)'
  const child = spawn(process.execPath, ['-e', code, '--', ...args])
  t.after(() => child.kill())
  await once(child.stdout, 'data')

  const { args: told } = await getProcessInfo(child.pid)

  // Wine does not know this class of information; the rules are tested by `cargo test`.
  if (told !== null) assert.deepEqual(told, [process.execPath, '-e', code, '--', ...args])
})

test('a process that has exited is gone, though another one holds it open', async (t) => {
  const holder = await startNode(t, async ({ say, hear, require }) => {
    const child = require('node:child_process').spawn(process.execPath, ['-e', '0'])
    child.on('exit', () => {})
    // The handle is closed by the event loop, which has no turn before the answer was heard.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000)
    require('node:fs').writeSync(1, `${JSON.stringify(child.pid)}\n`)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000)
    await hear(say)
  })

  assert.equal(await getProcessPath(holder.said), null)
  assert.equal(await getProcessInfo(holder.said), null)
})

test('a number that is no multiple of four is nobody', async () => {
  for (const pid of [1, 2, 3].map((more) => process.pid + more)) {
    assert.equal(await getProcessPath(pid), null)
    assert.equal(await getProcessInfo(pid), null)
    assert.deepEqual(await listSockets({ pid }), [])
  }
})

test('a process that may not be opened answers, with all but its arguments', {
  skip: refused === undefined ? 'needs refused.exe' : false
}, async (t) => {
  const child = await startProgram(t, refused, [])
  const { pid, port } = child.said

  const found = await findPidByLocalTcpPort(port)
  const { startTime, ...info } = await getProcessInfo(pid)

  assert.deepEqual([found, pid], [child.pid, child.pid])
  assert.deepEqual(info, {
    pid,
    ppid: process.pid,
    uid: null,
    name: path.basename(refused),
    path: refused,
    args: null,
    cwd: null,
    bundlePath: null,
    cgroup: null,
    services: null
  })
  assert.ok(Math.abs(startTime.getTime() - Date.now()) < 60_000)
  const [row] = await listSockets({ port })
  assert.deepEqual(row.pids, [pid])
})

test('a host of services has their names', async (t) => {
  const rows = await Promise.all(Array.from({ length: 500 }, (_, i) => getProcessInfo((i + 1) * 4)))
  const hosts = rows.filter((info) => info?.name?.toLowerCase() === 'svchost.exe')
  if (hosts.length === 0) return t.diagnostic('no svchost.exe runs here')

  const named = hosts.filter(({ services }) => services !== null && services.length > 0)

  assert.notDeepEqual(named, [])
  assert.ok(named.every(({ services }) => services.every((name) => /^[\w.-]+$/.test(name))))
})
