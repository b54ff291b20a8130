'use strict'

// A list's rows become objects in pieces, so that a table of 50,000 sockets holds up the event loop no
// longer than a small one.

const { MessageChannel } = require('node:worker_threads')
const { throwIfAborted } = require('./abort')
const { readRows } = require('./wire')

/** @typedef {import('../index').SocketInfo} SocketInfo */

/** Half a millisecond's. Counted, not timed: a test runner may have stopped the clock. */
const PIECE_ROWS = 1000

/** The event loop's next turn that no piece has taken yet: lists of one moment take turns. */
let turns = Promise.resolve()

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
 * Resolves when the event loop has come round. By a message, which no test runner fakes, where timers
 * may never come; and by a channel each time, since a port hands out up to a thousand messages in one
 * turn.
 * @returns {Promise<void>}
 */
function nextTurn() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.once('message', () => {
      port1.close()
      resolve()
    })
    port2.postMessage(null)
  })
}

exports.readTable = readTable
