// Unix-domain sockets: a server in this process, and clients in Python.

import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { accepted, startPython, temporaryDirectory } from './holders.mjs'

/** Listens in this process on a socket file to which any user may connect. */
export async function listenOnFile(t, server = net.createServer()) {
  const file = path.join(temporaryDirectory(t), 'socket')
  const sockets = new Set()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  server.listen(file)
  await once(server, 'listening')
  fs.chmodSync(file, 0o777)
  return Object.assign(server, { file })
}

/** A function for the Python code of clients. */
const connects = `
  def connect():
      made = socket.socket(socket.AF_UNIX)
      made.connect(values['file'])
      return made
`

/** Starts a process that connects and keeps the connection. */
export function startClient(t, file, code = 'kept = connect(); say(); hear()', options = {}) {
  const lines = code.split('\n').map((line) => `  ${line}\n`)
  return startPython(t, connects + lines.join(''), { ...options, values: { file } })
}

/** Returns the accepted end, and the client that `code` makes. */
export async function meet(t, code) {
  const server = await listenOnFile(t)
  const coming = accepted(server)
  const client = await startClient(t, server.file, code)
  return { server, client, socket: await coming }
}
