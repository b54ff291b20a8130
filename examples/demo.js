'use strict'

// `npm start`: runs the proxy from proxy.js. Real programs send requests through it to a small origin
// server; each line names the program, and a table at the end sums up.
// `npm start -- --port 8080` keeps the proxy open for your own programs instead.

const { spawn } = require('node:child_process')
const { once } = require('node:events')
const http = require('node:http')
const path = require('node:path')
const { parseArgs } = require('node:util')
const { getProcessPath } = require('socket-owner')
const { createProxy, printable } = require('./proxy')

const NODE_CLIENT = `
  const http = require('node:http')
  const [proxy, url] = process.argv.slice(1)
  http.get(proxy, { path: url }, (response) => response.resume())`

const PYTHON_CLIENT = `
import sys, urllib.request
proxy, url = sys.argv[1:]
opener = urllib.request.build_opener(urllib.request.ProxyHandler({'http': proxy}))
opener.open(url).read()`

const isWindows = process.platform === 'win32'
/** The exit code of Windows' `python` alias if Python is not installed. */
const NOT_INSTALLED = 9009

/** The programs that send requests: command and arguments, given the proxy's URL and the origin's. */
const PROGRAMS = [
  ['curl', (proxy, url) => ['--silent', '--proxy', proxy, `${url}curl`, `${url}curl-again`]],
  ['curl', (proxy, url) => ['--silent', '--proxytunnel', '--proxy', proxy, `${url}tunnel`]],
  [process.execPath, (proxy, url) => ['--eval', NODE_CLIENT, proxy, `${url}node`]],
  [isWindows ? 'python' : 'python3', (proxy, url) => ['-c', PYTHON_CLIENT, proxy, `${url}python`]],
  ['wget', (proxy, url) => ['-q', '-O', '-', '-e', `http_proxy=${proxy}`, `${url}wget`]]
]

/** By program: its number of requests and its connections, each looked up once. */
const seen = new Map()

function report(method, url, client) {
  const { path: program, name: shortName, pid } = client.process ?? {}
  const name = printable(program ?? shortName ?? 'unknown program')
  const found = pid === undefined ? 'not found' : `pid ${pid}`
  console.log(`${name} (${found} in ${client.micros} µs): ${method} ${printable(url)}`)

  const { requests, clients } = seen.get(name) ?? { requests: 0, clients: new Set() }
  seen.set(name, { requests: requests + 1, clients: clients.add(client) })
}

function printTable() {
  const rows = [...seen].map(([program, { requests, clients }]) => {
    const micros = [...clients].map((client) => client.micros).sort((a, b) => a - b)
    const median = micros[Math.floor(micros.length / 2)]
    return { program, requests, connections: clients.size, 'median µs': median }
  })
  console.table(rows)
}

async function run([command, argumentsFor], proxyUrl, originUrl) {
  const name = path.basename(command)
  const skipped = `${name} is not installed here; going on without it`
  // The user's own proxy settings must neither bypass this proxy nor be asked for this host.
  const env = { ...process.env, no_proxy: '', NO_PROXY: '' }
  const child = spawn(command, argumentsFor(proxyUrl, originUrl), { stdio: 'ignore', env })
  try {
    await once(child, 'spawn')
  } catch {
    console.log(skipped)
    return
  }
  const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode]
  if (isWindows && code === NOT_INSTALLED) {
    console.log(skipped)
  } else if (code !== 0) {
    console.error(`${name} failed with exit code ${code}`)
    process.exitCode = 1
  }
}

async function main() {
  // Loads the native binary now, so that the first client's time does not include it. If that fails,
  // the proxy says so.
  await getProcessPath(process.pid).catch(() => {})
  const { values } = parseArgs({ options: { port: { type: 'string' } } })
  const origin = http.createServer((_, response) => response.end('hello\n'))
  const proxy = createProxy(report)
  await once(origin.listen(0, '127.0.0.1'), 'listening')
  await once(proxy.listen(Number(values.port ?? 0), '127.0.0.1'), 'listening')
  const originUrl = `http://127.0.0.1:${origin.address().port}/`
  const proxyUrl = `http://127.0.0.1:${proxy.address().port}/`

  if (values.port !== undefined) {
    console.log(`Proxy on ${proxyUrl}; Ctrl-C ends it. Try: curl -x ${proxyUrl} ${originUrl}`)
    await once(process, 'SIGINT')
  } else {
    for (const program of PROGRAMS) await run(program, proxyUrl, originUrl)
  }

  printTable()
  for (const server of [proxy, origin]) {
    server.closeAllConnections()
    server.close()
  }
}

main()
