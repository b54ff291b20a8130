// No process is ever started, by no function: traced by strace from node's own start.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { needsLinux, needsProgram } from '../support/holders.mjs'
import { root, temporaryFolder } from '../support/install.mjs'

const skip = needsLinux || needsProgram('strace')

/** The lines of calls that started a process; node's own execve, the first line, is not among them. */
async function startedProcesses(t, program) {
  const log = path.join(temporaryFolder(t), 'strace.txt')
  const calls = 'trace=?fork,?vfork,?clone,?clone3,execve,execveat'
  const command = ['-f', '-qq', '-e', calls, '-e', 'signal=none', '-o', log]
  const stdio = ['ignore', 'inherit', 'inherit']
  const node = [process.execPath, '--eval', program]
  const child = spawn('strace', [...command, ...node], { cwd: root, stdio })
  const [code] = await once(child, 'exit')
  assert.equal(code, 0)

  const [own, ...lines] = fs.readFileSync(log, 'utf8').trim().split('\n')
  assert.match(own, /execve\(/)
  const threads = lines.filter((line) => line.includes('CLONE_THREAD'))
  assert.notEqual(threads.length, 0)
  // The second half of a call that another thread interrupted repeats no flags.
  return lines.filter(
    (line) => !line.includes('CLONE_THREAD') && !/<\.\.\. \w+ resumed>/.test(line)
  )
}

/** By function: one lookup, which resolves to this process's pid if it works. */
const LOOK_UPS = `{
  findPeerPid: () => owner.findPeerPid(accepted),
  findPeerProcess: async () => (await owner.findPeerProcess(accepted)).pid,
  findUdpPeerPid: () => owner.findUdpPeerPid(datagrams.address(), datagrams),
  findPidByLocalTcpPort: () => owner.findPidByLocalTcpPort(accepted.localPort),
  findPidByLocalUdpPort: () => owner.findPidByLocalUdpPort(datagrams.address().port),
  listSockets: async () => (await owner.listSockets({ port: accepted.localPort }))[0].pid,
  getProcessPath: async () => (await owner.getProcessPath(process.pid)) && process.pid,
  getProcessInfo: async () => (await owner.getProcessInfo(process.pid)).pid
}`

test('a thousand lookups by all functions start no process', { skip }, async (t) => {
  const program = `
    const assert = require('node:assert')
    const dgram = require('node:dgram')
    const net = require('node:net')
    const { once } = require('node:events')
    const owner = require('./index.js')
    async function look() {
      const datagrams = dgram.createSocket('udp4').bind(0, '127.0.0.1')
      const server = net.createServer().listen(0, '127.0.0.1')
      await Promise.all([once(datagrams, 'listening'), once(server, 'listening')])
      const client = net.connect(server.address().port, '127.0.0.1')
      const [accepted] = await once(server, 'connection')
      const lookUps = ${LOOK_UPS}
      assert.deepEqual(Object.keys(lookUps).sort(), Object.keys(owner).sort())
      for (let i = 0; i < 1000 / Object.keys(lookUps).length; i += 1) {
        for (const [name, lookUp] of Object.entries(lookUps)) {
          assert.equal(await lookUp(), process.pid, name)
        }
      }
      client.destroy()
      server.close()
      datagrams.close()
    }
    look()`

  assert.deepEqual(await startedProcesses(t, program), [])
})

test('the trace shows a process that is started', { skip }, async (t) => {
  const program = "require('node:child_process').spawnSync('true')"

  const lines = await startedProcesses(t, program)

  assert.notEqual(lines.filter((line) => /v?fork\(|clone3?\(/.test(line)).length, 0)
  assert.equal(lines.filter((line) => /execve\("[^"]*\/true"/.test(line)).length > 0, true)
})
