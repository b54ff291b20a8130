// cgroup of getProcessInfo, in control groups made for the test. What older systems show is tested
// on recorded text, in src/linux/proc/cgroup.rs.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { getProcessInfo } from '../../index.js'
import { needsLinux, needsRoot, startProgram } from '../support/holders.mjs'

/** Where version 2 is mounted: on hybrid systems beside version 1. */
const mounted = needsLinux ? undefined : unified()
const skip = needsRoot || (mounted !== undefined ? false : 'needs control groups of version 2')

function unified() {
  const mounts = fs.readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  return mounts.find((line) => / - cgroup2 /.test(line))?.split(' ')[4]
}

function ownLines() {
  return fs.readFileSync('/proc/self/cgroup', 'utf8').trim().split('\n')
}

test('this process is in its own control group', { skip }, async () => {
  const line = ownLines().find((line) => line.startsWith('0::'))

  const { cgroup } = await getProcessInfo(process.pid)

  assert.equal(cgroup, line.slice('0::'.length))
})

test('a process that is moved is told where it is now', { skip }, async (t) => {
  const own = ownLines()
    .find((line) => line.startsWith('0::'))
    .slice('0::'.length)
  const group = path.join(own, `socket-owner ${process.pid}: é`)
  const folder = path.join(mounted, group)
  const child = await startProgram(t, 'cat', [], { told: 'running' })
  fs.mkdirSync(folder)
  t.after(() => fs.rmdirSync(folder))
  t.after(() => child.kill())

  const before = await getProcessInfo(child.pid)
  fs.writeFileSync(path.join(folder, 'cgroup.procs'), `${child.pid}`)
  const after = await getProcessInfo(child.pid)
  fs.writeFileSync(path.join(mounted, own, 'cgroup.procs'), `${child.pid}`)

  assert.deepEqual([before.cgroup, after.cgroup], [own, group])
})
