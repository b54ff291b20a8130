'use strict'

// The functions, each in three steps: check, ask, answer. They are `async` so that a wrong argument rejects.
// Everything before the first `await` runs synchronously, so arguments are read at the call.

const {
  checkListOptions,
  checkOptions,
  checkPid,
  checkPort,
  checkPortOptions,
  checkUdpPortOptions
} = require('./lib/arguments')
const { load } = require('./lib/binding')
const { checkConnection, checkReply } = require('./lib/ends')
const { lookupError } = require('./lib/errors')
const { throwIfAborted } = require('./lib/waiters')

/** @type {typeof import('./index').findPeerPid} */
async function findPeerPid(socket, options) {
  return answerOf(await askForPeer('pid', socket, options))
}

/** @type {typeof import('./index').findPeerProcess} */
async function findPeerProcess(socket, options) {
  const record = answerOf(await askForPeer('record', socket, options))
  return lookups().recordOf(record)
}

/**
 * Asks who has the other end. Everything but the waiting happens synchronously, at the call.
 * @template {import('./lib/wire').Gives} G
 * @param {G} gives
 * @param {unknown} socket
 * @param {unknown} options
 */
function askForPeer(gives, socket, options) {
  const connection = checkConnection(socket)
  const { signal } = checkOptions(options)
  throwIfAborted(signal)
  const { ask, askAndClose, connectionLine, localPeer, noQuestion, unixLine } = lookups()

  if (connection === null) return { answer: noQuestion('the socket is gone') }
  if ('fd' in connection) {
    const told = localPeer(connection.fd, gives === 'record')
    if (told === null) return { answer: noQuestion('the socket is gone') }
    return 'code' in told ? { failure: told } : askAndClose(unixLine(gives, told), signal)
  }
  // The other end's socket: what is remote here is local there.
  return ask(connectionLine(gives, connection.remote, connection.local), signal)
}

/** @type {typeof import('./index').findUdpPeerPid} */
async function findUdpPeerPid(rinfo, socket, options) {
  const reply = checkReply(rinfo, socket)
  const { signal } = checkOptions(options)
  throwIfAborted(signal)
  const { ask, noQuestion, replyLine } = lookups()

  if (reply === null) return noQuestion('the socket is not bound')
  return answerOf(await ask(replyLine(reply.peer, reply.own), signal))
}

/** @type {typeof import('./index').findPidByLocalTcpPort} */
async function findPidByLocalTcpPort(port, options) {
  checkPort(port)
  const { signal, state, address } = checkPortOptions(options)
  throwIfAborted(signal)
  const { ask, portLine } = lookups()

  return answerOf(await ask(portLine('tcp', port, state, address), signal))
}

/** @type {typeof import('./index').findPidByLocalUdpPort} */
async function findPidByLocalUdpPort(port, options) {
  checkPort(port)
  const { signal, address } = checkUdpPortOptions(options)
  throwIfAborted(signal)
  const { ask, portLine } = lookups()

  return answerOf(await ask(portLine('udp', port, undefined, address), signal))
}

/** @type {typeof import('./index').listSockets} */
async function listSockets(options) {
  const { signal, ...filter } = checkListOptions(options)
  throwIfAborted(signal)
  const { ask, listLine, readTable } = lookups()

  const table = answerOf(await ask(listLine(filter), signal))
  return table === null ? [] : readTable(table, signal)
}

/** @type {typeof import('./index').getProcessPath} */
async function getProcessPath(pid, options) {
  checkPid(pid)
  const { signal } = checkOptions(options)
  throwIfAborted(signal)
  const { askForPath } = lookups()

  return answerOf(await askForPath(pid, signal))
}

/** @type {typeof import('./index').getProcessInfo} */
async function getProcessInfo(pid, options) {
  checkPid(pid)
  const { signal } = checkOptions(options)
  throwIfAborted(signal)
  const { askForInfo, recordOf } = lookups()

  return recordOf(answerOf(await askForInfo(pid, signal)))
}

/** @type {ReturnType<typeof loadLookups> | undefined} */
let loaded

/**
 * The binary and all modules that use it. Loaded by the first call, so that `require` is fast, and all at
 * once, because a later call may have no descriptor left to open a file with.
 */
function lookups() {
  loaded ??= loadLookups()
  return loaded
}

function loadLookups() {
  const { localPeer } = load()
  return {
    localPeer,
    ...require('./lib/processes'),
    ...require('./lib/sockets'),
    ...require('./lib/table'),
    ...require('./lib/waiters'),
    ...require('./lib/wire')
  }
}

/**
 * Throws here, not where the answer arrived, so that the error's stack leads to the caller.
 * @template A
 * @param {import('./lib/waiters').Outcome<A>} outcome
 */
function answerOf(outcome) {
  if ('failure' in outcome) throw lookupError(outcome.failure)
  return outcome.answer
}

exports.findPeerPid = findPeerPid
exports.findPeerProcess = findPeerProcess
exports.findUdpPeerPid = findUdpPeerPid
exports.findPidByLocalTcpPort = findPidByLocalTcpPort
exports.findPidByLocalUdpPort = findPidByLocalUdpPort
exports.listSockets = listSockets
exports.getProcessPath = getProcessPath
exports.getProcessInfo = getProcessInfo
