// Each system call fails with each errno that matters while numbers of an outer /proc are translated:
// what is told is the truth, null or that failure, and never another process's number or record.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { test } from 'node:test'
import {
  compileAddon,
  fixture,
  needsAddons,
  needsPython,
  needsRoot,
  packageRoot,
  pythonPath,
  startNode
} from '../support/holders.mjs'
import { after } from '../support/through.mjs'

const skip = needsRoot || needsAddons || needsPython

/** Holds a listener, and another one in a namespace within this one. */
const HOLD = `
  listener, inner = listen(), listen()
  checked(libc.unshare(0x20000000)) # CLONE_NEWPID: of what it forks from now on.
  def hold_inner():
      listener.close()
  child = fork(hold_inner)
  port = port_of(inner)
  inner.close()
  say(pid=os.getpid(), child=child, port=port_of(listener), inner=port)
  hear()`

test('a call that fails while numbers are translated makes no wrong answer', {
  skip
}, async (t) => {
  const addon = compileAddon(t, 'faults.c', 'faults_rules.c')
  const source = fs.readFileSync(fixture('holder.py'), 'utf8')
  const driver = fixture('faulty.cjs')
  const root = `${packageRoot}/`
  const values = { addon, driver, root, python: pythonPath, source, code: HOLD }
  // The outer namespace has a /proc of its own and few processes, the inner one has none.
  const outer = ['unshare', '--pid', '--net', '--fork', '--kill-child', '--mount-proc']
  const inner = ['unshare', '--pid', '--fork', '--kill-child']
  const through = [...outer, ...after('ip link set lo up'), ...inner]
  const env = { ...process.env, LD_PRELOAD: addon }
  const options = { through, values, env, flags: ['--expose-gc'] }
  const { calls, wrong } = (await startNode(t, failEachCall, options)).said

  for (const call of ['openat self/status', 'fstatat self/ns/pid', 'openat status', 'ioctl']) {
    assert.ok(calls.includes(call), call)
  }
  assert.deepEqual(wrong, [])
})

async function failEachCall({ say, require, addon, driver, root, python, source, code }) {
  delete process.env.LD_PRELOAD
  const { spawn } = require('node:child_process')
  const { once } = require('node:events')
  const { createInterface } = require('node:readline')
  const holder = spawn(python, ['-c', source, code, '{}'])
  holder.stderr.pipe(process.stderr)
  const [line] = await once(createInterface({ input: holder.stdout }), 'line')
  const { pid, child, port, inner } = JSON.parse(line)
  const questions = {
    listener: { ask: (owner) => owner.findPidByLocalTcpPort(port), truth: pid },
    'inner listener': { ask: (owner) => owner.findPidByLocalTcpPort(inner), truth: child },
    path: { ask: (owner) => owner.getProcessPath(process.pid), truth: process.execPath },
    info: { ask: async (owner) => (await owner.getProcessInfo(pid))?.pid ?? null, truth: pid },
    'inner info': {
      ask: async (owner) => (await owner.getProcessInfo(child))?.pid ?? null,
      truth: child
    },
    nobody: { ask: (owner) => owner.getProcessInfo(2147483647), truth: null },
    list: {
      ask: async (owner) => (await owner.listSockets({ port: inner }))[0].pid,
      truth: child
    }
  }
  const errnos = new Proxy({}, { get: () => ['ENOENT', 'EACCES', 'ENOMEM', 'EMFILE'] })
  const world = { faults: require(addon), root, questions }
  const outcomes = await require(driver).failOnce(world, { errnos, places: 1 })
  const isRight = ({ told, next, errno }) =>
    next === 'answer' && (['answer', 'null'].includes(told) || told.startsWith(`${errno} `))
  say({
    calls: [...new Set(outcomes.map(({ call }) => call))],
    wrong: outcomes.filter((outcome) => !isRight(outcome))
  })
}
