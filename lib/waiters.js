'use strict'

// Everybody who waits for the answer to one question.

const { debuglog } = require('node:util')
const { stopWaiting, waitUnder } = require('./abort')

/** For who wants to know what found an answer and what that cost: NODE_DEBUG=socket-owner. */
const debug = debuglog('socket-owner')

/** @typedef {import('./errors').Failure} Failure */
/**
 * An answer, or why there is none. Not a rejection: the exported function throws the failure
 * itself, so that the error's stack has its caller.
 * @template A
 * @typedef {{ answer: A } | { failure: Failure }} Outcome
 */

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

/**
 * A record's pid, a table's size: arguments may hold secrets, and rows fill the screen.
 * @param {unknown} answer
 */
function inShort(answer) {
  if (typeof answer !== 'object' || answer === null) return answer
  const { pid, rows } = /** @type {{ pid?: number, rows?: Uint32Array }} */ (answer)
  return rows === undefined ? { pid } : { words: rows.length }
}

/**
 * `null` without a question to the system.
 * @param {string} why
 */
function noQuestion(why) {
  debug('null: %s', why)
  return null
}

exports.noQuestion = noQuestion
exports.Waiters = Waiters
