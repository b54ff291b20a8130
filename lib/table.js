'use strict'

// Turns the rows of a list into objects in batches, so that a table of 50,000 sockets blocks the event
// loop no longer than a small one.

const { load } = require('./binding')
const { throwIfAborted } = require('./waiters')
const { readRows } = require('./wire')

/** @typedef {import('../index').SocketInfo} SocketInfo */

/** Half a millisecond's. Counted, not timed: a test runner may have stopped the clock. */
const PIECE_ROWS = 1000

const NOBODY = new Int32Array()

/** The event loop's next turn that no piece has taken yet: lists of one moment take turns. */
let turns = /** @type {Promise<unknown>} */ (Promise.resolve())

/**
 * The caller's own objects, made from rows that other callers may share.
 * @param {import('./wire').Table} table
 * @param {AbortSignal | undefined} signal
 */
async function readTable(table, signal) {
  /** @type {SocketInfo[]} */
  const sockets = []
  const reading = { ...table, ipv4Texts: new Map() }
  let at = readRows(reading, 0, PIECE_ROWS, sockets)
  while (at < reading.rows.length) {
    turns = turns.then(nextTurn)
    await turns
    throwIfAborted(signal)
    at = readRows(reading, at, PIECE_ROWS, sockets)
  }
  return sockets
}

/**
 * Resolves when the event loop has come round: so does the answer to an empty question. No test runner
 * fakes it, as timers, which then may never come; and Bun and Deno come round for it, as they do not for
 * a message.
 */
function nextTurn() {
  return load().processPaths(NOBODY)
}

exports.readTable = readTable
