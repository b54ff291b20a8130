// getProcessPath: the program that a process runs, as the kernel tells it. What it tells after its file
// was deleted, replaced or renamed is in program-file.test.mjs.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { getProcessPath } from '../../index.js'
import {
  needsLinux,
  needsPython,
  needsRoot,
  needsUnix,
  startNode,
  startPython,
  temporaryDirectory
} from '../support/holders.mjs'
import { cat, copyOfCat, startCopy, startEcho } from '../support/programs.mjs'

test('this process runs Node', async () => {
  const answer = await getProcessPath(process.pid)

  assert.equal(answer, fs.realpathSync(process.execPath))
})

test('another process runs its program, found by its own path', { skip: needsUnix }, async (t) => {
  const { file, child } = await startCopy(t, 'program')

  const answer = await getProcessPath(child.pid)

  assert.equal(answer, file)
})

test('a program started by a symbolic link has the path of its file', {
  skip: needsUnix
}, async (t) => {
  const directory = temporaryDirectory(t)
  const link = path.join(directory, 'link')
  fs.symlinkSync(copyOfCat(directory, 'program'), link)
  const child = await startEcho(t, link)

  const answer = await getProcessPath(child.pid)

  assert.equal(answer, path.join(directory, 'program'))
})

test('a script has the path of its interpreter', { skip: needsUnix }, async (t) => {
  const script = path.join(temporaryDirectory(t), 'script')
  const shell = fs.realpathSync('/bin/sh')
  fs.writeFileSync(script, '#!/bin/sh\nread line\necho 1\nread line\n', { mode: 0o755 })
  const child = await startEcho(t, script)

  const answer = await getProcessPath(child.pid)

  assert.equal(answer, shell)
})

test('a program in memory has the name of its memfd', {
  skip: needsLinux || needsPython
}, async (t) => {
  const code = `
    memory = os.memfd_create('in memory', 0)
    with open(values['cat'], 'rb') as program:
        os.write(memory, program.read())
    say()
    os.execve(memory, ['cat'], {})`
  const child = await startPython(t, code, { values: { cat } })
  await child.tell('running').next()

  const answer = await getProcessPath(child.pid)

  assert.equal(answer, '/memfd:in memory')
})

test('a path is not ASCII: UTF-8 as it is, other bytes as U+FFFD', {
  skip: needsLinux
}, async (t) => {
  const directory = temporaryDirectory(t)
  const names = [Buffer.from('naïve ☕ 𝄞 line\nbreak'), Buffer.from('caf\xe9', 'latin1')]

  const answers = []
  for (const name of names) {
    const file = Buffer.concat([Buffer.from(`${directory}/`), name])
    fs.copyFileSync(cat, file)
    const script = `exec "$(printf '${octal(file)}')"`
    const child = await startEcho(t, 'sh', ['-c', script])
    answers.push(await getProcessPath(child.pid))
  }

  assert.deepEqual(answers, [`${directory}/naïve ☕ 𝄞 line\nbreak`, `${directory}/caf\ufffd`])
})

test('a process with another view of the files tells its own', { skip: needsRoot }, async (t) => {
  const directory = temporaryDirectory(t)
  copyOfCat(directory, 'program')
  const elsewhere = temporaryDirectory(t)
  const script = 'mount --bind "$1" "$2" && exec "$2/program"'
  const args = ['-ec', script, 'sh', directory, elsewhere]
  const child = await startEcho(t, 'unshare', ['--mount', 'sh', ...args])

  const answer = await getProcessPath(child.pid)

  assert.equal(answer, path.join(elsewhere, 'program'))
})

test('a process that becomes another program has its path', { skip: needsPython }, async (t) => {
  const file = copyOfCat(temporaryDirectory(t), 'next')
  const code = `
    say()
    hear()
    os.execv(values['file'], ['next'])`
  const child = await startPython(t, code, { values: { file } })
  const before = await getProcessPath(child.pid)
  await child.tell().tell('running').next()

  const after = await getProcessPath(child.pid)

  assert.notEqual(before, file)
  assert.equal(after, file)
})

test('a process that has gone is null', { skip: needsUnix }, async (t) => {
  const child = await startEcho(t, cat)
  const before = await getProcessPath(child.pid)
  await child.kill()

  const after = await getProcessPath(child.pid)

  assert.deepEqual([before, after], [cat, null])
})

test('a zombie is null', { skip: needsPython }, async (t) => {
  const code = `
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    say(zombie=pid)
    hear()`
  const child = await startPython(t, code)

  const answer = await getProcessPath(child.said.zombie)

  assert.equal(answer, null)
})

test('a kernel thread is null', { skip: needsLinux || needsKernelThread() }, async () => {
  const answer = await getProcessPath(2)

  assert.equal(answer, null)
})

test('a thread id is no process id', { skip: needsLinux }, async (t) => {
  const child = await startNode(t, ({ say, hear }) => {
    say({})
    hear()
  })
  const threads = fs.readdirSync(`/proc/${child.pid}/task`).map(Number)
  const others = threads.filter((thread) => thread !== child.pid)

  const answers = await Promise.all(others.map((thread) => getProcessPath(thread)))

  assert.ok(others.length > 0)
  assert.deepEqual(answers, Array(others.length).fill(null))
})

test('the greatest pid there can be is null', async () => {
  const answer = await getProcessPath(2_147_483_647)

  assert.equal(answer, null)
})

function octal(bytes) {
  return [...bytes].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')
}

function needsKernelThread() {
  const file = '/proc/2/comm'
  const isThere = fs.existsSync(file) && fs.readFileSync(file, 'utf8') === 'kthreadd\n'
  return isThere ? false : 'needs a visible kernel thread'
}
