// Questions under way share one native task; the queue needs no timer and no free thread.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import { test } from 'node:test'
import { hostBinary, root } from '../support/install.mjs'
import { installRecorder } from '../support/recorder.mjs'
import { installStandIn } from '../support/stand-in.mjs'

async function listen(t) {
  const server = net.createServer().listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  return server.address().port
}

/** Runs a program in a process of its own and gives what it printed as JSON. */
async function run(program, env = {}) {
  const options = {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit']
  }
  const child = spawn(process.execPath, ['--eval', program], options)
  const printed = child.stdout.setEncoding('utf8').toArray()
  const [code] = await once(child, 'exit')
  assert.equal(code, 0)
  return { ...JSON.parse((await printed).join('')), pid: child.pid }
}

test('the calls of one tick are one slice, the same question once', async (t) => {
  const { findPidByLocalTcpPort, recorder } = installRecorder(t)
  const port = await listen(t)

  const answers = await Promise.all([
    findPidByLocalTcpPort(port),
    findPidByLocalTcpPort(port),
    findPidByLocalTcpPort(port, { state: 'listening' }),
    findPidByLocalTcpPort(port, { state: 'connected', address: '127.0.0.1' })
  ])

  assert.deepEqual(answers, [process.pid, process.pid, process.pid, null])
  assert.equal(recorder.slices[0].ids.length, 3)
  assert.deepEqual(
    recorder.slices.slice(1).flatMap(({ ids }) => ids),
    []
  )
})

test('a question that is asked already shares no answer with a later one', async (t) => {
  const { findPidByLocalTcpPort, recorder } = installRecorder(t)
  const port = await listen(t)
  const open = recorder.close()
  const begun = recorder.nextTask()

  const first = findPidByLocalTcpPort(port)
  await begun
  const second = findPidByLocalTcpPort(port)
  const third = findPidByLocalTcpPort(port)
  open()

  assert.deepEqual(await Promise.all([first, second, third]), [
    process.pid,
    process.pid,
    process.pid
  ])
  const ids = recorder.slices.flatMap((slice) => slice.ids)
  assert.equal(ids.length, 2)
  assert.notEqual(ids[0], ids[1])
})

test('after a failed slice the native side is made anew, and what came meanwhile is asked of it', async (t) => {
  const { findPidByLocalTcpPort, recorder } = installRecorder(t)
  const port = await listen(t)
  const { advance } = recorder
  const cause = new Error('panicked')
  let meanwhile
  recorder.advance = async () => {
    recorder.advance = advance
    meanwhile = findPidByLocalTcpPort(port)
    throw cause
  }

  const [first, second] = await Promise.allSettled([
    findPidByLocalTcpPort(1),
    findPidByLocalTcpPort(port)
  ])

  for (const { reason } of [first, second]) {
    assert.equal(reason.code, 'ERR_INTERNAL')
    assert.equal(reason.cause, cause)
    assert.match(reason.stack, /queue\.test\.mjs/)
  }
  assert.notEqual(first.reason, second.reason)
  assert.equal(await meanwhile, process.pid)
  assert.equal(recorder.made, 2)
})

test('who asks again upon an answer is in the very next slice', async (t) => {
  const { findPidByLocalTcpPort, native } = installStandIn(t)
  // The second question keeps the native side busy, slice after slice, until the third has come.
  native.answer = (_ids, lines) => {
    const asked = native.asked.flatMap((each) => each.lines.split('\n'))
    const isLast = asked.some((line) => line.includes('port pid tcp 3 '))
    const told = lines.includes('tcp 1 ') ? [1, 7, 1] : isLast ? [2, 8, 2, 3, 9, 1] : []
    return { answered: Int32Array.from(told) }
  }
  async function asker() {
    const first = await findPidByLocalTcpPort(1)
    return [first, await findPidByLocalTcpPort(3)]
  }

  const answers = await Promise.all([asker(), findPidByLocalTcpPort(2)])

  assert.deepEqual(answers, [[7, 9], 8])
  assert.equal(native.asked.length, 2)
})

test('a pid asked twice in one tick is asked once', async (t) => {
  const { getProcessPath, recorder } = installRecorder(t)

  const answers = await Promise.all([getProcessPath(process.pid), getProcessPath(process.pid)])

  assert.equal(typeof answers[0], 'string')
  assert.equal(answers[0], answers[1])
  assert.deepEqual(recorder.batches, [[process.pid]])
})

test('paths that did not fit into a slice are asked for again, aborted ones left out', async (t) => {
  const { getProcessPath, recorder } = installRecorder(t)
  const controller = new AbortController()
  recorder.pathsMax = 1
  const open = recorder.close()
  const begun = recorder.nextTask()

  const paths = [getProcessPath(process.pid), getProcessPath(2147483645)]
  const aborted = getProcessPath(2147483646, { signal: controller.signal })
  await begun
  const again = getProcessPath(process.pid)
  controller.abort()
  await assert.rejects(aborted, { name: 'AbortError' })
  open()

  const [own, nobody] = await Promise.all(paths)
  assert.equal(await again, own)
  assert.equal(nobody, null)
  assert.deepEqual(recorder.batches, [
    [process.pid, 2147483645, 2147483646],
    [2147483645, process.pid],
    [process.pid]
  ])
})

test('ten thousand calls at once are one slice and one task, with one thread too', async () => {
  const program = `
    const net = require('node:net')
    const native = require(${JSON.stringify(hostBinary)})
    let underWay = 0
    let underWayMax = 0
    const asked = []
    const { advance } = native
    native.advance = async (lookups, questions, abandoned) => {
      asked.push(questions === '' ? 0 : questions.split('\\n').length)
      underWayMax = Math.max(underWayMax, ++underWay)
      const slice = await advance(lookups, questions, abandoned)
      underWay -= 1
      return slice
    }
    const { findPidByLocalTcpPort } = require('./index.js')
    const server = net.createServer().listen(0, async () => {
      const { port } = server.address()
      const firstPort = Math.min(port, 50000)
      const calls = Array.from({ length: 10000 }, (_, i) => findPidByLocalTcpPort(firstPort + i))
      const answers = await Promise.all(calls)
      const total = asked.reduce((sum, count) => sum + count)
      const own = answers[port - firstPort]
      console.log(JSON.stringify({ first: asked[0], total, underWayMax, own }))
      server.close()
    })`

  const { pid, ...printed } = await run(program, { UV_THREADPOOL_SIZE: '1' })

  assert.deepEqual(printed, { first: 10000, total: 10000, underWayMax: 1, own: pid })
})

test('ten thousand equal calls at once are one question', async (t) => {
  const { findPidByLocalTcpPort, recorder } = installRecorder(t)
  const port = await listen(t)

  const calls = Array.from({ length: 10000 }, () => findPidByLocalTcpPort(port))

  assert.deepEqual(new Set(await Promise.all(calls)), new Set([process.pid]))
  assert.equal(recorder.slices.flatMap(({ ids }) => ids).length, 1)
})

const TIMERS = ['setTimeout', 'setInterval', 'setImmediate']
for (const [runner, names] of [
  ['Jest', [...TIMERS, 'queueMicrotask', 'nextTick']],
  ['Vitest', TIMERS]
]) {
  test(`under fake timers as ${runner}'s every lookup answers`, async () => {
    const program = `
      const fs = require('node:fs')
      const net = require('node:net')
      const server = net.createServer().listen(0, () => {
        const client = net.connect(server.address().port)
        server.once('connection', (socket) => look(server.address().port, socket))
      })
      async function look(port, socket) {
        for (const name of ${JSON.stringify(names)}) {
          const owner = name === 'nextTick' ? process : globalThis
          owner[name] = () => {}
        }
        const owner = require('./index.js')
        const answers = []
        for (let i = 0; i < 2; i += 1) {
          answers.push(await owner.findPidByLocalTcpPort(port))
          answers.push(await owner.findPeerPid(socket))
          answers.push(await owner.getProcessPath(process.pid))
        }
        fs.writeSync(1, JSON.stringify({ answers }))
        process.exit()
      }`

    const { answers, pid } = await run(program)

    assert.deepEqual(answers.slice(0, 2), [pid, pid])
    assert.equal(typeof answers[2], 'string')
    assert.deepEqual(answers.slice(3), answers.slice(0, 3))
  })
}
