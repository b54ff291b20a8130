#!/usr/bin/env node
'use strict'

// `npx socket-owner` lists what is listening here; `npx socket-owner 3000` shows what has a port.

const { version } = require('../package.json')
const { findHolders, report } = require('./ports')
const { isListWhole, whoSeesMore } = require('./rights')
const { findSockets, table } = require('./table')
const { printable, printableJson } = require('./text')

const HELP = `Usage: socket-owner [port]... [options]

Without a port, lists everything that is listening. With ports (3000, :3000 or 3000-3010), shows the
process that has each: program, command line, working directory, user and start time.

  --all          include connections
  --tcp, --udp   only this protocol
  --pid <pid>    only this process, including its connections
  --json         print an array: the sockets or, with ports, one entry per process that has a port
  -h, --help     print this text
  -v, --version  print the version, ${version}

Exit code: 0 found; 1 nothing found, or a port without a visible process; 2 wrong usage, or the lookup
failed. Other users' processes are visible only to root (in a container, only with CAP_SYS_PTRACE) and,
on Windows, to an administrator: sudo npx socket-owner 80`

const PORT_MAX = 65535
const PID_MAX = 2147483647

/**
 * @typedef {object} Asked
 * @property {number[]} ports
 * @property {boolean} isJson
 * @property {boolean} isAll
 * @property {number} [pid]
 * @property {'tcp' | 'udp'} [protocol]
 */

/**
 * Ends the program after --help and --version.
 * @param {string[]} words
 * @returns {Asked}
 */
function readArguments(words) {
  /** @type {Asked} */
  const asked = { ports: [], isJson: false, isAll: false }
  const protocols = new Set()
  const rest = [...words]
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '-h' || word === '--help') leave(HELP)
    else if (word === '-v' || word === '--version') leave(version)
    else if (word === '--json') asked.isJson = true
    else if (word === '--all') asked.isAll = true
    else if (word === '--tcp' || word === '--udp') protocols.add(word.slice(2))
    else if (word === '--pid') asked.pid = readPid(rest.shift() ?? '')
    else if (word.startsWith('--pid=')) asked.pid = readPid(word.slice(6))
    else asked.ports.push(...readPorts(word))
  }
  if (protocols.size === 1) [asked.protocol] = protocols
  asked.ports = [...new Set(asked.ports)]
  return asked
}

/** @param {string} word `3000`, `:3000` or `3000-3010`. */
function readPorts(word) {
  const [, first, last = first] = word.match(/^:?(\d{1,5})(?:-(\d{1,5}))?$/) ?? []
  const [from, to] = [Number(first), Number(last)]
  if (!(from >= 1 && from <= to && to <= PORT_MAX)) {
    refuse(`${printable(word)} is neither a port (1 to 65535) nor an option; see --help`)
  }
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}

/** @param {string} word */
function readPid(word) {
  const pid = /^\d{1,10}$/.test(word) ? Number(word) : 0
  if (pid < 1 || pid > PID_MAX)
    refuse(`--pid needs a pid, not ${printable(word) || 'nothing'}; see --help`)
  return pid
}

/** @param {string} text */
function leave(text) {
  console.log(text)
  process.exit(0)
}

/** @param {string} message */
function refuse(message) {
  console.error(`socket-owner: ${message}`)
  process.exit(2)
}

/** Only lines for a terminal are cut to its width. */
const columns = process.stdout.isTTY ? process.stdout.columns : Number.POSITIVE_INFINITY

/** @param {Asked} asked */
async function tellPorts(asked) {
  const holders = await findHolders(asked.ports, asked)
  console.log(asked.isJson ? printableJson(holders) : report(holders, columns))
  process.exitCode = holders.some(({ pid }) => pid === null) ? 1 : 0
}

/** @param {Asked} asked */
async function tellAll(asked) {
  const sockets = await findSockets(asked)
  if (asked.isJson) console.log(printableJson(sockets))
  else if (sockets.length > 0) console.log(await table(sockets, columns))
  const more = whoSeesMore()
  const isHidden = !isListWhole || sockets.some(({ pid }) => pid === null)
  if (sockets.length === 0) console.error('socket-owner: no sockets that you may see')
  if (isHidden && more !== null && !asked.isJson) {
    console.error(`Some processes are hidden from you; run this ${more} to see them`)
  }
  process.exitCode = sockets.length === 0 ? 1 : 0
}

// `socket-owner | head` closes the pipe early; that is no failure.
process.stdout.on('error', ({ code }) => process.exit(code === 'EPIPE' ? 0 : 2))

const asked = readArguments(process.argv.slice(2))
const told = asked.ports.length > 0 ? tellPorts(asked) : tellAll(asked)
told.catch((error) => {
  console.error(printable(error.message))
  process.exit(2)
})
