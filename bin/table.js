'use strict'

// The table of sockets: what is listening where, and with --all what is connected to what.

const path = require('node:path')
const { getProcessInfo, listSockets } = require('..')
const { isWaiting } = require('./ports')
const { userName } = require('./rights')
const { commandLine, fit, pad, printable, width } = require('./text')

/** @typedef {import('..').SocketInfo} SocketInfo */
/** @typedef {import('..').ProcessInfo} ProcessInfo */

const GAP = '  '

/**
 * Sorted by protocol, port and address.
 * @param {{ isAll: boolean, pid?: number, protocol?: SocketInfo['protocol'] }} options
 */
async function findSockets({ isAll, pid, protocol }) {
  const sockets = await listSockets({ protocol, pid })
  const shown = isAll || pid !== undefined ? sockets : sockets.filter(isWaiting)
  return shown.sort(
    (one, other) =>
      compare(one.protocol, other.protocol) ||
      one.localPort - other.localPort ||
      compare(one.localAddress, other.localAddress) ||
      compare(one.remoteAddress ?? '', other.remoteAddress ?? '') ||
      (one.remotePort ?? 0) - (other.remotePort ?? 0)
  )
}

/**
 * @param {string} one
 * @param {string} other
 */
function compare(one, other) {
  return one < other ? -1 : Number(one > other)
}

/**
 * @param {SocketInfo[]} sockets
 * @param {number} columns
 */
async function table(sockets, columns) {
  const pids = new Set(sockets.flatMap(({ pid }) => (pid === null ? [] : [pid])))
  const infos = new Map(
    await Promise.all(
      [...pids].map(async (pid) => /** @type {const} */ ([pid, await getProcessInfo(pid)]))
    )
  )
  const hasRemotes = sockets.some(({ state }) => state === 'connected')
  const head = ['PROTO', 'LOCAL', ...(hasRemotes ? ['REMOTE', 'STATE'] : []), 'PID', 'PROGRAM']
  const rows = sockets.map((socket) => cells(socket, infos.get(socket.pid ?? 0), hasRemotes))
  return layOut([[...head, 'COMMAND'], ...rows], columns)
}

/**
 * @param {SocketInfo} socket
 * @param {ProcessInfo | null | undefined} info
 * @param {boolean} hasRemotes
 */
function cells(socket, info, hasRemotes) {
  const { protocol, state, tcpState, pid, pids } = socket
  const { localAddress, localPort, remoteAddress, remotePort } = socket
  const remote = remoteAddress === null ? '' : endText(remoteAddress, remotePort)
  const others = pids.length > 1 ? ` +${pids.length - 1}` : ''
  return [
    protocol,
    endText(localAddress, localPort),
    ...(hasRemotes ? [remote, tcpState ?? state] : []),
    pid === null ? '-' : `${pid}${others}`,
    programText(socket, info),
    info?.args ? commandLine(info.args) : ''
  ]
}

/**
 * @param {SocketInfo} socket
 * @param {ProcessInfo | null | undefined} info
 */
function programText({ pid, uid }, info) {
  if (pid === null) {
    return uid === null ? 'hidden' : `hidden (user ${printable(userName(uid))})`
  }
  const name = info?.path ? path.basename(info.path) : info?.name
  return name ? printable(name) : '?'
}

/**
 * @param {string} address
 * @param {number | null} port
 */
function endText(address, port) {
  return printable(address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`)
}

/**
 * Each column is as wide as its widest cell; the last takes the rest of the line.
 * @param {string[][]} rows
 * @param {number} columns
 */
function layOut(rows, columns) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => width(row[i]))))
  return rows
    .map((row) => {
      const padded = row.map((cell, i) => (i === row.length - 1 ? cell : pad(cell, widths[i])))
      return fit(padded.join(GAP), columns).trimEnd()
    })
    .join('\n')
}

exports.findSockets = findSockets
exports.table = table
