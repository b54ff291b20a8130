// Unix-domain sockets in findPeerPid and findPeerProcess: who holds the other end.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import path from 'node:path'
import { test } from 'node:test'
import { findPeerPid, findPeerProcess } from '../../index.js'
import {
  accepted,
  needsLinux,
  needsPython,
  needsRoot,
  pythonPath,
  startNode,
  startPython,
  temporaryDirectory
} from '../support/holders.mjs'
import { listenOnFile, meet } from '../support/unix.mjs'

const skip = needsLinux || needsPython

test('the client of an accepted connection is found, and its record', { skip }, async (t) => {
  const { client, socket } = await meet(t)

  const record = await findPeerProcess(socket)

  assert.equal(await findPeerPid(socket), client.pid)
  assert.equal(record.pid, client.pid)
  assert.equal(record.path, fs.realpathSync(pythonPath))
})

test('the server of a connection is found by its client', { skip }, async (t) => {
  const server = await listenOnFile(t)
  // Before it is accepted nobody has the other end.
  server.on('connection', (socket) => socket.write('accepted'))
  const client = await startNode(t, askAsClient, { values: { file: server.file } })

  const { answer } = client.said

  assert.equal(answer, process.pid)
})

async function askAsClient({ say, hear, ask, require, file }) {
  const socket = require('node:net').connect(file)
  socket.once('data', async () => say(await ask('findPeerPid', socket)))
  await hear()
}

test('a peer in this process is this process', { skip }, async (t) => {
  const server = await listenOnFile(t)
  const coming = accepted(server)
  const client = net.connect(server.file)
  const ends = [client, await coming]

  const peers = await Promise.all(ends.map((end) => findPeerPid(end)))
  client.destroy()

  assert.deepEqual(peers, [process.pid, process.pid])
})

test('who asks over http by a socket file is found by the request', { skip }, async (t) => {
  const peers = []
  const answer = async (request, response) => {
    peers.push(await findPeerPid(request.socket))
    response.end()
  }
  const server = await listenOnFile(t, http.createServer(answer))

  const client = await startNode(t, requestOnce, { values: { file: server.file } })

  assert.equal(client.said, 200)
  assert.deepEqual(peers, [client.pid])
})

async function requestOnce({ say, hear, require, file }) {
  require('node:http')
    .get({ socketPath: file, agent: false }, ({ statusCode }) => say(statusCode))
    .on('error', ({ message }) => say(message))
  await hear()
}

test('an abstract name is no other', { skip }, async (t) => {
  const name = `socket-owner-${process.pid}`
  // Node fills the name up with NULs, or does not, by its version.
  const code = `
    listeners = []
    for name in [values['name'], values['name'].ljust(107, '\\0')]:
        listeners.append(socket.socket(socket.AF_UNIX))
        listeners[-1].bind('\\0' + name)
        listeners[-1].listen()
    say()
    [ready], _, _ = select.select(listeners, [], [])
    kept = ready.accept()
    say()
    hear()`
  const server = await startPython(t, `\n    import select${code}`, { values: { name } })
  const socket = net.connect(`\0${name}`)
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  await server.next()

  const peer = await findPeerPid(socket)

  assert.equal(peer, server.pid)
})

test('a connection is null until it is accepted', { skip }, async (t) => {
  const file = path.join(temporaryDirectory(t), 'socket')
  const code = `
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(values['file'])
    listener.listen()
    say()
    hear()
    kept = listener.accept()
    say()
    hear()`
  const server = await startPython(t, code, { values: { file } })
  const socket = net.connect(file)
  t.after(() => socket.destroy())
  await once(socket, 'connect')

  const before = await findPeerPid(socket)
  await server.tell().next()
  const after = await findPeerPid(socket)

  assert.deepEqual([before, after], [null, server.pid])
})

test('of forked holders the first answers', { skip }, async (t) => {
  const code = 'kept = connect()\nfor _ in range(3): fork(rest)\nsay(); hear()'
  const { client, socket } = await meet(t, code)

  const peer = await findPeerPid(socket)

  assert.equal(peer, client.pid)
})

/** A child makes a connection, hands it to another and exits. `said.holder` is the one that has it. */
const passOn = `
there, here = socket.socketpair()
has_it, had = os.pipe()
def take():
    global kept
    _, [kept], _, _ = socket.recv_fds(here, 1, 1)
    os.write(had, b'x')
def make():
    made = connect()
    socket.send_fds(there, [b'x'], [made.fileno()])
    os._exit(0)
holder = fork(take)
maker = fork(make)
os.waitpid(maker, 0)
os.read(has_it, 1)
say(holder=holder, maker=maker)`

/** In the dead maker's place comes a process that has nothing of the connection. */
const reuse = `
def reuse():
    for _ in range(2000):
        with open('/proc/sys/kernel/ns_last_pid', 'w') as last:
            last.write(str(maker - 1))
        pid = fork(lambda: None)
        if pid == maker:
            return True
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return False
hear()
say(reused=reuse())`

test('who was handed the connection answers, and not who made it', { skip }, async (t) => {
  const { client, socket } = await meet(t, `${passOn}\nhear()`)

  const peer = await findPeerPid(socket)

  assert.equal(peer, client.said.holder)
})

test('a dead maker whose number another process has is nobody', {
  skip: needsRoot || needsPython
}, async (t) => {
  const { client, socket } = await meet(t, `${passOn}${reuse}\nhear()`)
  const { holder, maker } = client.said
  const { reused } = await client.tell().next()

  const peer = await findPeerPid(socket)
  const record = await findPeerProcess(socket)

  assert.ok(reused, 'the number was given anew')
  assert.ok(process.kill(maker, 0))
  assert.deepEqual([peer, record.pid], [holder, holder])
})

test('a client that has gone is null, and so is a socket of ours that is closed', {
  skip
}, async (t) => {
  const { client, socket } = await meet(t)
  await client.kill()

  const gone = await findPeerPid(socket)
  const other = await meet(t)
  const asked = findPeerPid(other.socket)
  other.socket.destroy()
  const closed = await findPeerPid(other.socket)

  assert.deepEqual([gone, closed], [null, null])
  assert.ok([null, other.client.pid].includes(await asked))
})

test('a pair of sockets has two ends', { skip }, async (t) => {
  const stdio = ['ignore', 'inherit', 'inherit', 'pipe']
  const child = spawn('sleep', ['60'], { stdio })
  t.after(() => child.kill())

  const peer = await findPeerPid(child.stdio[3])

  assert.equal(peer, child.pid)
})
