#!/usr/bin/env node
'use strict'

// `npx socket-owner 3000`: which program has a port. Exit code 0: each port's process was found;
// 1: some port has none that this user may see; 2: it could not look.

const { findPidByLocalTcpPort, getProcessPath } = require('..')
const { version } = require('../package.json')

const HELP = `Usage: socket-owner <port>... [--json]

Prints the process that has each local TCP port: its pid and its program.

  --json         an array of { "port", "pid", "path" } instead of lines
  -h, --help     this text
  -v, --version  ${version}

Exit code: 0 found, 1 nobody that you may see has one of the ports, 2 could not look.
Other users' processes are seen by root alone: sudo npx socket-owner 80`

/** Returns the ports and whether JSON is wanted; ends the program if that is all it was asked. */
function readArguments(words) {
  const ports = []
  let isJson = false
  for (const word of words) {
    if (word === '-h' || word === '--help') leave(HELP)
    if (word === '-v' || word === '--version') leave(version)
    if (word === '--json') isJson = true
    else ports.push(readPort(word))
  }
  if (ports.length === 0) refuse('which port? For example: socket-owner 3000')
  return { ports, isJson }
}

function readPort(word) {
  const isPort = /^\d{1,5}$/.test(word) && Number(word) >= 1 && Number(word) <= 65535
  if (!isPort) refuse(`${printable(word)} is neither a port (1 to 65535) nor an option; see --help`)
  return Number(word)
}

/** Who waits for connections on it, or else who uses it for one. */
async function findOwner(port) {
  const pid =
    (await findPidByLocalTcpPort(port, { state: 'listening' })) ??
    (await findPidByLocalTcpPort(port))
  return { port, pid, path: pid === null ? null : await getProcessPath(pid) }
}

function describe({ port, pid, path }) {
  if (pid === null) return `${port}: nobody that you may see has this port`
  return `${port}: pid ${pid}, ${path === null ? 'program unknown' : printable(path)}`
}

/** Who named a program may be an enemy: no control or direction characters on a terminal. */
function printable(text) {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\u{FFFD}')
}

/** As printable, but a reader of the JSON gets the very name. */
function printableJson(value) {
  const escaped = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  const text = JSON.stringify(value, null, 2)
  return text.replace(/(?!\n)[\p{C}\p{Zl}\p{Zp}]/gu, (found) =>
    found.split('').map(escaped).join('')
  )
}

function leave(text) {
  console.log(text)
  process.exit(0)
}

function refuse(message) {
  console.error(`socket-owner: ${message}`)
  process.exit(2)
}

async function main() {
  const { ports, isJson } = readArguments(process.argv.slice(2))
  const owners = await Promise.all(ports.map(findOwner))
  console.log(isJson ? printableJson(owners) : owners.map(describe).join('\n'))
  process.exitCode = owners.some(({ pid }) => pid === null) ? 1 : 0
}

main().catch((error) => {
  console.error(printable(error.message))
  process.exit(2)
})
