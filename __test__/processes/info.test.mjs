// getProcessInfo: what the kernel tells of a process, whatever name it has given itself.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { getProcessInfo, getProcessPath } from '../../index.js'
import { bundleOf } from '../../lib/processes.js'
import { needsLinux, needsPython, needsUnix, startNode, startPython } from '../support/holders.mjs'

const forever = ({ say }) => say({ pid: process.pid })

test('this process is told by its own numbers', { skip: needsUnix }, async () => {
  const info = await getProcessInfo(process.pid)

  const { startTime, name, cgroup, ...rest } = info
  assert.deepEqual(rest, {
    pid: process.pid,
    ppid: process.ppid,
    uid: process.geteuid(),
    path: fs.realpathSync(process.execPath),
    args: [process.argv0, ...process.execArgv, ...process.argv.slice(1)],
    cwd: process.cwd(),
    bundlePath: null,
    services: null
  })
  assert.equal(typeof name, 'string')
  assert.ok(startTime instanceof Date)
})

test('a child is told with this process as its parent', async (t) => {
  const child = await startNode(t, forever)

  const { pid, ppid } = await getProcessInfo(child.pid)

  assert.deepEqual([pid, ppid], [child.pid, process.pid])
})

test('an orphan is told with the process that has adopted it', {
  skip: needsLinux || needsPython
}, async (t) => {
  const code = `
    PR_SET_CHILD_SUBREAPER = 36
    checked(libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
    middle = os.fork()
    if middle == 0:
        orphan = fork(lambda: None)
        say(middle=os.getpid(), orphan=orphan)
        hear()
        os._exit(0)
    os.waitpid(middle, 0)
    say(reaped=middle)
    hear()`
  const child = await startPython(t, code)
  const { middle, orphan } = child.said

  const before = await getProcessInfo(orphan)
  await child.tell().next()
  const after = await getProcessInfo(orphan)

  assert.deepEqual([before.ppid, after.ppid], [middle, child.pid])
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

test('the first process has no parent', { skip: needsLinux }, async () => {
  const info = await getProcessInfo(1)

  assert.equal(info.ppid, null)
  assert.equal(info.pid, 1)
})

const kernelThread = fs.existsSync('/proc') && fs.readdirSync('/proc').find(isKernelThread)
const needsKernelThread = kernelThread ? false : 'needs a visible kernel thread'

test('a kernel thread has a name and no program', { skip: needsKernelThread }, async () => {
  const info = await getProcessInfo(Number(kernelThread))

  assert.deepEqual([info.path, info.args], [null, []])
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
  // The first process under Wine has none.
  const parent = process.ppid || process.pid
  const pids = [process.pid, parent, 2147483647]
  const asked = Array.from({ length: 999 }, (_, i) => pids[i % 3])

  const told = await Promise.all(
    asked.map(async (pid) => [await getProcessPath(pid), (await getProcessInfo(pid))?.pid])
  )

  told.forEach(([path, pid], i) => {
    assert.equal(pid, [process.pid, parent, undefined][i % 3])
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
