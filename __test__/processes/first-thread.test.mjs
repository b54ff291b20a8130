// A process whose first thread has exited while another lives: what that thread's own directory in
// /proc does not tell any more is told by another's.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { test } from 'node:test'
import {
  findPeerProcess,
  findPidByLocalTcpPort,
  getProcessInfo,
  getProcessPath
} from '../../index.js'
import {
  accepted,
  compile,
  leaderlessCode,
  listen,
  needsLinux,
  needsProgram,
  needsPython,
  needsRoot,
  startLooker,
  startProgram,
  startPython
} from '../support/holders.mjs'
import { openToAll, stranger } from '../support/through.mjs'

const skip = needsLinux || needsProgram('cc')

test('it is found, and told with program, arguments and folder', { skip }, async (t) => {
  const program = compile(t, ['first_thread_exits.c'], ['-pthread'])
  const early = Date.now()
  const child = await startProgram(t, program, ['--first', 'thread'])

  const owner = await findPidByLocalTcpPort(child.said.port)
  const path = await getProcessPath(child.pid)
  const { startTime, cgroup, ...info } = await getProcessInfo(child.pid)

  assert.throws(() => fs.readlinkSync(`/proc/${child.pid}/exe`), { code: 'ENOENT' })
  assert.deepEqual([owner, path], [child.pid, program])
  assert.deepEqual(info, {
    pid: child.pid,
    ppid: process.pid,
    uid: process.geteuid(),
    name: 'first_thread_ex',
    path: program,
    args: [program, '--first', 'thread'],
    cwd: '/',
    bundlePath: null,
    services: null
  })
  assert.ok(startTime >= early - 11 && startTime <= Date.now(), `${startTime}`)
  assert.deepEqual(cgroup, (await getProcessInfo(process.pid)).cgroup)
})

test('as a client it is told whole in one call', { skip: skip || needsPython }, async (t) => {
  const server = await listen(t, '127.0.0.1')
  const coming = accepted(server)
  const values = { port: server.port, threads: 2 }
  const child = await startPython(t, leaderlessCode, { values })

  const record = await findPeerProcess(await coming)

  assert.deepEqual(record, await getProcessInfo(child.pid))
  assert.deepEqual([record.pid, record.path], [child.pid, await getProcessPath(child.pid)])
  assert.ok(record.args.includes(leaderlessCode))
})

test('a deleted program keeps its path', { skip }, async (t) => {
  const program = compile(t, ['first_thread_exits.c'], ['-pthread'])
  const child = await startProgram(t, program, [])
  fs.rmSync(program)

  const { path } = await getProcessInfo(child.pid)

  assert.deepEqual([path, await getProcessPath(child.pid)], [program, program])
})

test("another user's is told without program and folder", {
  skip: needsRoot || skip
}, async (t) => {
  const program = compile(t, ['first_thread_exits.c'], ['-pthread'])
  const child = await startProgram(t, program, ['x'])
  const looker = await startLooker(t, { through: stranger, ...openToAll(t) })

  const { path, cwd, args, pid } = await looker.ask('getProcessInfo', child.pid)

  assert.deepEqual(
    { path, cwd, args, pid },
    { path: null, cwd: null, args: [program, 'x'], pid: child.pid }
  )
  assert.equal(await looker.ask('getProcessPath', child.pid), null)
})
