// What is told of another user's process, and to whom: path and folder only to those who may trace
// it, the rest to everybody.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { test } from 'node:test'
import { getProcessInfo, getProcessPath } from '../../index.js'
import { needsPython, needsRoot, startLooker, startPython } from '../support/holders.mjs'
import { openToAll, stranger, strangerId } from '../support/through.mjs'

const skip = needsRoot || needsPython
const idle = 'say(args=sys.argv)\nhear()'

/** What is told to everybody; `startTime` as JSON has it. */
async function assertToldToAll(info, { pid }, uid) {
  const { ppid, name, args, cgroup, startTime } = await getProcessInfo(pid)
  const { path, cwd, bundlePath, services, ...rest } = info
  const shown = startTime.toJSON()
  // Each process reckons the start on its own, and clocks are corrected.
  assert.ok(Math.abs(new Date(rest.startTime) - startTime) <= 10, `${rest.startTime}, ${shown}`)
  rest.startTime = shown
  assert.deepEqual(rest, { pid, ppid, uid, name, args, cgroup, startTime: shown })
  assert.ok(args.length > 2)
}

test("an ordinary user is told another user's process without program and folder", {
  skip
}, async (t) => {
  const child = await startPython(t, idle)
  const looker = await startLooker(t, { through: stranger, ...openToAll(t) })

  const info = await looker.ask('getProcessInfo', child.pid)

  assert.deepEqual([info.path, info.cwd], [null, null])
  await assertToldToAll(info, child, 0)
})

test('an ordinary user is told all of an own process', { skip }, async (t) => {
  const child = await startPython(t, idle, { through: stranger })
  const looker = await startLooker(t, { through: stranger, ...openToAll(t) })

  const info = await looker.ask('getProcessInfo', child.pid)

  assert.deepEqual([info.path, info.cwd], [await getProcessPath(child.pid), '/'])
  assert.notEqual(info.path, null)
  await assertToldToAll(info, child, strangerId)
})

test("root without CAP_SYS_PTRACE is told as an ordinary user is, and its own processes' all", {
  skip
}, async (t) => {
  const without = ['setpriv', '--bounding-set=-sys_ptrace', '--inh-caps=-sys_ptrace']
  const strange = await startPython(t, idle, { through: stranger })
  const own = await startPython(t, idle, { through: without })
  const looker = await startLooker(t, { through: without })

  const info = await looker.ask('getProcessInfo', strange.pid)
  const path = await looker.ask('getProcessPath', strange.pid)
  const ownInfo = await looker.ask('getProcessInfo', own.pid)

  assert.deepEqual([path, info.path, info.cwd], [null, null, null])
  await assertToldToAll(info, strange, strangerId)
  assert.deepEqual([ownInfo.path, ownInfo.cwd], [await getProcessPath(own.pid), '/'])
})

test('a process that may not be inspected has its true user, though its files are root', {
  skip
}, async (t) => {
  const code = `
    PR_SET_DUMPABLE = 4
    checked(libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
    say()
    hear()`
  const child = await startPython(t, code, { through: stranger })
  const looker = await startLooker(t, { through: stranger, ...openToAll(t) })

  const info = await looker.ask('getProcessInfo', child.pid)

  assert.equal(fs.statSync(`/proc/${child.pid}/fd`).uid, 0)
  assert.deepEqual([info.path, info.cwd], [null, null])
  await assertToldToAll(info, child, strangerId)
})

test('the effective user is told, not the real one', { skip }, async (t) => {
  const code = `
    os.seteuid(values['id'])
    say()
    hear()`
  const child = await startPython(t, code, { values: { id: strangerId } })

  const info = await getProcessInfo(child.pid)

  assert.equal(info.uid, strangerId)
})

test('a process hidden by hidepid is null', { skip }, async (t) => {
  const child = await startPython(t, idle)
  const hide = 'mount -t proc -o hidepid=2 proc /proc; exec "$@"'
  const through = ['unshare', '--mount', 'sh', '-ec', hide, 'sh', ...stranger]
  const looker = await startLooker(t, { through, ...openToAll(t) })

  const answers = [
    await looker.ask('getProcessInfo', child.pid),
    await looker.ask('getProcessPath', child.pid),
    (await looker.ask('getProcessInfo', looker.said.pid)).uid
  ]

  assert.deepEqual(answers, [null, null, strangerId])
})
