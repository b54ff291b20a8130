// Aborting rejects with the signal's reason, before, during and never after a lookup, and leaves
// nothing behind on the signal.

import assert from 'node:assert/strict'
import { EventEmitter, getEventListeners, once } from 'node:events'
import net from 'node:net'
import { test } from 'node:test'
import { installRecorder } from '../support/recorder.mjs'

async function listen(t) {
  const server = net.createServer().listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  return server.address().port
}

const ends = {
  localAddress: '127.0.0.1',
  localPort: 1,
  remoteAddress: '127.0.0.1',
  remotePort: 2
}
const end = { address: '127.0.0.1', port: 1 }

/** The functions, each with an argument that is right. */
const lookups = [
  ['findPidByLocalTcpPort', (owner, options) => owner.findPidByLocalTcpPort(1, options)],
  ['findPidByLocalUdpPort', (owner, options) => owner.findPidByLocalUdpPort(1, options)],
  ['findPeerPid', (owner, options) => owner.findPeerPid(ends, options)],
  ['findPeerProcess', (owner, options) => owner.findPeerProcess(ends, options)],
  ['findUdpPeerPid', (owner, options) => owner.findUdpPeerPid(end, end, options)],
  ['listSockets', (owner, options) => owner.listSockets(options)],
  ['getProcessInfo', (owner, options) => owner.getProcessInfo(process.pid, options)],
  ['getProcessPath', (owner, options) => owner.getProcessPath(process.pid, options)]
]

for (const [name, call] of lookups) {
  test(`${name} under an aborted signal rejects with its reason and asks nothing`, async (t) => {
    const owner = installRecorder(t)
    const reason = new Error('enough')

    const answer = call(owner, { signal: AbortSignal.abort(reason) })

    await assert.rejects(answer, (error) => error === reason)
    assert.equal(owner.recorder.slices.length + owner.recorder.batches.length, 0)
  })

  test(`${name} aborted before its task begins rejects and asks nothing`, async (t) => {
    const owner = installRecorder(t)
    const controller = new AbortController()

    const answer = call(owner, { signal: controller.signal })
    controller.abort()

    await assert.rejects(answer, { name: 'AbortError', code: 20 })
    assert.equal(owner.recorder.slices.length + owner.recorder.batches.length, 0)
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
  })

  test(`${name} aborted while its task is under way rejects at once`, async (t) => {
    const owner = installRecorder(t)
    const controller = new AbortController()
    const reason = new DOMException('too slow', 'TimeoutError')
    const open = owner.recorder.close()
    const begun = owner.recorder.nextTask()

    const answer = call(owner, { signal: controller.signal })
    await begun
    controller.abort(reason)

    await assert.rejects(answer, (error) => error === reason)
    assert.equal(owner.recorder.underWay, 1)
    open()
  })

  test(`${name} aborted after its answer keeps it and has left no listener`, async (t) => {
    const owner = installRecorder(t)
    const controller = new AbortController()

    const answer = call(owner, { signal: controller.signal })
    assert.equal(getEventListeners(controller.signal, 'abort').length, 1)
    const found = await answer
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
    controller.abort()

    assert.equal(await answer, found)
  })
}

test('one of two that share an answer is aborted and the other gets it', async (t) => {
  const { findPidByLocalTcpPort, recorder } = installRecorder(t)
  const port = await listen(t)
  const controller = new AbortController()
  const open = recorder.close()
  const begun = recorder.nextTask()

  const aborted = findPidByLocalTcpPort(port, { signal: controller.signal })
  const other = findPidByLocalTcpPort(port)
  await begun
  controller.abort()
  await assert.rejects(aborted, { name: 'AbortError' })
  open()

  assert.equal(await other, process.pid)
  assert.equal(recorder.slices[0].ids.length, 1)
})

/** A native side whose first slice gives `answered(id)`, aborted while it was under way. */
function abortInFirstSlice(recorder, controller, answered) {
  const { advance } = recorder
  recorder.advance = async (_lookups, line) => {
    const id = Number(line.split(' ')[0])
    recorder.advance = advance
    recorder.slices.push({ ids: [id], abandoned: [] })
    controller.abort()
    return { answered: Int32Array.from(answered(id)), records: [], lists: [], failed: [] }
  }
}

for (const [what, answered, abandoned] of [
  ['an unanswered question that nobody waits for is abandoned by its id', () => [], (id) => [id]],
  ['an answer that nobody waits for any more is dropped', (id) => [id, 5, 2], () => []]
]) {
  test(what, async (t) => {
    const { findPidByLocalTcpPort, recorder } = installRecorder(t)
    const port = await listen(t)
    const controller = new AbortController()
    abortInFirstSlice(recorder, controller, answered)

    const aborted = findPidByLocalTcpPort(port, { signal: controller.signal })
    await assert.rejects(aborted, { name: 'AbortError' })
    assert.equal(await findPidByLocalTcpPort(port), process.pid)

    const [id] = recorder.slices[0].ids
    const told = recorder.slices.flatMap((slice) => slice.abandoned)
    assert.deepEqual(told, abandoned(id))
  })
}

test('a thousand calls on one signal are one listener, no warning, and none afterwards', async (t) => {
  const { findPidByLocalTcpPort, getProcessPath, recorder } = installRecorder(t)
  const warnings = []
  const onWarning = (warning) => warnings.push(warning.name)
  process.on('warning', onWarning)
  t.after(() => process.off('warning', onWarning))
  const { signal } = new AbortController()

  const calls = Array.from({ length: 500 }, (_, i) => [
    findPidByLocalTcpPort(i + 1, { signal }),
    getProcessPath(i + 1, { signal })
  ]).flat()
  assert.equal(getEventListeners(signal, 'abort').length, 1)
  await Promise.all(calls)

  assert.equal(getEventListeners(signal, 'abort').length, 0)
  assert.equal(recorder.underWay, 0)
  // Warnings come in order, so ours is the first that comes if there was no other.
  const last = once(process, 'warning')
  process.emitWarning('the last one', 'LastOne')
  await last
  assert.deepEqual(warnings, ['LastOne'])
})

test('a thousand calls on one signal all reject when it aborts', async (t) => {
  const { findPidByLocalTcpPort } = installRecorder(t)
  const controller = new AbortController()

  const calls = Array.from({ length: 1000 }, (_, i) =>
    findPidByLocalTcpPort(i + 1, { signal: controller.signal })
  )
  controller.abort('reason of any type')

  for (const outcome of await Promise.allSettled(calls)) {
    assert.deepEqual(outcome, { status: 'rejected', reason: 'reason of any type' })
  }
})

test("a polyfill's signal without a reason rejects with an AbortError", async (t) => {
  const { findPidByLocalTcpPort, recorder } = installRecorder(t)
  const events = new EventEmitter()
  const signal = {
    aborted: false,
    addEventListener: (name, listener) => events.on(name, listener),
    removeEventListener: (name, listener) => events.off(name, listener)
  }
  const open = recorder.close()

  const answer = findPidByLocalTcpPort(1, { signal })
  signal.aborted = true
  events.emit('abort')

  await assert.rejects(answer, (error) => {
    assert.ok(error instanceof DOMException)
    assert.equal(error.name, 'AbortError')
    return true
  })
  assert.equal(events.listenerCount('abort'), 0)
  await assert.rejects(findPidByLocalTcpPort(1, { signal }), { name: 'AbortError' })
  open()
})

test('a signal that fails to remove a listener keeps nobody from an answer', async (t) => {
  const { findPidByLocalTcpPort } = installRecorder(t)
  const signal = {
    aborted: false,
    addEventListener: () => {},
    removeEventListener: () => {
      throw new Error('not here')
    }
  }

  const answers = [findPidByLocalTcpPort(1, { signal }), findPidByLocalTcpPort(2)]

  assert.equal((await Promise.all(answers)).length, 2)
})
