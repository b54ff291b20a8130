'use strict'

// An HTTP proxy that knows which program on this machine sent each request.

const http = require('node:http')
const net = require('node:net')
const { pipeline } = require('node:stream')
const { findPeerPid, getProcessPath } = require('socket-owner')

/** @type {WeakMap<net.Socket, Promise<{ pid: number | null, path: string | null }>>} */
const clients = new WeakMap()
let isUnsupportedLogged = false

/** `onRequest` is told each request's method, URL and client before it is passed on. */
function createProxy(onRequest) {
  const proxy = http.createServer()

  // One look-up per connection, begun before anything is awaited: the client may be gone soon.
  proxy.on('connection', (socket) => clients.set(socket, findClient(socket)))

  proxy.on('request', async (request, response) => {
    onRequest(request.method, request.url, await clients.get(request.socket))
    forward(request, response)
  })

  proxy.on('connect', async (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    onRequest('CONNECT', request.url, await clients.get(request.socket))
    tunnel(request, socket, head)
  })

  return proxy
}

/** Never rejects: a proxy goes on without the name of a client. */
async function findClient(socket) {
  const client = { pid: null, path: null, micros: 0 }
  try {
    const begun = process.hrtime.bigint()
    client.pid = await findPeerPid(socket)
    client.micros = Number((process.hrtime.bigint() - begun) / 1000n)
    if (client.pid !== null) client.path = await getProcessPath(client.pid)
  } catch (error) {
    const isUnsupported = error.code === 'ERR_UNSUPPORTED_PLATFORM'
    if (!isUnsupported || !isUnsupportedLogged) console.warn(error.message)
    isUnsupportedLogged ||= isUnsupported
  }
  return client
}

function forward(request, response) {
  if (!URL.canParse(request.url) || new URL(request.url).protocol !== 'http:') {
    response.writeHead(400).end('This is a proxy: ask it for an absolute http: URL.\n')
    return
  }
  const { 'proxy-connection': _, 'proxy-authorization': __, ...headers } = request.headers
  const upstream = http.request(request.url, { method: request.method, headers })
  upstream.on('response', (answer) => {
    response.writeHead(answer.statusCode, answer.headers)
    pipeline(answer, response, () => {})
  })
  pipeline(request, upstream, (error) => {
    if (!error) return
    if (response.headersSent) response.destroy()
    else response.writeHead(502).end(`${error.message}\n`)
  })
}

function tunnel(request, socket, head) {
  if (!URL.canParse(`http://${request.url}`)) {
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
    return
  }
  // As https, so that a port 80 is kept by the parser.
  const { hostname, port } = new URL(`https://${request.url}`)
  const upstream = net.connect(Number(port) || 443, hostname.replace(/^\[|\]$/g, ''), () => {
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
    upstream.write(head)
    pipeline(upstream, socket, upstream, () => {})
  })
  upstream.on('error', () => socket.destroy())
  socket.on('close', () => upstream.destroy())
}

/** Another program chose its path and its URLs: no control or direction characters on a terminal. */
function printable(text) {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\u{FFFD}')
}

exports.createProxy = createProxy
exports.printable = printable
