'use strict'

// Every Error that a caller can get is created here, in JavaScript, so that `instanceof` works in
// whichever realm (a Jest sandbox, a vm context) the package was loaded.

const { inspect } = require('node:util')

/**
 * A failed lookup, as the native side and the loader describe it.
 * @typedef {{ code: string, message: string, syscall?: string | undefined, cause?: unknown }} Failure
 */

/** Shortages that can pass: a failure to load with one of these codes is not cached. */
const PASSING = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN'])

/**
 * What was received, in the wording of Node's own argument errors.
 * @param {unknown} value
 */
function received(value) {
  if (value === undefined || value === null) return `Received ${value}`
  if (typeof value === 'function') return `Received function ${value.name}`
  if (typeof value === 'object') {
    const name = Object.getPrototypeOf(value)?.constructor?.name
    return name ? `Received an instance of ${name}` : `Received ${inspect(value, { depth: -1 })}`
  }
  const text = inspect(value, { colors: false })
  const shown = text.length > 28 ? `${text.slice(0, 25)}...` : text
  return `Received type ${typeof value} (${shown})`
}

/**
 * The same for a value of the right type that is still wrong.
 * @param {unknown} value
 */
function receivedValue(value) {
  const text = inspect(value)
  return `Received ${text.length > 128 ? `${text.slice(0, 128)}...` : text}`
}

/**
 * Describes even a value that cannot be inspected (a revoked proxy, a getter that throws).
 * @param {(value: unknown) => string} describe
 * @param {unknown} value
 */
function inWords(describe, value) {
  try {
    return describe(value)
  } catch {
    return `Received ${typeof value === 'function' ? 'a function' : 'an object'} that cannot be read`
  }
}

/** @param {string} name A dotted name is a property, any other an argument. */
function subject(name) {
  return `"${name}" ${name.includes('.') ? 'property' : 'argument'}`
}

/**
 * Sets `code` and puts it into the first line of the stack, as in Node's own errors.
 * @template {Error} E
 * @param {E} error
 * @param {string} code
 */
function withCode(error, code) {
  const { name } = error
  error.name = `${name} [${code}]`
  // The stack is created when it is first read, and keeps the name of that moment.
  void error.stack
  // @ts-expect-error: the own property goes, the prototype's `name` shows again.
  delete error.name
  return Object.assign(error, { code })
}

/**
 * @param {string} name
 * @param {string} expected Continues "must be".
 * @param {unknown} value
 */
function invalidType(name, expected, value) {
  const message = `The ${subject(name)} must be ${expected}. ${inWords(received, value)}`
  return withCode(new TypeError(message), 'ERR_INVALID_ARG_TYPE')
}

/**
 * @param {string} name
 * @param {string} expected Continues "must be".
 * @param {unknown} value
 */
function invalidValue(name, expected, value) {
  const message = `The ${subject(name)} must be ${expected}. ${inWords(receivedValue, value)}`
  return withCode(new TypeError(message), 'ERR_INVALID_ARG_VALUE')
}

/**
 * @param {string} name
 * @param {string} expected Continues "It must be".
 * @param {number} value
 */
function outOfRange(name, expected, value) {
  const shown = inspect(value)
  const message = `The value of "${name}" is out of range. It must be ${expected}. Received ${shown}`
  return withCode(new RangeError(message), 'ERR_OUT_OF_RANGE')
}

/** @param {Failure} failure */
function lookupError({ code, message, syscall, cause }) {
  const error = cause === undefined ? new Error(message) : new Error(message, { cause })
  // Messages of system errors already begin with their code, as Node's do.
  return syscall === undefined ? withCode(error, code) : Object.assign(error, { code, syscall })
}

/**
 * The failure for a native task that rejected, which happens only after a panic.
 * @param {unknown} cause
 * @returns {Failure}
 */
function internalFailure(cause) {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const message = `A bug in socket-owner stopped this lookup; the next call works. ${reason}`
  return { code: 'ERR_INTERNAL', message, cause }
}

exports.PASSING = PASSING
exports.invalidType = invalidType
exports.invalidValue = invalidValue
exports.outOfRange = outOfRange
exports.lookupError = lookupError
exports.internalFailure = internalFailure
