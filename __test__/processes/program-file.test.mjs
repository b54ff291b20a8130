// getProcessPath of a program whose file was deleted, replaced or renamed since it was started, or is no
// part of the tree of files any more.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { getProcessPath } from '../../index.js'
import {
  needsLinux,
  needsPython,
  needsRoot,
  startPython,
  temporaryDirectory
} from '../support/holders.mjs'
import { cat, copyOfCat, startCopy, startEcho } from '../support/programs.mjs'

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
