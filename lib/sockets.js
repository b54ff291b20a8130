'use strict'

// Questions about sockets: all that are in progress share one native task, which works in slices.
//
// The work starts in a Promise reaction, so that all calls of one tick form one batch. It uses no timer,
// nextTick, setImmediate or queueMicrotask, because the fake timers of test runners would stop it.

const { load } = require('./binding')
const { internalFailure } = require('./errors')
const { noQuestion, Waiters } = require('./waiters')
const { STEPS } = require('./wire')

/** @typedef {import('./native').Advanced} Advanced */
/** @typedef {import('./native').Info} Info */
/** @typedef {import('./native').Lookups} Lookups */
/** @typedef {import('./wire').Table} Table */
/** @typedef {number | Info | Table | null} Found */
/**
 * @template A
 * @typedef {import('./waiters').Outcome<A>} Outcome
 */

const ID_MAX = 0xffffffff

/** Not passed to the native side yet, by their line: the same question shares one answer.
 * @type {Map<string, Waiters<any>>} */
const unasked = new Map()
/** Handed over and unanswered, by id. @type {Map<number, Waiters<any>>} */
const asked = new Map()
/** Passed on, but no caller waits for them any more. @type {Set<number>} */
const abandoned = new Set()
const NOBODY = new Uint32Array()
/** @type {Lookups | undefined} */
let lookups
let lastId = 0
let isRunning = false

/**
 * @template {Found} A
 * @param {import('./wire').Line<A> | null} line `null`: it has no answer but `null`.
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<Outcome<A | null>> | { answer: null }}
 */
function ask(line, signal) {
  if (line === null) return { answer: noQuestion('no interface has that name') }
  let waiters = unasked.get(line)
  if (waiters === undefined) {
    waiters = new Waiters(line, () => unasked.delete(line))
    unasked.set(line, waiters)
    start()
  }
  return waiters.wait(signal)
}

/**
 * Like `ask`, for a line with a descriptor that the native side closes when the question ends. So the line
 * is passed on even if no caller waits for it any more.
 * @template {Found} A
 * @param {import('./wire').Line<A> | null} line
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<Outcome<A | null>> | { answer: null }}
 */
function askAndClose(line, signal) {
  const outcome = ask(line, signal)
  const waiters = line === null ? undefined : unasked.get(line)
  if (waiters !== undefined) waiters.abandoned = () => {}
  return outcome
}

function start() {
  if (isRunning) return
  isRunning = true
  Promise.resolve().then(run)
}

/** Never rejects: if a native task fails, so do all questions that were passed to it. */
async function run() {
  while (unasked.size > 0 || asked.size > 0 || abandoned.size > 0) {
    const questions = handOver()
    const forget = abandoned.size === 0 ? NOBODY : Uint32Array.from(abandoned)
    abandoned.clear()
    try {
      const native = load()
      lookups ??= native.createLookups()
      const advanced = await native.advance(lookups, questions, forget)
      if (settle(advanced)) await followUps()
    } catch (error) {
      // Its state can't be trusted any more, and neither can any question it had.
      lookups = undefined
      abandoned.clear()
      failAll(error)
    }
  }
  isRunning = false
}

/**
 * A caller that has its answer often asks the next question right away, a few Promise reactions later. That
 * question should get into the next slice, not wait for the one after it.
 */
async function followUps() {
  for (let reactions = 0; reactions < 10; reactions += 1) await undefined
}

/** Marks all unasked questions as asked. Returns their lines, each with its id. */
function handOver() {
  const lines = []
  for (const [line, waiters] of unasked) {
    const id = nextId()
    lines.push(`${id} ${line}`)
    asked.set(id, waiters)
    waiters.abandoned = () => {
      asked.delete(id)
      abandoned.add(id)
    }
    if (waiters.all.size === 0) waiters.abandoned()
  }
  unasked.clear()
  return lines.join('\n')
}

function nextId() {
  do {
    lastId = lastId === ID_MAX ? 1 : lastId + 1
  } while (asked.has(lastId))
  return lastId
}

/**
 * Returns whether any caller got an answer.
 * @param {Advanced} advanced
 */
function settle({ answered, records = [], lists = [], failed = [] }) {
  for (let i = 0; i < answered.length; i += 3) {
    // Ids are unsigned, but travel in a signed array with the pids.
    settleOne(answered[i] >>> 0, { answer: answered[i + 1] || null }, STEPS[answered[i + 2]])
  }
  for (const { id, step, record } of records) settleOne(id, { answer: record }, STEPS[step])
  for (const { id, step, rows, scopes } of lists) {
    settleOne(id, { answer: { rows, scopes } }, STEPS[step])
  }
  for (const { id, ...failure } of failed) settleOne(id, { failure }, 'failed')
  return answered.length + records.length + lists.length > 0
}

/**
 * @param {number} id
 * @param {Outcome<Found>} outcome
 * @param {string} step
 */
function settleOne(id, outcome, step) {
  const waiters = asked.get(id)
  if (waiters === undefined) {
    // Aborted during this slice; the native side has already dropped it.
    abandoned.delete(id)
    return
  }
  asked.delete(id)
  waiters.settle(outcome, step)
}

/** @param {unknown} error */
function failAll(error) {
  const failure = internalFailure(error)
  for (const waiters of asked.values()) waiters.settle({ failure }, 'failed')
  asked.clear()
}

exports.ask = ask
exports.askAndClose = askAndClose
