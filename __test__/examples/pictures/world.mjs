// The rest of the world in the pictures: web servers on addresses that are for documentation alone. Runs
// in a network namespace of its own; says a line when it listens.

import http from 'node:http'

const STATUSES = {
  '/v2/stations/2871/missing': 404,
  '/v1/orders': 201,
  '/v1/orders/981': 503,
  '/v1/session': 302
}
const PAGE = `<link rel=stylesheet href=/assets/site.css><script src=/assets/app.js></script>
  <img src=/images/harbour-1600w.jpg><img src=/images/logo.svg>`

function answer(request, response) {
  if (request.url === '/never') return
  response.statusCode = STATUSES[request.url] ?? 200
  response.setHeader('content-type', 'text/html')
  response.end(request.url === '/' ? PAGE : '')
}

const PLACES = [
  ['203.0.113.20', 80],
  ['203.0.113.35', 443],
  ['203.0.113.35', 993],
  ['2001:db8::35', 443]
]
for (const [host, port] of PLACES) {
  const server = http.createServer(answer)
  server.keepAliveTimeout = 0
  server.headersTimeout = 0
  server.requestTimeout = 0
  await new Promise((done) => server.listen(port, host, done))
}
console.log('listening')
