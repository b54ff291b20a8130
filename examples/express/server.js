// An Express server that logs which app on this machine called it: a local API sees its users.

const http = require('node:http')
const express = require('express')
const { findPeerPid, getProcessPath } = require('socket-owner')

/** One look-up per connection, which may carry many requests. */
const callers = new WeakMap()

/** Never rejects: the server works as well without the names of its callers. */
async function findCaller(socket) {
  try {
    const pid = await findPeerPid(socket)
    return { pid, path: pid === null ? null : await getProcessPath(pid) }
  } catch (error) {
    // ERR_UNSUPPORTED_PLATFORM on Windows, for one.
    return { pid: null, path: null, problem: error.message }
  }
}

/** Sets `request.caller`: `{ pid, path }`, both `null` for a caller on another machine. */
async function identifyCaller(request, _response, next) {
  request.caller = await callers.get(request.socket)
  next()
}

/** Another program chose its name and the URL: nothing in a log may act on a terminal. */
function printable(text) {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\u{FFFD}')
}

const app = express()
app.use(identifyCaller)
app.use((request, _response, next) => {
  const { pid, path, problem } = request.caller
  const name = printable(path ?? problem ?? 'somewhere else')
  console.log(`${request.method} ${printable(request.originalUrl)} from ${name} (pid ${pid})`)
  next()
})
app.get('/whoami', (request, response) => response.json(request.caller))

const server = http.createServer(app)
// Begun when the connection opens: its client may be gone when the request has been read.
server.on('connection', (socket) => callers.set(socket, findCaller(socket)))
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`Try: curl http://127.0.0.1:${server.address().port}/whoami`)
})
