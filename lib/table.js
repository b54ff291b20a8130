'use strict'

// Turns the rows of a list into objects in batches, so that a table of 50,000 sockets blocks the event
// loop no longer than a small one.

const { load } = require('./binding')
const { throwIfAborted } = require('./waiters')
const { readRows } = require('./wire')

/** @typedef {import('../index').SocketInfo} SocketInfo */

/** About half a millisecond's work. Counted, not timed: a test runner may have stopped the clock. */
const PIECE_ROWS = 1000

const NOBODY = new Int32Array()

/** The next turn of the event loop that no batch has taken yet: concurrent lists take turns. */
let turns = /** @type {Promise<unknown>} */ (Promise.resolve())

/**
 * Objects of the caller's own, made from rows that several callers may share.
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
 * Resolves after a turn of the event loop, by means of an empty question. Unlike timers, no test runner fakes
 * it; and unlike a message, it makes Bun and Deno complete the turn.
 */
function nextTurn() {
  return load().processPaths(NOBODY)
}

exports.readTable = readTable
