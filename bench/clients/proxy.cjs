'use strict'

// The example proxy, with each of its lookups measured: how long it took, which step answered, how
// long a readlink begun at the same moment took, and whether the answer is true. The connection is
// passed on only when all that is known, so that it is still there when it is checked.
//
// Lines in: `root PID` names the client program whose connections come next; `report` asks for what
// was measured since. One line of JSON out for each.

const fs = require('node:fs')
const path = require('node:path')
const { spawn } = require('node:child_process')
const { createInterface } = require('node:readline')
const owner = require('../../index.js')
const { load } = require('../../lib/binding')

const STEPS = ['table', 'recent', 'walk']
const truth = spawn(process.execPath, [path.join(__dirname, 'truth.cjs')], {
  stdio: ['pipe', 'pipe', 'inherit']
})
const told = createInterface({ input: truth.stdout })[Symbol.asyncIterator]()
const native = load()
const { advance } = native

/** The client's port of each question. */
const ports = new Map()
/** By that port: what found its last answer. */
const stepOf = new Map()
/** When each process was an answer for the first time. From then on it is known. */
const knownSince = new Map()
/** Told right after its start, which its first connection may outrun. */
let root = later()
let lookUps = []

/** Sees, in the native side's own words, what found which answer. See src/node/wire.rs. */
native.advance = async (...given) => {
  for (const line of given[1].split('\n')) {
    const [id, , , , port] = line.split(' ')
    ports.set(Number(id), Number(port))
  }
  const advanced = await advance(...given)
  const note = (id, step) => stepOf.set(ports.get(id), STEPS[step])
  const { answered, records = [] } = advanced
  for (let i = 0; i < answered.length; i += 3) note(answered[i] >>> 0, answered[i + 2])
  for (const { id, step } of records) note(id, step)
  return advanced
}

function later() {
  let settle
  const promise = new Promise((resolve) => {
    settle = resolve
  })
  return { promise, settle }
}

async function timed(work) {
  const begun = performance.now()
  const answer = await work()
  return { ms: performance.now() - begun, answer }
}

/** One at a time: the answers come back in the order of the questions. */
let asking = Promise.resolve()
async function holders({ remotePort, localPort }) {
  const pid = await root.promise
  truth.stdin.write(`${pid} ${remotePort} ${localPort}\n`)
  asking = asking.then(async () => JSON.parse((await told.next()).value))
  return asking
}

/**
 * Whether the answer is one of those who truly hold it, by pid, name and command line. `undefined`: the
 * client had closed the connection when it was to be checked, as browsers do now and then.
 */
function isOneOf(truly, answer) {
  if (truly === null) return answer === null ? true : undefined
  if (truly.length === 0 || answer === null) return truly.length === 0 && answer === null
  const { pid, name, line } = truly.find((holder) => holder.pid === answer.pid) ?? {}
  return pid === answer.pid && name === answer.name && line === answer.args.join('\0')
}

const find = owner.findPeerProcess
owner.findPeerProcess = async (socket) => {
  const began = performance.now()
  const [ours, beside] = await Promise.all([
    timed(() => find(socket)),
    timed(() => fs.promises.readlink('/proc/self/exe'))
  ])
  const truly = await holders(socket)
  const isRight = isOneOf(truly, ours.answer)
  const { pid = null, name = null } = ours.answer ?? {}
  const isKnown = knownSince.get(pid) < began
  if (pid !== null && !knownSince.has(pid)) knownSince.set(pid, began + ours.ms)
  const step = stepOf.get(socket.remotePort)
  const wrong = isRight === false ? { truly, answer: ours.answer } : {}
  lookUps.push({ ms: ours.ms, beside: beside.ms, pid, name, isRight, isKnown, step, ...wrong })
  return ours.answer
}

// After they have been replaced: the example takes them out of the package when it is loaded.
const { createProxy } = require('../../examples/proxy.js')
const proxy = createProxy(() => {})
proxy.listen(0, '127.0.0.1', () => say({ port: proxy.address().port }))

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [word, pid] = line.split(' ')
    if (word === 'root') root.settle(pid)
    say(word === 'root' ? {} : { lookUps })
    if (word === 'report') {
      lookUps = []
      root = later()
    }
  })
  .on('close', () => process.exit())

function say(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}
