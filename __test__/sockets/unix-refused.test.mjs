// Unix-domain sockets where the other end is not told, may not be seen, or is in another namespace; and
// what becomes of the caller's own descriptors.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { findPeerPid } from '../../index.js'
import {
  accepted,
  compile,
  fixture,
  needsLinux,
  needsProgram,
  needsPython,
  needsRoot,
  pythonPath,
  startNode,
  temporaryDirectory
} from '../support/holders.mjs'
import { openToAll, stranger } from '../support/through.mjs'
import { listenOnFile, startClient } from '../support/unix.mjs'

const skip = needsLinux || needsPython

/** A process that listens on `file` and asks about the connection that it accepted when it is told. */
function startAsker(t, file, options = {}) {
  return startNode(t, acceptAndAsk, { ...options, values: { file } })
}

async function acceptAndAsk({ say, hear, ask, require, file }) {
  let socket
  const server = require('node:net').createServer({ allowHalfOpen: true })
  server.on('connection', (accepted) => {
    socket = accepted.on('error', () => {})
    say(null)
  })
  server.listen(file, () => require('node:fs').chmod(file, 0o777, () => say(null)))
  for (;;) say(await ask(await hear(), socket))
}

async function answersOf(asker) {
  const pid = await asker.tell('findPeerPid').next()
  const record = await asker.tell('findPeerProcess').next()
  return [pid.answer, record.answer?.pid ?? record.answer]
}

const withoutUnixDiag = (t) => {
  const library = compile(t, ['no_diag.c'], ['-shared', '-fPIC', '-ldl'])
  return { env: { ...process.env, LD_PRELOAD: library, NO_DIAG: 'unix' } }
}
const REFUSALS = [
  ['is refused', () => ({ through: [pythonPath, fixture('no_sock_diag.py'), 'EACCES'] }), false],
  ['has no unix_diag', withoutUnixDiag, needsProgram('cc')]
]

for (const [what, optionsOf, reason] of REFUSALS) {
  test(`where sock_diag ${what} the recorded process answers while it lives`, {
    skip: skip || reason
  }, async (t) => {
    const file = path.join(temporaryDirectory(t), 'socket')
    const asker = await startAsker(t, file, optionsOf(t))
    const client = await startClient(t, file)
    await asker.next()

    const answers = await answersOf(asker)
    await client.kill()
    const gone = await answersOf(asker)

    assert.deepEqual(
      [answers, gone],
      [
        [client.pid, null],
        [null, null]
      ]
    )
  })
}

test('a client in another network namespace is found', {
  skip: needsRoot || needsPython
}, async (t) => {
  const server = await listenOnFile(t)
  const coming = accepted(server)
  const client = await startClient(t, server.file, undefined, { through: ['unshare', '--net'] })
  const socket = await coming

  const peer = await findPeerPid(socket)
  await client.kill()
  const gone = await findPeerPid(socket)

  assert.deepEqual([peer, gone], [client.pid, null])
})

test("another user's process is null, whatever was recorded", {
  skip: needsRoot || needsPython
}, async (t) => {
  const directory = temporaryDirectory(t)
  fs.chmodSync(directory, 0o777)
  const file = path.join(directory, 'socket')
  const { root, node } = openToAll(t)
  const asker = await startAsker(t, file, { through: stranger, root, node })
  await startClient(t, file)
  await asker.next()

  assert.deepEqual(await answersOf(asker), [null, null])
})

test('no descriptor is closed, changed or kept, and the connection goes on', {
  skip
}, async (t) => {
  const server = await listenOnFile(t)
  server.on('connection', (socket) => socket.pipe(socket))

  const client = await startNode(t, askOften, { values: { file: server.file } })

  const { before, after, answers, echo } = client.said
  assert.deepEqual(after, before)
  assert.deepEqual(new Set(answers), new Set([process.pid]))
  assert.equal(echo, 'and back')
})

async function askOften({ say, hear, ask, require, openNumbers, file }) {
  const fs = require('node:fs')
  const { once } = require('node:events')
  const socket = require('node:net').connect(file)
  await once(socket, 'connect')
  const descriptors = () =>
    openNumbers().map((number) => {
      const flags = fs
        .readFileSync(`/proc/self/fdinfo/${number}`, 'utf8')
        .match(/flags:\s*(\d+)/)[1]
      return [number, fs.readlinkSync(`/proc/self/fd/${number}`), flags]
    })
  await ask('findPeerPid', socket) // What is kept of it for the next one is open from now on.
  const before = descriptors()
  const answers = []
  for (let i = 0; i < 50; i++) {
    answers.push((await ask('findPeerPid', socket)).answer)
    answers.push((await ask('findPeerProcess', socket)).answer.pid)
  }
  const after = descriptors()
  socket.write('and back')
  const [echo] = await once(socket, 'data')
  say({ before, after, answers, echo: `${echo}` })
  await hear()
}
