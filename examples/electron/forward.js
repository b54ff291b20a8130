// What any HTTP proxy does with a request: forwards it, or opens a tunnel for CONNECT.

const http = require('node:http')
const net = require('node:net')
const { pipeline } = require('node:stream')

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

/** Calls `onStatus` with the status that the client received. */
function openTunnel(request, socket, head, onStatus) {
  if (!URL.canParse(`http://${request.url}`)) {
    onStatus(400)
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
    return
  }
  // Parsed as https:, which does not drop an explicit port 80.
  const { hostname, port } = new URL(`https://${request.url}`)
  let isOpen = false
  const upstream = net.connect(Number(port) || 443, hostname.replace(/^\[|\]$/g, ''), () => {
    isOpen = true
    onStatus(200)
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
    upstream.write(head)
    pipeline(upstream, socket, upstream, () => {})
  })
  upstream.on('error', () => {
    if (isOpen || socket.destroyed) return
    onStatus(502)
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
  })
  socket.on('close', () => upstream.destroy())
}

exports.forward = forward
exports.openTunnel = openTunnel
