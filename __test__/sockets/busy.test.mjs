// While a process holds a socket under one number, nothing that starts, exits, opens or closes beside
// it makes its answer null or another's. Each test has one kind of unrest.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findPeerPid, findPidByLocalTcpPort } from '../../index.js'
import { accepted, listen, needsPython, startPython } from '../support/holders.mjs'

const skip = needsPython
const questions = 400

/** Forks children that exit at once, a few at a time. */
const forkOn = `
while is_wanted():
    children = []
    for _ in range(8):
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        children.append(pid)
    for pid in children:
        os.waitpid(pid, 0)`

const listenAndHear = 'listener = listen()\nsay(port=port_of(listener))\nhear()'

test('an owner that opens and closes other descriptors all the time is found', {
  skip
}, async (t) => {
  // More of them than one reading of a directory tells, on both sides of the socket.
  const code = `
    listener = listen()
    os.dup2(listener.fileno(), 700)
    port = port_of(listener)
    listener.close()
    kept = [os.open('/dev/null', os.O_RDONLY) for _ in range(600)]
    say(port=port)
    while is_wanted():
        for number in kept[::2]:
            os.close(number)
        for number in kept[::2]:
            os.dup2(kept[1], number)`
  const holder = await startPython(t, code)

  const owners = await answersOf(() => findPidByLocalTcpPort(holder.said.port))

  assert.deepEqual(owners, new Set([holder.pid]))
})

test('processes that start and exit all the time do not hide an owner', { skip }, async (t) => {
  const server = await listen(t, '127.0.0.1')
  const coming = accepted(server)
  const code = "connection = client('127.0.0.1', values['port'])\nsay()\nhear()"
  const holder = await startPython(t, code, { values: { port: server.port } })
  const socket = await coming
  await startPython(t, `say()${forkOn}`)

  const peers = await answersOf(() => findPeerPid(socket))

  assert.deepEqual(peers, new Set([holder.pid]))
})

test('a master is the answer while workers that share its socket come and go', {
  skip
}, async (t) => {
  const master = await startPython(t, `listener = listen()\nsay(port=port_of(listener))${forkOn}`)

  const owners = await answersOf(() => findPidByLocalTcpPort(master.said.port))

  assert.deepEqual(owners, new Set([master.pid]))
})

test('an owner is found while sockets on other ports come and go', { skip }, async (t) => {
  const holder = await startPython(t, listenAndHear)
  const code = `
    say()
    while is_wanted():
        listener = listen()
        connection = client('127.0.0.1', port_of(listener))
        connection.close()
        listener.close()`
  await startPython(t, code)

  const owners = await answersOf(() => findPidByLocalTcpPort(holder.said.port))

  assert.deepEqual(owners, new Set([holder.pid]))
})

test('aborted and answered questions side by side end as they must', { skip }, async (t) => {
  const holder = await startPython(t, listenAndHear)
  await startPython(t, `say()${forkOn}`)
  const { port } = holder.said

  const outcomes = []
  for (let i = 0; i < 20; i++) {
    const controller = new AbortController()
    const { signal } = controller
    const asked = Array.from({ length: 10 }, (_, index) =>
      findPidByLocalTcpPort(port, index % 2 === 0 ? { signal } : {}).catch(({ name }) => name)
    )
    controller.abort()
    outcomes.push(await Promise.all(asked))
  }

  const expected = Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? 'AbortError' : holder.pid))
  assert.deepEqual(outcomes, Array(20).fill(expected))
})

/** The different answers to one question asked again and again. */
async function answersOf(ask) {
  const answers = new Set()
  for (let i = 0; i < questions; i++) answers.add(await ask())
  return answers
}
