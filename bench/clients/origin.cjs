'use strict'

// What the clients ask for, beyond the proxy: a page that fetches as often and as many at a time as
// its address says, small answers after which the connection is closed, and a git repository.
// Prints its port; `/done` prints a line.

const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')

const [repository] = process.argv.slice(2)
const page = (count, atOnce) => `<!doctype html><script type="module">
  let next = 0
  const one = async () => {
    while (next < ${count}) await (await fetch('/small?' + next++, { cache: 'no-store' })).text()
  }
  await Promise.all(Array.from({ length: ${atOnce} }, one))
  await fetch('/done')
</script>`

const server = http.createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://origin')
  if (pathname !== '/kept') response.setHeader('connection', 'close')
  if (pathname === '/page') {
    response.setHeader('content-type', 'text/html')
    response.end(page(Number(searchParams.get('count')), Number(searchParams.get('at-once'))))
  } else if (pathname.startsWith('/git/')) {
    sendFile(path.join(repository, path.normalize(pathname.slice(4))), response)
  } else {
    response.end('small\n')
  }
  if (pathname === '/done') console.log('done')
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
process.stdin.resume().on('end', () => process.exit())

function sendFile(file, response) {
  fs.readFile(file, (error, bytes) => {
    response.writeHead(error ? 404 : 200).end(bytes)
  })
}
