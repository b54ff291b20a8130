'use strict'

// Checks arguments, and rejects wrong ones with the errors that Node itself uses.

const { invalidType, invalidValue, outOfRange } = require('./errors')

const PORT_MAX = 0xffff
const PID_MAX = 0x7fffffff
/** fe80::/10. Its first group has four digits in every spelling. */
const LINK_LOCAL = /^fe[89ab][\da-f]:/i

/** @type {typeof import('node:net') | undefined} */
let loadedNet

/** Loaded by the first call: a program that has no sockets of its own starts faster. */
function net() {
  loadedNet ??= require('node:net')
  return loadedNet
}

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
function checkPort(port, name = 'port') {
  return checkInteger(name, port, PORT_MAX)
}

/** @param {unknown} pid */
function checkPid(pid, name = 'pid') {
  return checkInteger(name, pid, PID_MAX)
}

/**
 * @param {unknown} options
 * @returns {Record<string, unknown>}
 */
function checkObject(options) {
  if (options === undefined) return {}
  if (options === null || typeof options !== 'object') {
    throw invalidType('options', 'of type object', options)
  }
  return /** @type {Record<string, unknown>} */ (options)
}

/**
 * Signals from another realm and polyfills are fine too, so this checks what it can do, not its class.
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

/** @param {unknown} options */
function checkPortOptions(options) {
  const { signal, state, address } = checkObject(options)
  return {
    signal: checkSignal(signal),
    state: checkOneOf('options.state', state, ['listening', 'connected']),
    address: checkAddress('options.address', address)
  }
}

/** @param {unknown} options */
function checkUdpPortOptions(options) {
  const { signal, address } = checkObject(options)
  return { signal: checkSignal(signal), address: checkAddress('options.address', address) }
}

/** @param {unknown} options */
function checkListOptions(options) {
  const { signal, protocol, state, port, pid } = checkObject(options)
  return {
    signal: checkSignal(signal),
    protocol: checkOneOf('options.protocol', protocol, ['tcp', 'udp']),
    state: checkOneOf('options.state', state, ['listening', 'connected', 'bound']),
    port: port === undefined ? undefined : checkPort(port, 'options.port'),
    pid: pid === undefined ? undefined : checkPid(pid, 'options.pid')
  }
}

/**
 * @template {string} T
 * @param {string} name
 * @param {unknown} value
 * @param {readonly T[]} values
 * @returns {T | undefined}
 */
function checkOneOf(name, value, values) {
  if (value === undefined) return undefined
  const found = values.find((each) => each === value)
  if (found === undefined) throw invalidValue(name, `one of: '${values.join("', '")}'`, value)
  return found
}

/**
 * @param {string} name
 * @param {unknown} value
 */
function checkAddress(name, value) {
  if (value === undefined) return undefined
  if (typeof value !== 'string') throw invalidType(name, 'of type string', value)
  const address = readAddress(value)
  if (address === null) throw invalidValue(name, 'an IP address', value)
  return address
}

/**
 * Returns the IP address in the form of a socket's localAddress, without a meaningless scope: only a
 * link-local address belongs to one interface. `null`: not an IP address.
 *
 * The scope is split off here because net.isIPv6 rejects one with a '_' (`fe80::1%br_lan`), which real
 * sockets have.
 * @param {string} text
 * @returns {string | null}
 */
function readAddress(text) {
  if (net().isIPv4(text)) return text
  const percent = text.indexOf('%')
  const digits = percent === -1 ? text : text.slice(0, percent)
  if (!net().isIPv6(digits) || percent === text.length - 1) return null
  return LINK_LOCAL.test(digits) ? text : digits
}

exports.checkPort = checkPort
exports.checkPid = checkPid
exports.checkOptions = checkOptions
exports.checkPortOptions = checkPortOptions
exports.checkUdpPortOptions = checkUdpPortOptions
exports.checkListOptions = checkListOptions
exports.checkAddress = checkAddress
exports.readAddress = readAddress
