// An Express server that logs which app on this machine called it.

const http = require('node:http')
const express = require('express')
const { findPeerProcess } = require('socket-owner')

/** By socket: one lookup per connection, which may carry many requests. */
const callers = new WeakMap()
let isProblemLogged = false

/** Returns the caller's process, `null` for a caller on another machine. Never rejects. */
async function findCaller(socket) {
  try {
    return await findPeerProcess(socket)
  } catch (error) {
    // For example ERR_UNSUPPORTED_PLATFORM on FreeBSD: the server works without its callers' names too.
    if (!isProblemLogged) console.warn(error.message)
    isProblemLogged = true
    return null
  }
}

async function identifyCaller(request, _response, next) {
  request.caller = await callers.get(request.socket)
  next()
}

/** The caller chose its name and the URL: replace what a terminal might act on. */
function printable(text) {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\u{FFFD}')
}

const app = express()
app.use(identifyCaller)
app.use((request, _response, next) => {
  const { pid = null, name, path } = request.caller ?? {}
  const program = printable(path ?? name ?? 'an unknown program')
  console.log(`${request.method} ${printable(request.originalUrl)} from ${program} (pid ${pid})`)
  next()
})
app.get('/whoami', (request, response) => {
  // Not the whole record: its `args`, the command line, may hold secrets.
  const { pid = null, path = null, startTime = null } = request.caller ?? {}
  response.json({ pid, path, startTime })
})

const server = http.createServer(app)
// Start when the connection opens: the client may have exited by the time its request is read.
server.on('connection', (socket) => callers.set(socket, findCaller(socket)))
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`Try: curl http://127.0.0.1:${server.address().port}/whoami`)
})
