// getProcessPath: the program that a process runs, as the kernel tells it, whatever became of its
// file since. The programs are copies of cat: what it echoes shows that it runs.

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
  startProgram,
  startPython,
  temporaryDirectory
} from '../support/holders.mjs'

const cat = needsUnix || fs.realpathSync('/bin/cat')

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

test('a deleted program keeps its path', { skip: needsLinux }, async (t) => {
  const { file, child } = await startCopy(t, 'program')
  fs.rmSync(file)

  const answer = await getProcessPath(child.pid)

  assert.equal(answer, file)
})

test('a replaced program keeps its path', { skip: needsLinux }, async (t) => {
  const { file, child } = await startCopy(t, 'program')
  fs.writeFileSync(`${file}.new`, 'the next version')
  fs.renameSync(`${file}.new`, file)

  const answer = await getProcessPath(child.pid)

  assert.equal(answer, file)
})

test('a renamed program has its new path', { skip: needsLinux }, async (t) => {
  const { file, child } = await startCopy(t, 'program')
  fs.renameSync(file, `${file} renamed`)

  const answer = await getProcessPath(child.pid)

  assert.equal(answer, `${file} renamed`)
})

test('a program that is really named "x (deleted)" has that path', {
  skip: needsLinux
}, async (t) => {
  const { file, child } = await startCopy(t, 'x (deleted)')

  const running = await getProcessPath(child.pid)
  fs.rmSync(file)
  const deleted = await getProcessPath(child.pid)

  assert.deepEqual([running, deleted], [file, file])
})

test('another file named "x (deleted)" does not lend its name to the deleted x', {
  skip: needsLinux
}, async (t) => {
  const { file, child } = await startCopy(t, 'x')
  fs.rmSync(file)
  fs.writeFileSync(`${file} (deleted)`, 'another file')

  const answer = await getProcessPath(child.pid)

  assert.equal(answer, file)
})

test('a hard link named "x (deleted)" to the deleted x is the running file', {
  skip: needsLinux
}, async (t) => {
  const { file, child } = await startCopy(t, 'x')
  fs.linkSync(file, `${file} (deleted)`)
  fs.rmSync(file)

  const answer = await getProcessPath(child.pid)

  assert.equal(answer, `${file} (deleted)`)
})

for (const isDeleted of [false, true]) {
  const name = isDeleted ? 'a deleted program' : 'a program'
  test(`${name} on a path of 4,000 bytes has it whole`, { skip: needsLinux }, async (t) => {
    const directory = temporaryDirectory(t)
    let deep = directory
    while (deep.length < 3700) deep = path.join(deep, 'd'.repeat(255))
    fs.mkdirSync(deep, { recursive: true })
    const file = copyOfCat(deep, 'p'.repeat(4000 - deep.length - 1))
    const child = await startEcho(t, file)
    if (isDeleted) fs.rmSync(file)

    const answer = await getProcessPath(child.pid)

    assert.equal(Buffer.byteLength(file), 4000)
    assert.equal(answer, file)
  })
}

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

/** Runs a program of a file system that is no part of the tree any more, in its own view of files. */
function startUnmounted(t, { image, name }) {
  const code = `
    subprocess = __import__('subprocess')
    def run(*command):
        subprocess.run(command, check=True)
    run('mount', '-t', 'tmpfs', 'tmpfs', values['image'])
    program = values['image'] + values['name']
    run('mkdir', '-p', os.path.dirname(program))
    run('cp', values['cat'], program)
    child = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    child.stdin.write(b'x')
    child.stdin.flush()
    child.stdout.read(1)
    run('umount', '--lazy', values['image'])
    say(child=child.pid)
    hear()`
  return startPython(t, code, { through: ['unshare', '--mount'], values: { image, name, cat } })
}

test('a path that names another file, as after a lazy unmount, is null', {
  skip: needsRoot || needsPython
}, async (t) => {
  const image = temporaryDirectory(t)
  const parent = await startUnmounted(t, { image, name: cat })

  const answer = await getProcessPath(parent.said.child)

  // The kernel tells the path within the image, which is that of this system's own cat.
  assert.equal(fs.readlinkSync(`/proc/${parent.said.child}/exe`), cat)
  assert.equal(answer, null)
})

test('a path that names nothing, as after a lazy unmount, is told as the kernel has it', {
  skip: needsRoot || needsPython
}, async (t) => {
  const image = temporaryDirectory(t)
  const parent = await startUnmounted(t, { image, name: '/only in the image' })

  assert.equal(await getProcessPath(parent.said.child), '/only in the image')
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

async function startCopy(t, name) {
  const file = copyOfCat(temporaryDirectory(t), name)
  return { file, child: await startEcho(t, file) }
}

function copyOfCat(directory, name) {
  const file = path.join(directory, name)
  fs.copyFileSync(cat, file)
  return file
}

/** Starts a program that echoes and waits for its echo, by which it runs itself. */
function startEcho(t, program, args = []) {
  return startProgram(t, program, args, { told: 'running' })
}

function octal(bytes) {
  return [...bytes].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')
}

function needsKernelThread() {
  const file = '/proc/2/comm'
  const isThere = fs.existsSync(file) && fs.readFileSync(file, 'utf8') === 'kthreadd\n'
  return isThere ? false : 'needs a visible kernel thread'
}
