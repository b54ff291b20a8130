'use strict'

// The functions, each top to bottom: check, ask, answer. They are `async` so that a wrong argument
// rejects; up to the first `await` all runs at the call, so arguments are read there.

const { throwIfAborted } = require('./lib/abort')
const { isIPv4 } = require('./lib/address')
const {
  checkEnds,
  checkOptions,
  checkPid,
  checkPort,
  checkPortOptions
} = require('./lib/arguments')
const { load } = require('./lib/binding')
const { bundleOf } = require('./lib/bundle')
const { lookupError } = require('./lib/errors')
const { askForInfo, askForPath } = require('./lib/processes')
const { noQuestion } = require('./lib/question')
const { askForConnection, askForPort } = require('./lib/queue')

/** @type {typeof import('./index').findPidByLocalTcpPort} */
async function findPidByLocalTcpPort(port, options) {
  checkPort(port)
  const { signal, state } = checkPortOptions(options)
  throwIfAborted(signal)
  load()

  return answerOf(await askForPort(port, state, signal))
}

/** @type {typeof import('./index').findPeerPid} */
async function findPeerPid(socket, options) {
  const ends = checkEnds(socket)
  const { signal } = checkOptions(options)
  throwIfAborted(signal)
  load()

  if (ends === null) return noQuestion('the socket has gone')
  // The other end's socket: what is remote here is local there.
  const local = { address: ends.remoteAddress, port: ends.remotePort }
  const remote = { address: ends.localAddress, port: ends.localPort }
  if (isIPv4(local.address) !== isIPv4(remote.address)) {
    return noQuestion('its ends are of two families')
  }
  const outcome = askForConnection(local, remote, signal)
  return outcome === null ? noQuestion('no interface has such a name') : answerOf(await outcome)
}

/** @type {typeof import('./index').getProcessPath} */
async function getProcessPath(pid, options) {
  checkPid(pid)
  const { signal } = checkOptions(options)
  throwIfAborted(signal)
  load()

  return answerOf(await askForPath(pid, signal))
}

/** @type {typeof import('./index').getProcessInfo} */
async function getProcessInfo(pid, options) {
  checkPid(pid)
  const { signal } = checkOptions(options)
  throwIfAborted(signal)
  load()

  const info = answerOf(await askForInfo(pid, signal))
  if (info === null) return null
  const { ppid, uid, name, path, startMs } = info
  const startTime = startMs === null ? null : new Date(startMs)
  return { pid, ppid: ppid || null, uid, name, path, startTime, bundlePath: bundleOf(path) }
}

/**
 * Throws here, not where the answer came in, so that the error's stack leads to the caller.
 * @template A
 * @param {import('./lib/question').Outcome<A>} outcome
 */
function answerOf(outcome) {
  if ('failure' in outcome) throw lookupError(outcome.failure)
  return outcome.answer
}

exports.findPidByLocalTcpPort = findPidByLocalTcpPort
exports.findPeerPid = findPeerPid
exports.getProcessPath = getProcessPath
exports.getProcessInfo = getProcessInfo
