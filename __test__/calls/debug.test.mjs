// NODE_DEBUG=socket-owner: a line for each lookup with the question, the answer, what found it and in
// how many microseconds; without it nothing is written.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { test } from 'node:test'
import { needsLinux, quietPort, startServer } from '../support/holders.mjs'
import { root } from '../support/install.mjs'

/** Asks with the package in a process of its own; gives its pid, what it printed and what it said. */
async function run(program, env) {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const [printed, said] = await Promise.all(
    [child.stdout, child.stderr].map((stream) => stream.setEncoding('utf8').toArray())
  )
  return { pid: child.pid, printed: printed.join(''), said: said.join('') }
}

const program = (port, free) => `
  import { findPeerPid, findPidByLocalTcpPort, getProcessInfo, getProcessPath } from 'socket-owner'
  const ends = { localAddress: '127.0.0.1', localPort: ${port}, remoteAddress: '127.0.0.1' }
  const state = 'listening'
  await findPidByLocalTcpPort(${port}, { state })
  await findPidByLocalTcpPort(${port})
  await findPidByLocalTcpPort(${free})
  await findPeerPid({ ...ends, remotePort: ${free} })
  await findPeerPid({ destroyed: true })
  await findPeerPid({ ...ends, remoteAddress: '::1', remotePort: ${free} })
  await getProcessPath(process.pid)
  await getProcessInfo(2147483647)`

test('each lookup has its line', { skip: needsLinux }, async (t) => {
  const server = await startServer(t, '127.0.0.1')
  const { port } = server.said
  const free = await quietPort()

  const { pid, said } = await run(program(port, free), { NODE_DEBUG: 'socket-owner' })

  const prefix = `SOCKET-OWNER ${pid}: `
  const lines = said.trim().split('\n')
  assert.ok(
    lines.every((line) => line.startsWith(prefix)),
    said
  )
  const untimed = lines.map((line) => line.slice(prefix.length).replace(/\d+ µs$/, 'N µs'))
  assert.deepEqual(untimed, [
    `port pid tcp ${port} listening -: ${server.pid} by walk in N µs`,
    `port pid tcp ${port} - -: ${server.pid} by recent owner in N µs`,
    `port pid tcp ${free} - -: null by socket table in N µs`,
    `connection pid 127.0.0.1 ${free} 127.0.0.1 ${port}: null by socket table in N µs`,
    'null: the socket is gone',
    `connection pid ::1 ${free} 127.0.0.1 ${port}: null by socket table in N µs`,
    `path of ${pid}: "${fs.realpathSync(process.execPath)}" by its process in N µs`,
    'info of 2147483647: null by its process in N µs'
  ])
})

test('unasked nothing is said', async (t) => {
  const server = await startServer(t, '127.0.0.1')

  const { printed, said } = await run(program(server.said.port, await quietPort()), {
    NODE_DEBUG: 'net'
  })

  assert.equal(printed, '')
  assert.doesNotMatch(said, /socket-owner/i)
})
