'use strict'

// A development server whose "port in use" message says who has the port, so that nobody has to go
// looking: `node examples/port-in-use/server.js` twice.

const http = require('node:http')
const { findPidByLocalTcpPort, getProcessPath } = require('socket-owner')

const port = Number(process.env.PORT ?? 3000)

/** ` by /usr/bin/node (pid 48213)`, or as much of it as can be told. Never rejects. */
async function byWhom() {
  try {
    const pid = await findPidByLocalTcpPort(port, { state: 'listening' })
    if (pid === null) return " by another user's process"
    const path = (await getProcessPath(pid)) ?? 'a program'
    // Another program chose its name: nothing in it may act on a terminal.
    return ` by ${path.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\u{FFFD}')} (pid ${pid})`
  } catch {
    // On Windows, for one: the message is as good as it was without this.
    return ''
  }
}

const server = http.createServer((_request, response) => response.end('It works.\n'))
server.on('error', async (error) => {
  if (error.code !== 'EADDRINUSE') throw error
  console.error(`Port ${port} is in use${await byWhom()}. Another one: PORT=${port + 1} npm start`)
  process.exitCode = 1
})
server.listen(port, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/`)
})
