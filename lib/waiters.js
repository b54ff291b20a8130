'use strict'

// All callers that wait for the answer to one question, and how one of them stops waiting.

const { debuglog } = require('node:util')

/** NODE_DEBUG=socket-owner: logs how each answer was found and how long it took. */
const debug = debuglog('socket-owner')

/** @typedef {import('./errors').Failure} Failure */
/**
 * An answer, or why there is none. Not a rejection: the exported function throws the failure itself, so
 * that the error's stack shows its caller.
 * @template A
 * @typedef {{ answer: A } | { failure: Failure }} Outcome
 */

/**
 * Which calls wait under which signal. Each signal gets one listener, however many calls wait under it: one
 * per call would print MaxListenersExceededWarning at the eleventh (Node 18 and 20).
 * @type {WeakMap<AbortSignal, { waiters: Set<Waiter<any>>, listener: () => void }>}
 */
const records = new WeakMap()

/** @template A */
class Waiters {
  /**
   * @param {string} question In words, for the log.
   * @param {() => void} abandoned Called when the last who waited has been aborted.
   */
  constructor(question, abandoned) {
    this.question = question
    this.abandoned = abandoned
    /** @type {Set<Waiter<A>>} */
    this.all = new Set()
    this.began = debug.enabled ? process.hrtime.bigint() : 0n
  }

  /**
   * @param {AbortSignal | undefined} signal
   * @returns {Promise<Outcome<A>>}
   */
  wait(signal) {
    return new Promise((resolve, reject) => {
      const waiter = new Waiter(this, signal, resolve, reject)
      if (signal !== undefined) waitUnder(signal, waiter)
      this.all.add(waiter)
    })
  }

  /**
   * @param {Outcome<A>} outcome
   * @param {string} step What found it.
   */
  settle(outcome, step) {
    if (debug.enabled) {
      const micros = Number((process.hrtime.bigint() - this.began) / 1000n)
      const told = 'answer' in outcome ? inShort(outcome.answer) : outcome.failure.message
      debug('%s: %j by %s in %d µs', this.question, told, step, micros)
    }
    for (const waiter of this.all) waiter.settle(outcome)
  }
}

/** @template A */
class Waiter {
  /**
   * @param {Waiters<A>} waiters
   * @param {AbortSignal | undefined} signal
   * @param {(outcome: Outcome<A>) => void} resolve
   * @param {(reason: unknown) => void} reject
   */
  constructor(waiters, signal, resolve, reject) {
    this.waiters = waiters
    this.signal = signal
    this.resolve = resolve
    this.reject = reject
  }

  /** @param {Outcome<A>} outcome */
  settle(outcome) {
    this.resolve(outcome)
    if (this.signal !== undefined) stopWaiting(this.signal, this)
  }

  /** @param {unknown} reason */
  abort(reason) {
    const { all, abandoned } = this.waiters
    all.delete(this)
    this.reject(reason)
    if (all.size === 0) abandoned()
  }
}

/** @param {AbortSignal} signal */
function reasonOf(signal) {
  // A polyfill may have no reason.
  return signal.reason === undefined
    ? new DOMException('This operation was aborted', 'AbortError')
    : signal.reason
}

/** @param {AbortSignal | undefined} signal */
function throwIfAborted(signal) {
  if (signal?.aborted) throw reasonOf(signal)
}

/**
 * @param {AbortSignal} signal
 * @param {Waiter<any>} waiter
 */
function waitUnder(signal, waiter) {
  const record = records.get(signal)
  if (record !== undefined) {
    record.waiters.add(waiter)
    return
  }
  const waiters = new Set([waiter])
  const listener = () => {
    forgetSignal(signal, listener)
    const reason = reasonOf(signal)
    for (const each of waiters) each.abort(reason)
  }
  signal.addEventListener('abort', listener)
  records.set(signal, { waiters, listener })
}

/**
 * @param {AbortSignal} signal
 * @param {Waiter<any>} waiter
 */
function stopWaiting(signal, waiter) {
  const record = records.get(signal)
  if (record === undefined) return
  record.waiters.delete(waiter)
  if (record.waiters.size === 0) forgetSignal(signal, record.listener)
}

/**
 * @param {AbortSignal} signal
 * @param {() => void} listener
 */
function forgetSignal(signal, listener) {
  records.delete(signal)
  try {
    signal.removeEventListener('abort', listener)
  } catch {
    // A foreign signal object; its failure must not affect the question.
  }
}

/**
 * Of a record only the pid and of a table only the size: arguments may hold secrets, and rows fill the screen.
 * @param {unknown} answer
 */
function inShort(answer) {
  if (typeof answer !== 'object' || answer === null) return answer
  const { pid, rows } = /** @type {{ pid?: number, rows?: Uint32Array }} */ (answer)
  return rows === undefined ? { pid } : { words: rows.length }
}

/**
 * Answers `null` without asking the system.
 * @param {string} why
 */
function noQuestion(why) {
  debug('null: %s', why)
  return null
}

exports.noQuestion = noQuestion
exports.throwIfAborted = throwIfAborted
exports.Waiters = Waiters
