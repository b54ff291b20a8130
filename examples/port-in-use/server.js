'use strict'

// A development server whose "port in use" message names the process that has the port. To see it, run
// `node examples/port-in-use/server.js` twice.

const http = require('node:http')
const { getProcessInfo, listSockets } = require('socket-owner')

const host = '127.0.0.1'
const port = Number(process.env.PORT ?? 3000)

/** Returns the socket that is in our way: bound to our address or to a wildcard. */
async function findSocket() {
  const sockets = await listSockets({ protocol: 'tcp', port })
  const inTheWay = sockets.filter(({ localAddress }) =>
    [host, '0.0.0.0', '::'].includes(localAddress)
  )
  return inTheWay.find(({ state }) => state === 'listening') ?? inTheWay[0]
}

/** Returns ` by /usr/bin/node (pid 48213) in /home/me/shop`, or as much as is known. Never rejects. */
async function byWhom() {
  try {
    const socket = await findSocket()
    // The port is free again, or, on macOS, has another user's socket, which the kernel hides altogether.
    if (socket === undefined) return ''
    const { pid, uid } = socket
    if (pid === null) return ` by a process of user ${uid} that is hidden from you`
    const { path, name, cwd } = (await getProcessInfo(pid)) ?? {}
    return printable(` by ${path ?? name ?? 'a program'} (pid ${pid})${cwd ? ` in ${cwd}` : ''}`)
  } catch {
    // For example on FreeBSD: the message is then as good as it would be without this package.
    return ''
  }
}

/** Others chose these names: replace what a terminal might act on. */
function printable(text) {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\u{FFFD}')
}

const server = http.createServer((_request, response) => response.end('It works.\n'))
server.on('error', async (error) => {
  if (error.code !== 'EADDRINUSE') throw error
  console.error(`Port ${port} is in use${await byWhom()}. Another one: PORT=${port + 1} npm start`)
  process.exitCode = 1
})
server.listen(port, host, () => {
  console.log(`http://${host}:${server.address().port}/`)
})
