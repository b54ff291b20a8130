'use strict'

// Questions about processes: batches of pids, one native task at a time, beside the walk for
// sockets so that neither waits for the other. See sockets.js on why it starts by a Promise reaction.

const { load } = require('./binding')
const { internalFailure } = require('./errors')
const { Waiters } = require('./waiters')

/** @typedef {import('./native').Binding} Binding */
/** @typedef {import('./native').Info} Info */
/** @typedef {import('./native').NativeFailure} NativeFailure */

/**
 * Questions of one kind. Those not handed to the native side yet are here by pid: the same pid
 * shares one answer.
 * @template T
 */
class Kind {
  /**
   * @param {string} name
   * @param {(binding: Binding, pids: Int32Array) => Promise<(T | null | NativeFailure)[]>} ask
   */
  constructor(name, ask) {
    this.name = name
    this.ask = ask
    /** @type {Map<number, Waiters<T | null>>} */
    this.unasked = new Map()
    /** @type {[number, Waiters<T | null>][]} */
    this.batch = []
  }

  /**
   * @param {number} pid
   * @param {AbortSignal | undefined} signal
   */
  wait(pid, signal) {
    let waiters = this.unasked.get(pid)
    if (waiters === undefined) {
      waiters = new Waiters(`${this.name} of ${pid}`, () => this.unasked.delete(pid))
      this.unasked.set(pid, waiters)
    }
    return waiters.wait(signal)
  }

  /** Somebody waits. */
  get isWaiting() {
    return this.batch.length > 0 || this.unasked.size > 0
  }

  /** Asks all, of which as many are answered as fit into a slice. Never rejects. */
  async answerSome() {
    for (const [pid, waiters] of this.unasked) {
      waiters.abandoned = () => {} // Left out of the next slice, or its answer ignored.
      this.batch.push([pid, waiters])
    }
    this.unasked.clear()
    if (this.batch.length === 0) return
    let answered = this.batch.length
    try {
      const pids = Int32Array.from(this.batch, ([pid]) => pid)
      const answers = await this.ask(load(), pids)
      answers.forEach((answer, i) => {
        this.batch[i][1].settle(isFailure(answer) ? { failure: answer } : { answer }, 'its process')
      })
      answered = answers.length
    } catch (error) {
      const failure = internalFailure(error)
      for (const [, waiters] of this.batch) waiters.settle({ failure }, 'failed')
    }
    this.batch = this.batch.slice(answered).filter(([, waiters]) => waiters.all.size > 0)
  }
}

/** @type {Kind<string>} */
const paths = new Kind('path', (binding, pids) => binding.processPaths(pids))
/** @type {Kind<Info>} */
const infos = new Kind('info', (binding, pids) => binding.processInfos(pids))
let isRunning = false

/**
 * @param {number} pid
 * @param {AbortSignal | undefined} signal
 */
function askForPath(pid, signal) {
  const outcome = paths.wait(pid, signal)
  start()
  return outcome
}

/**
 * @param {number} pid
 * @param {AbortSignal | undefined} signal
 */
function askForInfo(pid, signal) {
  const outcome = infos.wait(pid, signal)
  start()
  return outcome
}

function start() {
  if (isRunning) return
  isRunning = true
  Promise.resolve().then(run)
}

async function run() {
  while (paths.isWaiting || infos.isWaiting) {
    await paths.answerSome()
    await infos.answerSome()
  }
  isRunning = false
}

/**
 * Only a failure has a `code`.
 * @param {unknown} answer
 * @returns {answer is NativeFailure}
 */
function isFailure(answer) {
  return typeof answer === 'object' && answer !== null && 'code' in answer
}

exports.askForPath = askForPath
exports.askForInfo = askForInfo
