'use strict'

// One question to the native side and everybody who waits for its answer.

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
class Question {
  /**
   * @param {() => string} text The question in words.
   * @param {() => void} abandoned Called when the last who waited has been aborted.
   */
  constructor(text, abandoned) {
    this.text = text
    this.abandoned = abandoned
    /** @type {Set<Waiter<A>>} */
    this.waiters = new Set()
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
      this.waiters.add(waiter)
    })
  }

  /**
   * @param {Outcome<A>} outcome
   * @param {string} step What found it.
   */
  settle(outcome, step) {
    if (debug.enabled) {
      const micros = Number((process.hrtime.bigint() - this.began) / 1000n)
      const told = 'answer' in outcome ? outcome.answer : outcome.failure.message
      debug('%s: %j by %s in %d µs', this.text(), told, step, micros)
    }
    for (const waiter of this.waiters) waiter.settle(outcome)
  }
}

/** @template A */
class Waiter {
  /**
   * @param {Question<A>} question
   * @param {AbortSignal | undefined} signal
   * @param {(outcome: Outcome<A>) => void} resolve
   * @param {(reason: unknown) => void} reject
   */
  constructor(question, signal, resolve, reject) {
    this.question = question
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
    const { waiters, abandoned } = this.question
    waiters.delete(this)
    this.reject(reason)
    if (waiters.size === 0) abandoned()
  }
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
exports.Question = Question
