'use strict'

// A development server whose "port in use" message says who has the port, so that nobody has to go
// looking: `node examples/port-in-use/server.js` twice.

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
    // Free again since, or on macOS another user's, which the kernel doesn't show at all.
    if (socket === undefined) return ''
    const { pid, uid } = socket
    if (pid === null) return ` by a process of user ${uid} that you may not see`
    const { path, name, cwd } = (await getProcessInfo(pid)) ?? {}
    return printable(` by ${path ?? name ?? 'a program'} (pid ${pid})${cwd ? ` in ${cwd}` : ''}`)
  } catch {
    // On FreeBSD, for one: the message is as good as it was without this.
    return ''
  }
}

/** Others chose these names: nothing in them may act on a terminal. */
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
