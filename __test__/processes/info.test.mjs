// getProcessInfo: what the kernel tells of a process, whatever name it has given itself.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { getProcessInfo, getProcessPath } from '../../index.js'
import { bundleOf } from '../../lib/bundle.js'
import {
  leaderlessCode,
  needsLinux,
  needsPython,
  needsRoot,
  startNode,
  startPython
} from '../support/holders.mjs'

const forever = ({ say }) => say({ pid: process.pid, startedBefore: Date.now() })

test('this process is told by its own numbers', async () => {
  const info = await getProcessInfo(process.pid)

  const { startTime, name, ...rest } = info
  assert.deepEqual(rest, {
    pid: process.pid,
    ppid: process.ppid,
    uid: process.geteuid(),
    path: fs.realpathSync(process.execPath),
    bundlePath: null
  })
  assert.equal(typeof name, 'string')
  assert.ok(startTime instanceof Date)
})

test('a child is told with this process as its parent, and started between two moments', async (t) => {
  const startedAfter = Date.now()
  const child = await startNode(t, forever)

  const info = await getProcessInfo(child.pid)

  assert.equal(info.ppid, process.pid)
  // The kernel tells the system's start in whole seconds.
  const [early, late] = [startedAfter - 2000, child.said.startedBefore + 2000]
  assert.ok(info.startTime >= early && info.startTime <= late, `${info.startTime} is not its start`)
})

test('pid and start stay the same from call to call and differ from a later process', async (t) => {
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

for (const name of ['a b', ') S 1 (', 'a)\n1 (b', '((', '\x1b[31mred', 'exactly15bytes!']) {
  test(`a name is told as it is: ${JSON.stringify(name)}`, {
    skip: needsLinux || needsPython
  }, async (t) => {
    const code = `
      libc.prctl(15, values['name'].encode(), 0, 0, 0)
      say(named=True)
      hear()`
    const child = await startPython(t, code, { values: { name } })

    const info = await getProcessInfo(child.pid)

    assert.equal(info.name, name)
    assert.equal(info.ppid, process.pid)
  })
}

test('another user is told by number, and all of it but the path is told to anybody', {
  skip: needsRoot || needsPython
}, async (t) => {
  const child = await startPython(t, 'say(here=True)\nhear()', {
    through: ['setpriv', '--reuid=1234', '--clear-groups']
  })

  const info = await getProcessInfo(child.pid)

  assert.equal(info.uid, 1234)
})

test('the first process has no parent', { skip: needsLinux }, async () => {
  const info = await getProcessInfo(1)

  assert.equal(info.ppid, null)
  assert.equal(info.pid, 1)
})

const kernelThread = fs.existsSync('/proc') && fs.readdirSync('/proc').find(isKernelThread)
const needsKernelThread = kernelThread ? false : 'needs a visible kernel thread'

test('a kernel thread has a name and no program', { skip: needsKernelThread }, async () => {
  const info = await getProcessInfo(Number(kernelThread))

  assert.equal(info.path, null)
  assert.equal(
    `${info.name}\n`.slice(0, 4),
    fs.readFileSync(`/proc/${kernelThread}/comm`, 'utf8').slice(0, 4)
  )
})

test('a process that has exited is null, reaped or not', {
  skip: needsLinux || needsPython
}, async (t) => {
  const code = `
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    say(zombie=pid)
    hear()
    os.waitpid(pid, 0)
    say(reaped=True)
    hear()`
  const parent = await startPython(t, code)
  const { zombie } = parent.said

  const unreaped = await getProcessInfo(zombie)
  await parent.tell().next()
  const reaped = await getProcessInfo(zombie)

  assert.deepEqual([unreaped, reaped], [null, null])
})

test('a process whose first thread has exited is told', {
  skip: needsLinux || needsPython
}, async (t) => {
  const child = await startPython(t, leaderlessCode, { values: { threads: 1 } })

  const info = await getProcessInfo(child.pid)

  assert.equal(info.pid, child.pid)
  assert.equal(info.path, null)
  assert.equal(info.ppid, process.pid)
})

test('a thread of this process is null', { skip: needsLinux }, async (t) => {
  const worker = new Worker('require("node:worker_threads").parentPort.on("message", () => {})', {
    eval: true
  })
  t.after(() => worker.terminate())
  await new Promise((resolve) => worker.once('online', resolve))
  const thread = fs.readdirSync('/proc/self/task').find((id) => Number(id) !== process.pid)

  assert.equal(await getProcessInfo(Number(thread)), null)
  assert.equal(await getProcessPath(Number(thread)), null)
})

test('nobody has the greatest pid', async () => {
  assert.equal(await getProcessInfo(2147483647), null)
})

test('many at once, with paths among them, are each told their own', async () => {
  const pids = [process.pid, process.ppid, 2147483647]
  const asked = Array.from({ length: 999 }, (_, i) => pids[i % 3])

  const told = await Promise.all(
    asked.map(async (pid) => [await getProcessPath(pid), (await getProcessInfo(pid))?.pid])
  )

  told.forEach(([path, pid], i) => {
    assert.equal(pid, [process.pid, process.ppid, undefined][i % 3])
    if (i % 3 === 0) assert.equal(path, fs.realpathSync(process.execPath))
  })
})

test('a bundle is the outermost .app directory, and only on macOS', (t) => {
  const chrome =
    '/Applications/Google Chrome.app/Contents/Frameworks/Helper.app/Contents/MacOS/Helper'
  const paths = [chrome, '/usr/bin/x.app', '/.app/x', '/a.apps/x', null]
  const platform = Object.getOwnPropertyDescriptor(process, 'platform')
  t.after(() => Object.defineProperty(process, 'platform', platform))

  Object.defineProperty(process, 'platform', { ...platform, value: 'darwin' })
  const onMac = paths.map(bundleOf)
  Object.defineProperty(process, 'platform', { ...platform, value: 'linux' })

  assert.deepEqual(onMac, ['/Applications/Google Chrome.app', null, null, null, null])
  assert.equal(bundleOf(chrome), null)
})

function isKernelThread(pid) {
  try {
    return /^\d+ \(.*\) \S 2 /.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
