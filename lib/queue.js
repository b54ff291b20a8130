'use strict'

// Questions about sockets: all that are under way share one native task, which walks in slices.
//
// The work starts by a Promise reaction, so that the calls of one tick are one batch. It uses no
// timer, nextTick, setImmediate or queueMicrotask: fake timers of test runners would stop it.

const { load } = require('./binding')
const { internalFailure } = require('./errors')
const { Question } = require('./question')

/** @typedef {import('./address').Address} Address */
/** @typedef {import('./binding').Lookups} Lookups */
/** @typedef {import('./binding').Slice} Slice */
/** @typedef {Question<number | null>} SocketQuestion */
/** @typedef {{ words: number[], question: SocketQuestion }} Unasked */

const WANTED = { any: 0, listening: 1, connected: 2, connection: 3 }
/** The kernels' IFNAMSIZ is 16 with the NUL at the end. */
const INTERFACE_NAME_BYTES_MAX = 15
const NO_SCOPE = [0, 0, 0, 0]
const ID_MAX = 0xffffffff
/** What found an answer, by the native side's number. */
const STEPS = ['socket table', 'recent owner', 'walk']

/** Not handed to the native side yet, by what they ask: the same question shares one answer.
 * @type {Map<string, Unasked>} */
const unasked = new Map()
/** Handed over and unanswered, by id. @type {Map<number, SocketQuestion>} */
const asked = new Map()
/** Handed over, and nobody waits any more. @type {Set<number>} */
let abandoned = new Set()
/** @type {Lookups | undefined} */
let lookups
let lastId = 0
let isRunning = false

/**
 * Who has a socket with this local port?
 * @param {number} port
 * @param {'listening' | 'connected' | undefined} state
 * @param {AbortSignal | undefined} signal
 */
function askForPort(port, state, signal) {
  const addressesAndScopes = new Array(16).fill(0)
  const words = [WANTED[state ?? 'any'], port, 0, ...addressesAndScopes]
  return ask(words, () => `${state ?? 'port'} ${port}`, signal)
}

/**
 * Who has the socket with these two ends? `null`: no socket can have such a scope.
 * @param {{ address: Address, port: number }} local
 * @param {{ address: Address, port: number }} remote
 * @param {AbortSignal | undefined} signal
 */
function askForConnection(local, remote, signal) {
  const localScope = scopeWords(local.address.scope)
  const remoteScope = scopeWords(remote.address.scope)
  if (localScope === null || remoteScope === null) return null
  const ports = [local.port, remote.port]
  const addresses = [...local.address.words, ...remote.address.words]
  const words = [WANTED.connection, ...ports, ...addresses, ...localScope, ...remoteScope]
  return ask(words, () => `${endText(local)} to ${endText(remote)}`, signal)
}

/** @param {{ address: Address, port: number }} end */
function endText({ address: { text }, port }) {
  return `${text.includes(':') ? `[${text}]` : text}:${port}`
}

/**
 * The bytes of an interface's name or index as four big-endian words. `null`: too long for one.
 * @param {string} scope
 */
function scopeWords(scope) {
  if (scope === '') return NO_SCOPE
  const bytes = Buffer.from(scope)
  if (bytes.length > INTERFACE_NAME_BYTES_MAX || bytes.includes(0)) return null
  const padded = Buffer.alloc(16)
  bytes.copy(padded)
  return [0, 4, 8, 12].map((offset) => padded.readUInt32BE(offset))
}

/**
 * @param {number[]} words
 * @param {() => string} text
 * @param {AbortSignal | undefined} signal
 */
function ask(words, text, signal) {
  const key = words.join()
  let entry = unasked.get(key)
  if (entry === undefined) {
    /** @type {SocketQuestion} */
    const question = new Question(text, () => unasked.delete(key))
    entry = { words, question }
    unasked.set(key, entry)
  }
  const outcome = entry.question.wait(signal)
  if (!isRunning) {
    isRunning = true
    Promise.resolve().then(run)
  }
  return outcome
}

/** Never rejects: a native task that fails is every asked question's failure. */
async function run() {
  while (unasked.size > 0 || asked.size > 0 || abandoned.size > 0) {
    const forget = Uint32Array.from(abandoned)
    abandoned = new Set()
    const questions = handOver()
    try {
      const native = load()
      lookups ??= native.createLookups()
      const slice = await native.advance(lookups, questions, forget)
      settle(slice)
      if (slice.answered.length > 0) await followUps()
    } catch (error) {
      // What it knew is in doubt, and so is every question that it had.
      lookups = undefined
      abandoned = new Set()
      failAll(error)
    }
  }
  isRunning = false
}

/**
 * Who has got an answer often asks the next question at once, a few Promise reactions later. It
 * should be in the next slice, not wait for the one after it.
 */
async function followUps() {
  for (let reactions = 0; reactions < 10; reactions += 1) await undefined
}

/** Makes every unasked question an asked one, in the native side's form: id, then its words. */
function handOver() {
  const wordsEach = 20
  const questions = new Uint32Array(unasked.size * wordsEach)
  let offset = 0
  for (const { words, question } of unasked.values()) {
    const id = nextId()
    questions[offset] = id
    questions.set(words, offset + 1)
    offset += wordsEach
    asked.set(id, question)
    question.abandoned = () => {
      asked.delete(id)
      abandoned.add(id)
    }
  }
  unasked.clear()
  return questions
}

function nextId() {
  do {
    lastId = lastId === ID_MAX ? 1 : lastId + 1
  } while (asked.has(lastId))
  return lastId
}

/** @param {Slice} slice */
function settle({ answered, failed }) {
  for (let i = 0; i < answered.length; i += 3) {
    // Ids are unsigned, but travel in a signed array with the pids.
    settleOne(answered[i] >>> 0, { answer: answered[i + 1] || null }, STEPS[answered[i + 2]])
  }
  for (const { id, ...failure } of failed) settleOne(id, { failure }, 'failed')
}

/**
 * @param {number} id
 * @param {import('./question').Outcome<number | null>} outcome
 * @param {string} step
 */
function settleOne(id, outcome, step) {
  const question = asked.get(id)
  if (question === undefined) {
    // Aborted in this slice; the native side has let go of it already.
    abandoned.delete(id)
    return
  }
  asked.delete(id)
  question.settle(outcome, step)
}

/** @param {unknown} error */
function failAll(error) {
  const failure = internalFailure(error)
  for (const question of asked.values()) question.settle({ failure }, 'failed')
  asked.clear()
}

exports.askForPort = askForPort
exports.askForConnection = askForConnection
