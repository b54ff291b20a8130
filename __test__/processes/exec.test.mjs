// A program that is just being executed: the kernel has given it new memory and not yet told where its
// command line is. Who has spawned it may ask at that very moment.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { test } from 'node:test'
import {
  compileAddon,
  needsAddons,
  needsLinux,
  needsPython,
  startNode,
  startPython,
  temporaryDirectory
} from '../support/holders.mjs'
import { after } from '../support/through.mjs'

const skip = needsLinux || needsAddons || needsPython

/** Looks to the kernel as between the two steps, until it is told to go on. */
const EXECUTED = `
  # Fields of proc(5): startcode, endcode, start_data, end_data, start_brk; startstack, arg_start, arg_end,
  # env_start, env_end. The places are those of struct prctl_mm_map, where brk comes after start_brk.
  fields = list(map(int, open('/proc/self/stat').read().rpartition(')')[2].split()[1:]))
  code, start, end = fields[22:24] + fields[41:44], fields[44], fields[45]
  libc.sbrk.restype = ctypes.c_void_p
  def ends_at(address):
      places = [*code, libc.sbrk(0), fields[24], start, address, *fields[46:48], 0]
      map = struct.pack('=12QIi', *places, 0, -1)
      checked(libc.prctl(35, 14, map, ctypes.c_ulong(len(map)), 0)) # PR_SET_MM, PR_SET_MM_MAP

  ends_at(start)
  say()
  hear()
  ends_at(end)
  say()
  hear()`

test('a program in the middle of its execution is told with its command line', {
  skip
}, async (t) => {
  const executed = await startPython(t, EXECUTED)
  const { host, paused, goOn } = await startPaused(t, executed.pid)
  assert.equal(fs.readFileSync(`/proc/${executed.pid}/cmdline`).length, 0)

  const answer = host.tell().next()
  const first = await Promise.race([paused, answer])
  await executed.tell().next()
  goOn()

  assert.equal(first, 'paused', 'an empty command line is read once more')
  const { args } = (await answer).info
  assert.deepEqual(args.slice(1, 2), ['-c'])
})

test('one that has none at all is told so', { skip }, async (t) => {
  const executed = await startPython(t, EXECUTED)
  const { host } = await startPaused(t, executed.pid, { isPaused: false })

  const { info } = await host.tell().next()

  assert.deepEqual([info.args, info.pid], [[], executed.pid])
})

/** A process that asks for the record of `pid`, and stops before it reads a command line again. */
async function startPaused(t, pid, { isPaused = true } = {}) {
  const addon = compileAddon(t, 'faults.c', 'faults_rules.c')
  const directory = temporaryDirectory(t)
  const [pause, resume] = ['pause', 'resume'].map((file) => path.join(directory, file))
  const env = { ...process.env, LD_PRELOAD: addon, FAULTS_PAUSE: pause, FAULTS_RESUME: resume }
  const host = await startNode(t, askForInfo, {
    through: after(`mkfifo ${pause} ${resume}`),
    values: { addon, pid, isPaused },
    env
  })
  // Open for both, so that neither waits for the other one.
  const flags = fs.constants.O_RDWR | fs.constants.O_NONBLOCK
  const [pausing, resuming] = [pause, resume].map((file) => fs.openSync(file, flags))
  const pipe = new net.Socket({ fd: pausing, readable: true, writable: false })
  t.after(() => {
    pipe.destroy()
    fs.closeSync(resuming)
  })
  const paused = once(pipe, 'data').then(() => 'paused')
  return { host, paused, goOn: () => fs.writeSync(resuming, '.') }
}

async function askForInfo({ say, hear, ask, require, addon, pid, isPaused }) {
  delete process.env.LD_PRELOAD
  const { arm } = require(addon)
  say({})
  await hear()
  if (isPaused) arm('openat cmdline', 2, 0, 'pause', 0)
  const { answer } = await ask('getProcessInfo', pid)
  say({ info: answer })
  await hear()
}
