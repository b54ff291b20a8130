'use strict'

// The ends of a socket that a caller passes. Each is read once, at the call: a getter may return
// something else a moment later.

const { checkAddress, checkPort } = require('./arguments')
const { invalidType } = require('./errors')

/** @typedef {import('./wire').End} End */
/**
 * A connection by its two ends; or a descriptor, perhaps of a Unix-domain socket. `null`: the socket is
 * gone, or was never connected.
 * @typedef {{ local: End, remote: End } | { fd: number } | null} Connection
 */

const CONNECTED =
  'a connected socket such as a net.Socket (for a request, pass request.socket), ' +
  'or an object with localAddress, localPort, remoteAddress and remotePort'
const BOUND = 'a bound dgram.Socket, or an object with its address and port'
const RINFO = "an object with address and port, such as the rinfo of a 'message' event"
/** What `dgram.Socket.address` throws if the socket was never bound or is closed. */
const NOT_BOUND = new Set(['EBADF', 'EINVAL', 'ERR_SOCKET_DGRAM_NOT_RUNNING'])

/**
 * @param {unknown} socket
 * @returns {Connection}
 */
function checkConnection(socket) {
  const given = checkObject('socket', CONNECTED, socket)
  const localAddress = readEnd(given, 'localAddress')
  const localPort = readEnd(given, 'localPort')
  const remoteAddress = readEnd(given, 'remoteAddress')
  const remotePort = readEnd(given, 'remotePort')
  if (typeof remoteAddress === 'function') {
    const expected = `${CONNECTED}; for a dgram.Socket, use findUdpPeerPid(rinfo, socket)`
    throw invalidType('socket', expected, socket)
  }
  const ends = [localAddress, localPort, remoteAddress, remotePort]
  if (ends.every((end) => end === undefined)) {
    if (!looksLikeSocket(given)) throw invalidType('socket', CONNECTED, socket)
    return descriptorOf(given)
  }
  const local = checkEnd('socket', 'local', localAddress, localPort)
  const remote = checkEnd('socket', 'remote', remoteAddress, remotePort)
  return local === null || remote === null ? null : { local, remote }
}

/**
 * An http2 session's `socket` is a proxy object whose getters throw once the real socket is gone.
 * @param {Record<string, unknown>} socket
 * @param {string} name
 */
function readEnd(socket, name) {
  try {
    return socket[name]
  } catch (error) {
    if (codeOf(error) === 'ERR_HTTP2_SOCKET_UNBOUND') return undefined
    throw error
  }
}

/**
 * Distinguishes a socket that is gone from what never was one: a request has its own `socket`, and a server
 * has no `destroyed`. It reads the properties, because on http2's proxies `in` denies what reading returns.
 * @param {Record<string, unknown>} given
 */
function looksLikeSocket(given) {
  try {
    return typeof given.destroyed === 'boolean' && given.socket === undefined
  } catch (error) {
    if (codeOf(error) === 'ERR_HTTP2_SOCKET_UNBOUND') return true
    throw error
  }
}

/**
 * A net.Socket for a Unix-domain socket has no addresses, but a handle with a descriptor.
 * @param {Record<string, unknown>} socket
 */
function descriptorOf(socket) {
  const handle = readEnd(socket, '_handle')
  if (typeof handle !== 'object' || handle === null) return null
  const { fd } = /** @type {{ fd?: unknown }} */ (handle)
  return typeof fd === 'number' && Number.isInteger(fd) && fd >= 0 ? { fd } : null
}

/**
 * Both ends of a reply: where it would go, and the socket that would send it. `null`: that socket is closed
 * or not bound.
 * @param {unknown} rinfo
 * @param {unknown} socket
 */
function checkReply(rinfo, socket) {
  const { address: peerAddress, port: peerPort } = checkObject('rinfo', RINFO, rinfo)
  const peer = checkWholeEnd('rinfo', peerAddress, peerPort)
  const given = checkObject('socket', BOUND, socket)
  const { address } = given
  if (typeof address !== 'function') {
    return { peer, own: checkWholeEnd('socket', address, given.port) }
  }
  // A net.Socket has an `address` too, and a net.Server, but they send no datagrams.
  if (typeof given.send !== 'function') throw invalidType('socket', BOUND, socket)
  const bound = addressOf(given, address)
  return bound === null ? null : { peer, own: checkWholeEnd('socket', bound.address, bound.port) }
}

/**
 * @param {object} socket
 * @param {Function} address
 * @returns {Record<string, unknown> | null}
 */
function addressOf(socket, address) {
  try {
    return Object(Reflect.apply(address, socket, []))
  } catch (error) {
    if (NOT_BOUND.has(codeOf(error))) return null
    throw error
  }
}

/**
 * @param {string} name
 * @param {string} expected
 * @param {unknown} value
 * @returns {Record<string, unknown>}
 */
function checkObject(name, expected, value) {
  if (Object(value) !== value) throw invalidType(name, expected, value)
  return /** @type {Record<string, unknown>} */ (value)
}

/**
 * `null`: one half is missing, or both.
 * @param {string} owner
 * @param {'local' | 'remote'} side
 * @param {unknown} givenAddress
 * @param {unknown} givenPort
 * @returns {End | null}
 */
function checkEnd(owner, side, givenAddress, givenPort) {
  const address = checkAddress(`${owner}.${side}Address`, givenAddress)
  const port = givenPort === undefined ? undefined : checkPort(givenPort, `${owner}.${side}Port`)
  return address === undefined || port === undefined ? null : { address, port }
}

/**
 * @param {string} owner
 * @param {unknown} givenAddress
 * @param {unknown} givenPort
 * @returns {End}
 */
function checkWholeEnd(owner, givenAddress, givenPort) {
  const address = checkAddress(`${owner}.address`, givenAddress)
  if (address === undefined) throw invalidType(`${owner}.address`, 'of type string', givenAddress)
  return { address, port: checkPort(givenPort, `${owner}.port`) }
}

/** @param {unknown} error */
function codeOf(error) {
  return /** @type {{ code?: any }} */ (Object(error)).code
}

exports.checkConnection = checkConnection
exports.checkReply = checkReply
