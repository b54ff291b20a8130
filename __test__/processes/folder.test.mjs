// cwd of getProcessInfo: the folder that a process works in, whatever became of it since.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { getProcessInfo } from '../../index.js'
import {
  needsLinux,
  needsPython,
  needsRoot,
  startLooker,
  startPython,
  temporaryDirectory
} from '../support/holders.mjs'
import { openToAll, stranger } from '../support/through.mjs'

const skip = needsLinux || needsPython

/** A process that works in a new folder of that name. */
async function startIn(t, name, options) {
  const folder = path.join(temporaryDirectory(t), name)
  fs.mkdirSync(folder)
  return { folder, child: await startInside(t, folder, options) }
}

function startInside(t, folder, options) {
  const code = `
    os.chdir(values['folder'])
    say()
    hear()`
  return startPython(t, code, { ...options, values: { folder } })
}

async function cwdOf({ pid }) {
  return (await getProcessInfo(pid)).cwd
}

test('this process and another one have their own folders', { skip }, async (t) => {
  const { folder, child } = await startIn(t, 'folder')

  assert.deepEqual([await cwdOf(process), await cwdOf(child)], [process.cwd(), folder])
})

test('a renamed folder has its new path, a deleted one its last', { skip }, async (t) => {
  const { folder, child } = await startIn(t, 'before')
  const renamed = path.join(path.dirname(folder), 'after')
  fs.renameSync(folder, renamed)

  const whileThere = await cwdOf(child)
  fs.rmdirSync(renamed)
  const deleted = await cwdOf(child)
  fs.mkdirSync(renamed)
  const anotherThere = await cwdOf(child)

  assert.deepEqual([whileThere, deleted, anotherThere], [renamed, renamed, renamed])
})

test('a folder that is really named "x (deleted)" has that path', { skip }, async (t) => {
  const { folder, child } = await startIn(t, 'x (deleted)')

  const there = await cwdOf(child)
  fs.rmdirSync(folder)
  const deleted = await cwdOf(child)

  assert.deepEqual([there, deleted], [folder, folder])
})

test('another folder named "x (deleted)" does not lend its name to the deleted x', {
  skip
}, async (t) => {
  const { folder, child } = await startIn(t, 'x')
  fs.rmdirSync(folder)
  fs.mkdirSync(`${folder} (deleted)`)

  assert.equal(await cwdOf(child), folder)
})

test('a folder that its process may not read any more is told', {
  skip: needsRoot || skip
}, async (t) => {
  const { folder, child } = await startIn(t, 'closed', { through: stranger })
  fs.chmodSync(folder, 0o000)
  fs.chmodSync(path.dirname(folder), 0o700)
  const looker = await startLooker(t, { through: stranger, ...openToAll(t) })

  const asked = await looker.ask('getProcessInfo', child.pid)

  assert.deepEqual([asked.cwd, await cwdOf(child)], [folder, folder])
})

test('UTF-8 is told as it is, other bytes as U+FFFD', { skip }, async (t) => {
  const directory = temporaryDirectory(t)
  const code = `
    os.chdir(os.fsencode(values['directory']))
    os.mkdir(b'caf\\xe9 \\xe2\\x98\\x95')
    os.chdir(b'caf\\xe9 \\xe2\\x98\\x95')
    say()
    hear()`
  const child = await startPython(t, code, { values: { directory } })

  assert.equal(await cwdOf(child), `${directory}/caf\ufffd ☕`)
})

test('a folder deeper than the kernel can tell is null, and all else is told', {
  skip
}, async (t) => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'socket-owner-'))
  t.after(() => spawnSync('rm', ['-rf', directory])) // Its name is too long for Node.
  const code = `
    os.chdir(values['directory'])
    for _ in range(20):
        os.mkdir('d' * 250)
        os.chdir('d' * 250)
    say()
    hear()`
  const child = await startPython(t, code, { values: { directory } })

  const { cwd, pid, path: program } = await getProcessInfo(child.pid)

  assert.deepEqual([cwd, pid], [null, child.pid])
  assert.notEqual(program, null)
})
