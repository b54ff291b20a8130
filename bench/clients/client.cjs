'use strict'

// Fetches a URL: PROXY_PORT URL COUNT AT_ONCE [keep]. With `keep` its connections are kept and used
// again, as by a pool; else each request has one of its own.

const http = require('node:http')

const [port, url, count, atOnce, keep] = process.argv.slice(2)
const agent = new http.Agent({ keepAlive: keep === 'keep', maxSockets: Number(atOnce) })
let next = 0

function fetchOne() {
  return new Promise((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', port, path: url, agent }, (response) => {
      response.resume().on('end', resolve)
    })
    request.on('error', reject)
  })
}

async function fetchSome() {
  while (next < Number(count)) {
    next += 1
    await fetchOne()
  }
}

Promise.all(Array.from({ length: Number(atOnce) }, fetchSome)).then(() => agent.destroy())
