// Pid 1 in a pid namespace of its own: an init that keeps sockets for the services that it starts, or
// a container's app. Each test asks from inside the namespace, of which pid 1 starts the looker.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { test } from 'node:test'
import { findPidByLocalTcpPort } from '../../index.js'
import {
  asLooker,
  lookerCommand,
  needsPython,
  needsRoot,
  startPython
} from '../support/holders.mjs'

const skip = needsRoot || needsPython
const through = ['unshare', '--pid', '--fork', '--mount-proc']

test('pid 1 is the answer when nobody else holds the socket', { skip }, async (t) => {
  const looker = await startUnderPid1(t, 'listener = listen()')

  const owners = await askTwice(looker)

  assert.deepEqual(owners, [1, 1])
})

test('an app that is pid 1 answers for its forked workers', { skip }, async (t) => {
  const looker = await startUnderPid1(
    t,
    `
    listener = listen()
    workers = [fork(lambda: None) for _ in range(3)]`
  )

  const owners = await askTwice(looker)

  assert.deepEqual(owners, [1, 1])
})

test('a service answers, not the init that keeps its socket under another number', {
  skip
}, async (t) => {
  const looker = await startUnderPid1(
    t,
    `
    listener = listen()
    ready_read, ready_write = os.pipe()
    def serve():
        os.dup2(listener.fileno(), 300)
        listener.close()
        os.write(ready_write, b'.')
    service = fork(serve)
    os.read(ready_read, 1)`
  )

  const owners = await askTwice(looker)

  assert.deepEqual(owners, Array(2).fill(looker.said.service))
})

test('a service answers for its workers, not the init', { skip }, async (t) => {
  const looker = await startUnderPid1(
    t,
    `
    listener = listen()
    ready_read, ready_write = os.pipe()
    def serve():
        os.dup2(listener.fileno(), 300)
        listener.close()
        for _ in range(3):
            fork(lambda: None)
        os.write(ready_write, b'.')
    service = fork(serve)
    os.read(ready_read, 1)`
  )

  const owners = await askTwice(looker)

  assert.deepEqual(owners, Array(2).fill(looker.said.service))
})

test('a pid outside the namespace is no process in it', { skip }, async (t) => {
  const looker = await startUnderPid1(t, 'listener = listen()')

  const answer = await looker.ask('getProcessPath', process.pid)

  assert.ok(process.pid > 100, 'a pid that the small namespace has not reached')
  assert.equal(answer, null)
})

test('a container seen from outside has its processes by their outer pids', { skip }, async (t) => {
  const code = `
    listener = listen()
    say(port=port_of(listener), pid=os.getpid())
    hear()`
  const container = await startPython(t, code, { through })
  const outer = `/proc/${container.pid}/task/${container.pid}/children`

  const owner = await findPidByLocalTcpPort(container.said.port)

  assert.equal(container.said.pid, 1)
  assert.equal(owner, Number(fs.readFileSync(outer, 'utf8')))
})

/** Runs `code` as pid 1 of a namespace, which then starts a looker and waits for its end. */
async function startUnderPid1(t, code) {
  const lines = `
    import subprocess
    service = None${code.startsWith('\n') ? code : `\n    ${code}`}
    say(port=port_of(listener), service=service, pid=os.getpid())
    subprocess.run(values['command'])`
  const child = await startPython(t, lines, { through, values: { command: lookerCommand } })
  assert.equal(child.said.pid, 1)
  await child.next() // The looker's own first line.
  return asLooker(child)
}

/** Cold and warm. */
async function askTwice(looker) {
  const { port } = looker.said
  const first = await looker.ask('findPidByLocalTcpPort', port)
  return [first, await looker.ask('findPidByLocalTcpPort', port)]
}
