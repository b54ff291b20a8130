'use strict'

// What callers pass, checked and refused the way Node refuses its own arguments.

const { readAddress } = require('./address')
const { invalidType, invalidValue, outOfRange } = require('./errors')

const PORT_MAX = 0xffff
const PID_MAX = 0x7fffffff

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
    port: port === undefined ? undefined : checkInteger('options.port', port, PORT_MAX),
    pid: pid === undefined ? undefined : checkInteger('options.pid', pid, PID_MAX)
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

exports.checkPort = checkPort
exports.checkPid = checkPid
exports.checkOptions = checkOptions
exports.checkPortOptions = checkPortOptions
exports.checkUdpPortOptions = checkUdpPortOptions
exports.checkListOptions = checkListOptions
exports.checkInteger = checkInteger
exports.checkAddress = checkAddress
exports.PORT_MAX = PORT_MAX
