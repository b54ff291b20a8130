'use strict'

// Who really holds a connection, told by the text of /proc/net/tcp and by reading every descriptor of
// the client program and of its descendants. Slow and plain on purpose: it shares nothing with what
// it checks. A line `ROOT LOCAL_PORT REMOTE_PORT` in, the holders out: pid, name and command line;
// `null` where the client has closed it.

const fs = require('node:fs')
const { createInterface } = require('node:readline')

const hexadecimal = (port) => Number(port).toString(16).toUpperCase().padStart(4, '0')

function inodeOf(localPort, remotePort) {
  const ends = [localPort, remotePort].map((port) => `:${hexadecimal(port)}`)
  for (const line of fs.readFileSync('/proc/net/tcp', 'latin1').split('\n')) {
    const [, local, remote, , , , , , , inode] = line.trim().split(/ +/)
    // 0: its process has closed it, and the kernel ends the connection.
    if (local?.endsWith(ends[0]) && remote?.endsWith(ends[1]) && inode !== '0') return inode
  }
  return undefined
}

function tryRead(read) {
  try {
    return read()
  } catch {
    return undefined // It has gone.
  }
}

function descendants(pid) {
  const threads = tryRead(() => fs.readdirSync(`/proc/${pid}/task`)) ?? []
  const children = threads.flatMap((thread) => {
    const text = tryRead(() => fs.readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1'))
    return text?.split(' ').filter(Boolean).map(Number) ?? []
  })
  return [pid, ...children.flatMap(descendants)]
}

function holds(pid, inode) {
  const numbers = tryRead(() => fs.readdirSync(`/proc/${pid}/fd`)) ?? []
  const link = (number) => tryRead(() => fs.readlinkSync(`/proc/${pid}/fd/${number}`))
  return numbers.some((number) => link(number) === `socket:[${inode}]`)
}

function told(pid) {
  const read = (file) => tryRead(() => fs.readFileSync(`/proc/${pid}/${file}`, 'utf8')) ?? ''
  return { pid, name: read('comm').trimEnd(), line: read('cmdline').replace(/\0$/, '') }
}

function holders(root, localPort, remotePort) {
  const inode = inodeOf(localPort, remotePort)
  const found = descendants(root).filter((pid) => holds(pid, inode))
  const isClosed =
    found.length === 0 && (inode === undefined || inodeOf(localPort, remotePort) !== inode)
  return isClosed ? null : found.map(told)
}

createInterface({ input: process.stdin }).on('line', (line) => {
  process.stdout.write(`${JSON.stringify(holders(...line.split(' ').map(Number)))}\n`)
})
