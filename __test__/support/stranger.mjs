// The process that the smoke suite asks about, which is the test's own, and the suite's files.

import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { root } from './install.mjs'

export const smokeFiles = Object.fromEntries(
  ['smoke.cjs', 'worker.cjs', 'run.mjs'].map((name) => [
    name,
    fs.readFileSync(path.join(root, '__test__', 'runtimes', name))
  ])
)

/** Listens and sends a greeting. Closed after the test. */
export async function startStranger(t) {
  const sockets = new Set()
  const server = net.createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.write('hello')
  })
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const program = fs.realpathSync(process.execPath)
  return { port: server.address().port, pid: process.pid, program }
}
