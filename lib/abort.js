'use strict'

// Who waits under which signal. One listener per signal however many calls wait under it: a second
// one per call would print MaxListenersExceededWarning at the eleventh (Node 18 and 20).

/** @typedef {{ abort(reason: unknown): void }} Waiter */

/** @type {WeakMap<AbortSignal, { waiters: Set<Waiter>, listener: () => void }>} */
const records = new WeakMap()

/** @param {AbortSignal} signal */
function reasonOf(signal) {
  // A polyfill may have no reason.
  return signal.reason === undefined
    ? new DOMException('This operation was aborted', 'AbortError')
    : signal.reason
}

/** @param {AbortSignal | undefined} signal */
function throwIfAborted(signal) {
  if (signal?.aborted) throw reasonOf(signal)
}

/**
 * @param {AbortSignal} signal
 * @param {Waiter} waiter
 */
function waitUnder(signal, waiter) {
  const record = records.get(signal)
  if (record !== undefined) {
    record.waiters.add(waiter)
    return
  }
  const waiters = new Set([waiter])
  const listener = () => {
    forgetSignal(signal, listener)
    const reason = reasonOf(signal)
    for (const each of waiters) each.abort(reason)
  }
  signal.addEventListener('abort', listener)
  records.set(signal, { waiters, listener })
}

/**
 * @param {AbortSignal} signal
 * @param {Waiter} waiter
 */
function stopWaiting(signal, waiter) {
  const record = records.get(signal)
  if (record === undefined) return
  record.waiters.delete(waiter)
  if (record.waiters.size === 0) forgetSignal(signal, record.listener)
}

/**
 * @param {AbortSignal} signal
 * @param {() => void} listener
 */
function forgetSignal(signal, listener) {
  records.delete(signal)
  try {
    signal.removeEventListener('abort', listener)
  } catch {
    // A signal of somebody else's making; its failure is none of the question's.
  }
}

exports.throwIfAborted = throwIfAborted
exports.waitUnder = waitUnder
exports.stopWaiting = stopWaiting
