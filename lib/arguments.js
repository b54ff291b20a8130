'use strict'

// What callers pass, checked and refused the way Node refuses its own arguments.

const { parseAddress } = require('./address')
const { invalidType, invalidValue, outOfRange } = require('./errors')

/** @typedef {import('./address').Address} Address */
/** @typedef {'listening' | 'connected'} State */
/**
 * @typedef {object} Ends
 * @property {Address} localAddress
 * @property {number} localPort
 * @property {Address} remoteAddress
 * @property {number} remotePort
 */

const PORT_MAX = 0xffff
const PID_MAX = 0x7fffffff
const STATES = ['listening', 'connected']

/**
 * @param {string} name
 * @param {unknown} value
 * @param {number} max
 * @returns {number}
 */
function checkInteger(name, value, max) {
  if (typeof value !== 'number') throw invalidType(name, 'of type number', value)
  if (!Number.isInteger(value) || value < 1 || value > max) {
    throw outOfRange(name, `an integer >= 1 && <= ${max}`, value)
  }
  return value
}

/** @param {unknown} port */
function checkPort(port) {
  return checkInteger('port', port, PORT_MAX)
}

/** @param {unknown} pid */
function checkPid(pid) {
  return checkInteger('pid', pid, PID_MAX)
}

/**
 * @param {unknown} options
 * @returns {{ signal?: unknown, state?: unknown }}
 */
function checkObject(options) {
  if (options === undefined) return {}
  if (options === null || typeof options !== 'object') {
    throw invalidType('options', 'of type object', options)
  }
  return options
}

/**
 * A signal of another realm and a polyfill's fit too, so this asks what it can do, not whose it is.
 * @param {unknown} value
 * @returns {AbortSignal | undefined}
 */
function checkSignal(value) {
  if (value === undefined) return undefined
  const signal = /** @type {AbortSignal | null} */ (value)
  if (
    typeof signal !== 'object' ||
    typeof signal?.aborted !== 'boolean' ||
    typeof signal.addEventListener !== 'function' ||
    typeof signal.removeEventListener !== 'function'
  ) {
    throw invalidType('options.signal', 'an instance of AbortSignal', value)
  }
  return signal
}

/** @param {unknown} options */
function checkOptions(options) {
  return { signal: checkSignal(checkObject(options).signal) }
}

/**
 * @param {unknown} options
 * @returns {{ signal: AbortSignal | undefined, state: State | undefined }}
 */
function checkPortOptions(options) {
  const { signal, state } = checkObject(options)
  const checked = checkSignal(signal)
  if (state !== undefined && state !== 'listening' && state !== 'connected') {
    throw invalidValue('options.state', `one of: '${STATES.join("', '")}'`, state)
  }
  return { signal: checked, state }
}

/**
 * The four ends, read once each. `null`: the socket has gone, or was never connected.
 * @param {unknown} socket
 * @returns {Ends | null}
 */
function checkEnds(socket) {
  if (Object(socket) !== socket) throw notASocket(socket)
  const given = /** @type {Record<string, unknown>} */ (socket)
  const localAddress = readEnd(given, 'localAddress')
  const localPort = readEnd(given, 'localPort')
  const remoteAddress = readEnd(given, 'remoteAddress')
  const remotePort = readEnd(given, 'remotePort')
  const isThere = [localAddress, localPort, remoteAddress, remotePort].map(
    (end) => end !== undefined
  )
  if (!isThere.includes(true)) {
    if (looksLikeSocket(given)) return null
    throw notASocket(socket)
  }

  const ends = {
    localAddress: checkAddress('socket.localAddress', localAddress),
    localPort: checkEndPort('socket.localPort', localPort),
    remoteAddress: checkAddress('socket.remoteAddress', remoteAddress),
    remotePort: checkEndPort('socket.remotePort', remotePort)
  }
  return isThere.includes(false) ? null : /** @type {Ends} */ (ends)
}

/**
 * An http2 session's `socket` is a proxy object whose getters throw once its socket has gone.
 * @param {Record<string, unknown>} socket
 * @param {string} name
 */
function readEnd(socket, name) {
  try {
    return socket[name]
  } catch (error) {
    const { code } = /** @type {{ code?: unknown }} */ (Object(error))
    if (code === 'ERR_HTTP2_SOCKET_UNBOUND') return undefined
    throw error
  }
}

/**
 * Tells a socket that has gone from what never was one: a request has a `socket` of its own, a
 * server no `destroyed`. By reading, since `in` on http2's proxies denies what reading gives.
 * @param {Record<string, unknown>} given
 */
function looksLikeSocket(given) {
  try {
    return typeof given.destroyed === 'boolean' && given.socket === undefined
  } catch (error) {
    const { code } = /** @type {{ code?: unknown }} */ (Object(error))
    if (code === 'ERR_HTTP2_SOCKET_UNBOUND') return true
    throw error
  }
}

/** @param {unknown} value */
function notASocket(value) {
  const expected =
    'a connected socket, like a net.Socket (of a request pass request.socket), ' +
    'or an object with localAddress, localPort, remoteAddress and remotePort'
  return invalidType('socket', expected, value)
}

/**
 * @param {string} name
 * @param {unknown} value
 */
function checkAddress(name, value) {
  if (value === undefined) return undefined
  if (typeof value !== 'string') throw invalidType(name, 'of type string', value)
  const address = parseAddress(value)
  if (address === null) throw invalidValue(name, 'an IP address', value)
  return address
}

/**
 * @param {string} name
 * @param {unknown} value
 */
function checkEndPort(name, value) {
  return value === undefined ? undefined : checkInteger(name, value, PORT_MAX)
}

exports.checkPort = checkPort
exports.checkPid = checkPid
exports.checkOptions = checkOptions
exports.checkPortOptions = checkPortOptions
exports.checkEnds = checkEnds
