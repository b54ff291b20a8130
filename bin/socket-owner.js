#!/usr/bin/env node
'use strict'

// `npx socket-owner`: who listens on this machine. `npx socket-owner 3000`: which program has a port.

const { version } = require('../package.json')
const { findHolders, report } = require('./ports')
const { isListWhole, whoSeesMore } = require('./rights')
const { findSockets, table } = require('./table')
const { printable, printableJson } = require('./text')

const HELP = `Usage: socket-owner [port]... [options]

Without a port: who listens, and on which port. With ports: the process that has each, its program,
command line, folder, user and start. 3000, :3000 and 3000-3010 are ports.

  --all          connections too
  --tcp, --udp   only this protocol
  --pid <pid>    only this process, its connections too
  --json         the sockets, or an entry for each holder of a port, as an array
  -h, --help     this text
  -v, --version  ${version}

Exit code: 0 found, 1 nobody that you may see, or one of the ports has nobody, 2 could not look.
Other users' processes are seen by root alone (in a container with CAP_SYS_PTRACE), on Windows by an
administrator: sudo npx socket-owner 80`

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
 * Ends the program if that is all it was asked.
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
  if (pid < 1 || pid > PID_MAX) refuse(`${printable(word) || 'nothing'} is no pid; see --help`)
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

/** Of a terminal; what goes elsewhere is not cut. */
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
  if (sockets.length === 0) console.error('socket-owner: nobody that you may see')
  if (isHidden && more !== null && !asked.isJson) console.error(`${more} would show what is hidden`)
  process.exitCode = sockets.length === 0 ? 1 : 0
}

// `socket-owner | head` has heard enough.
process.stdout.on('error', ({ code }) => process.exit(code === 'EPIPE' ? 0 : 2))

const asked = readArguments(process.argv.slice(2))
const told = asked.ports.length > 0 ? tellPorts(asked) : tellAll(asked)
told.catch((error) => {
  console.error(printable(error.message))
  process.exit(2)
})
