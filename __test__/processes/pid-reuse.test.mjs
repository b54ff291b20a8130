// The number of a process is given to another one between each pair of system calls that a lookup
// makes: what is told is one process's, never put together from two, and never the wrong one's.
//
// In a pid namespace of its own the next number can be chosen. The lookup is stopped at its nth call
// (fixtures/faults.c), the process is ended and another one takes its number; and it goes on.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import {
  compileAddon,
  fixture,
  needsAddons,
  needsPython,
  needsRoot,
  packageRoot,
  pythonPath,
  startNode,
  temporaryDirectory
} from '../support/holders.mjs'
import { after } from '../support/through.mjs'

const skip = needsRoot || needsAddons || needsPython

/** Keeps a process that is connected, and when it is asked to, gives the number of that to another. */
const KEEPER = `
  import select
  def connect():
      os.chdir('/var')
      os.closerange(500, 800)
      os.dup2(connection.fileno(), 40)
      connection.close()
      checked(libc.prctl(15, b'holder', 0, 0, 0))

  def impersonate():
      os.chdir('/tmp')
      os.dup2(listen().detach(), 40)
      os.setuid(1234)
      os.execv('/bin/sleep', ['sleep', '600'])

  def spawn(body):
      ready, done = os.pipe2(os.O_CLOEXEC)
      pid = os.fork()
      if pid == 0:
          body()
          os.close(done)
          rest()
      os.close(done)
      os.read(ready, 1) # Ends with the writing end: at exec, or when it is done.
      os.close(ready)
      return pid

  def end(pid):
      os.kill(pid, signal.SIGKILL)
      os.waitpid(pid, 0)

  def replace(pid):
      end(pid)
      with open('/proc/sys/kernel/ns_last_pid', 'w') as last:
          last.write(str(pid - 1))
      other = spawn(impersonate)
      if other != pid:
          raise RuntimeError(f'{other} instead of {pid}')

  checked(libc.prctl(15, b'keeper', 0, 0, 0))
  for number in range(500, 800): # So that the other one's table is read first.
      os.dup2(0, number)
  # Open for both, so that it never ends. Nobody is forked while the other one is open.
  pause = os.open(values['pause'], os.O_RDWR)
  while True:
      connection = client('127.0.0.1', values['port'])
      current = spawn(connect)
      if not values['isKept']:
          connection.close()
      say(holder=current)
      while pause in select.select([0, pause], [], [])[0]:
          os.read(pause, 1)
          replace(current)
          with open(values['resume'], 'wb') as resume:
              resume.write(b'.')
      hear()
      connection.close()
      end(current)`

test('findPeerProcess tells the holder whole or nobody', { skip }, async (t) => {
  const outcomes = await giveAway(t, 'findPeerProcess')

  assert.deepEqual(kinds(outcomes), ['holder', 'nobody'])
  assert.equal(outcomes.at(-1), 'holder')
})

test('findPeerProcess tells who holds the socket still, if somebody does', { skip }, async (t) => {
  const outcomes = await giveAway(t, 'findPeerProcess', { isKept: true })

  assert.deepEqual(kinds(outcomes), ['holder', 'keeper'])
  assert.equal(outcomes.at(-1), 'holder')
})

test('getProcessInfo tells one of them whole or nobody', { skip }, async (t) => {
  const outcomes = await giveAway(t, 'getProcessInfo')

  assert.deepEqual(kinds(outcomes), ['holder', 'nobody', 'other'])
  assert.equal(outcomes[0], 'other')
  assert.equal(outcomes.at(-1), 'holder')
})

test('getProcessPath tells the program of one of them or nobody', { skip }, async (t) => {
  const outcomes = await giveAway(t, 'getProcessPath')

  assert.deepEqual(kinds(outcomes), ['holder', 'nobody', 'other'])
})

function kinds(outcomes) {
  return [...new Set(outcomes)].sort()
}

/** What a lookup told that was stopped at its first call, its second, and so on to its last. */
async function giveAway(t, name, { isKept = false } = {}) {
  const addon = compileAddon(t, 'faults.c', 'faults_rules.c')
  const directory = temporaryDirectory(t)
  const [pause, resume] = ['pause', 'resume'].map((file) => path.join(directory, file))
  const source = fs.readFileSync(fixture('holder.py'), 'utf8')
  const values = {
    driver: fixture('stopped.cjs'),
    addon,
    root: `${packageRoot}/index.js`,
    python: pythonPath,
    source,
    keeper: KEEPER,
    name,
    isKept,
    pause,
    resume
  }
  const own = ['unshare', '--pid', '--net', '--fork', '--kill-child', '--mount-proc']
  const through = [...own, ...after(`ip link set lo up; mkfifo ${pause} ${resume}`)]
  const env = { ...process.env, LD_PRELOAD: addon, FAULTS_PAUSE: pause, FAULTS_RESUME: resume }
  const host = await startNode(t, stopAtEachCall, { through, values, env })
  return host.said.outcomes
}

async function stopAtEachCall({ say, require, driver, ...values }) {
  delete process.env.LD_PRELOAD
  say({ outcomes: await require(driver).stopAtEachCall(values) })
  process.exit()
}
