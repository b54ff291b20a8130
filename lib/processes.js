'use strict'

// Questions about processes, and their records: batches of pids, one native task at a time. It runs
// alongside the walk for sockets, so that neither waits for the other. sockets.js says why it starts in a
// Promise reaction.

const { load } = require('./binding')
const { internalFailure } = require('./errors')
const { Waiters } = require('./waiters')

/** @typedef {import('./native').Binding} Binding */
/** @typedef {import('./native').Info} Info */
/** @typedef {import('./native').NativeFailure} NativeFailure */

/**
 * Questions of one kind. Those not passed to the native side yet are kept by pid, so that calls for the same
 * pid share one answer.
 * @template T
 */
class Kind {
  /**
   * @param {string} name
   * @param {(binding: Binding, pids: Int32Array) => Promise<(T | null | NativeFailure)[]>} tell
   */
  constructor(name, tell) {
    this.name = name
    this.tell = tell
    /** @type {Map<number, Waiters<T | null>>} */
    this.unasked = new Map()
    /** @type {[number, Waiters<T | null>][]} */
    this.batch = []
  }

  /**
   * @param {number} pid
   * @param {AbortSignal | undefined} signal
   */
  ask(pid, signal) {
    let waiters = this.unasked.get(pid)
    if (waiters === undefined) {
      waiters = new Waiters(`${this.name} of ${pid}`, () => this.unasked.delete(pid))
      this.unasked.set(pid, waiters)
      start()
    }
    return waiters.wait(signal)
  }

  /** Some caller waits. */
  get isWaiting() {
    return this.batch.length > 0 || this.unasked.size > 0
  }

  /** Asks all; as many are answered as fit into a slice. Never rejects. */
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
      const answers = await this.tell(load(), pids)
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

/**
 * A record of the caller's own: callers that asked the same question get separate ones.
 * @param {Info | null} info
 */
function recordOf(info) {
  if (info === null) return null
  const { pid, ppid, uid, name, path, args, cwd, startMs, cgroup, services } = info
  return {
    pid,
    ppid: ppid || null,
    uid,
    name,
    path,
    args: args && [...args],
    cwd,
    startTime: startMs === null ? null : new Date(startMs),
    bundlePath: bundleOf(path),
    cgroup,
    services: services && [...services]
  }
}

/**
 * The outermost `.app` directory on macOS: a helper inside Chrome.app belongs to Chrome. `null` for a program
 * outside any, and on every other system.
 * @param {string | null} path
 */
function bundleOf(path) {
  if (path === null || process.platform !== 'darwin') return null
  const folders = path.split('/').slice(0, -1)
  const outermost = folders.findIndex((folder) => folder.length > 4 && folder.endsWith('.app'))
  return outermost === -1 ? null : folders.slice(0, outermost + 1).join('/')
}

exports.askForPath = paths.ask.bind(paths)
exports.askForInfo = infos.ask.bind(infos)
exports.bundleOf = bundleOf
exports.recordOf = recordOf
