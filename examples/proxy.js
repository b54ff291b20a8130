'use strict'

// An HTTP proxy that knows which program on this machine sent each request.

const http = require('node:http')
const net = require('node:net')
const { pipeline } = require('node:stream')
const { findPeerProcess } = require('socket-owner')

/** @type {WeakMap<net.Socket, ReturnType<typeof findClient>>} */
const clients = new WeakMap()
let isUnsupportedLogged = false

/** Calls `onRequest` with each request's method, URL and client before it forwards the request. */
function createProxy(onRequest) {
  const proxy = http.createServer()

  // One lookup per connection, started right away: a short-lived client may exit early.
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

/**
 * Returns the client's process, or `null` if none is visible, and how long the lookup took. Never
 * rejects: the proxy works without its clients' names too.
 */
async function findClient(socket) {
  const start = process.hrtime.bigint()
  let client = null
  try {
    client = await findPeerProcess(socket)
  } catch (error) {
    const isUnsupported = error.code === 'ERR_UNSUPPORTED_PLATFORM'
    if (!isUnsupported || !isUnsupportedLogged) console.warn(error.message)
    isUnsupportedLogged ||= isUnsupported
  }
  return { process: client, micros: Number((process.hrtime.bigint() - start) / 1000n) }
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
  // Parsed as https:, which does not drop an explicit port 80.
  const { hostname, port } = new URL(`https://${request.url}`)
  const upstream = net.connect(Number(port) || 443, hostname.replace(/^\[|\]$/g, ''), () => {
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
    upstream.write(head)
    pipeline(upstream, socket, upstream, () => {})
  })
  upstream.on('error', () => socket.destroy())
  socket.on('close', () => upstream.destroy())
}

/** The client chose its path and its URLs: replace what a terminal might act on. */
function printable(text) {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\u{FFFD}')
}

exports.createProxy = createProxy
exports.printable = printable
