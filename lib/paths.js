'use strict'

// Questions about programs' paths: batches of pids, one native task at a time, beside the walk for
// sockets so that neither waits for the other. See queue.js on why it starts by a Promise reaction.

const { load } = require('./binding')
const { internalFailure } = require('./errors')
const { Question } = require('./question')

/** @typedef {import('./binding').Path} Path */
/** @typedef {Question<string | null>} PathQuestion */

/** Not handed to the native side yet: the same pid shares one answer. @type {Map<number, PathQuestion>} */
const unasked = new Map()
let isRunning = false

/**
 * @param {number} pid
 * @param {AbortSignal | undefined} signal
 */
function askForPath(pid, signal) {
  let question = unasked.get(pid)
  if (question === undefined) {
    question = new Question(() => unasked.delete(pid))
    unasked.set(pid, question)
  }
  const outcome = question.wait(signal)
  if (!isRunning) {
    isRunning = true
    Promise.resolve().then(run)
  }
  return outcome
}

/** Never rejects: a native task that fails is its whole batch's failure. */
async function run() {
  /** @type {[number, PathQuestion][]} */
  let batch = []
  while (batch.length > 0 || unasked.size > 0) {
    for (const [pid, question] of unasked) {
      question.abandoned = () => {} // Left out of the next batch, or its answer ignored.
      batch.push([pid, question])
    }
    unasked.clear()
    try {
      const paths = await load().processPaths(Int32Array.from(batch, ([pid]) => pid))
      settle(batch, paths)
      batch = batch.slice(paths.length)
    } catch (error) {
      const failure = internalFailure(error)
      for (const [, question] of batch) question.settle({ failure })
      batch = []
    }
    batch = batch.filter(([, question]) => question.waiters.size > 0)
  }
  isRunning = false
}

/**
 * The native side answers as many as fit in its slice, from the first on.
 * @param {[number, PathQuestion][]} batch
 * @param {Path[]} paths
 */
function settle(batch, paths) {
  paths.forEach((path, i) => {
    const [, question] = batch[i]
    question.settle(
      path === null || typeof path === 'string' ? { answer: path } : { failure: path }
    )
  })
}

exports.askForPath = askForPath
