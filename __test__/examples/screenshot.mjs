// Makes docs/live-requests.png anew: `node __test__/examples/screenshot.mjs [dark] [file]`. The page
// of examples/electron with programs of this machine as clients. What they ask for is answered here.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import path from 'node:path'
import { openPage } from '../support/chromium.mjs'
import { root } from '../support/install.mjs'
import { installApp } from '../support/packed.mjs'
import { startElectron } from './fake-electron.mjs'

const [scheme = 'light', picture = path.join(root, 'docs', 'live-requests.png')] =
  process.argv.slice(2)

const NODE = `
  const http = require('node:http')
  const [proxy, ...urls] = process.argv.slice(1)
  const get = (url) => new Promise((done) =>
    http.get(proxy, { path: url }, (answer) => answer.resume().on('end', done)))
  urls.reduce((before, url) => before.then(() => get(url)), Promise.resolve())`
const PYTHON = `
import sys, urllib.request
proxy, *urls = sys.argv[1:]
opener = urllib.request.build_opener(urllib.request.ProxyHandler({'http': proxy}))
for url in urls:
    try: opener.open(url).read()
    except urllib.error.HTTPError: pass`

/** Command, arguments before the URLs, URLs. */
const clients = (proxy) => [
  [
    'node',
    ['-e', NODE, proxy],
    [
      'http://registry.example.org/express',
      'http://registry.example.org/express/-/express-5.3.0.tgz'
    ]
  ],
  [
    'wget',
    ['-q', '-O', '-', '-e', `http_proxy=${proxy}`],
    ['http://downloads.example.org/releases/latest/checksums.txt']
  ],
  ['git', ['-c', `http.proxy=${proxy}`, 'ls-remote'], ['http://git.example.org/team/website.git']],
  [
    '/usr/bin/python3',
    ['-c', PYTHON, proxy],
    [
      'http://data.example.org/v2/stations?limit=500',
      'http://data.example.org/v2/stations/2871/missing',
      'http://data.example.org/v2/readings?from=2026-11-01&to=2026-11-24&interval=hourly'
    ]
  ],
  ['curl', ['-s', '-X', 'POST', '-x', proxy], ['http://api.example.org/v1/orders']],
  ['curl', ['-s', '--proxytunnel', '-x', proxy, '-m', '60'], ['http://stream.example.org/never']],
  [
    'node',
    ['-e', NODE, proxy],
    ['http://api.example.org/v1/orders/981', 'http://api.example.org/v1/session']
  ]
]

const STATUSES = {
  '/v2/stations/2871/missing': 404,
  '/v1/orders': 201,
  '/v1/orders/981': 503,
  '/v1/session': 302
}
const PAGE = `<link rel=stylesheet href=/assets/site.css><script src=/assets/app.js></script>
  <img src=/images/harbour-1600w.jpg><img src=/images/logo.svg>`

const origin = http.createServer((request, response) => {
  if (request.url === '/never') return
  response.statusCode = STATUSES[request.url] ?? 200
  response.setHeader('content-type', 'text/html')
  response.end(request.url === '/' ? PAGE : '')
})
await once(origin.listen(0, '127.0.0.1'), 'listening')

const folder = await installApp(
  { after: (end) => process.on('exit', end) },
  {
    from: 'examples/electron',
    packages: ['playwright-core@1'],
    omit: ['dev']
  }
)
process.env.PROXY_PORT = '8080'
const { page, close } = await openPage(folder, {
  colorScheme: scheme
})
await startElectron(folder, page)
await page.setViewportSize({ width: 1120, height: 640 })
const proxy = await page.locator('#address').textContent()

// From here on every host is the server above.
const toOrigin = () => connectTo(origin.address().port, '127.0.0.1')
const connectTo = net.connect.bind(net)
http.globalAgent.createConnection = toOrigin
net.connect = (_port, _host, onConnect) => toOrigin().on('connect', onConnect)

const running = []
for (const [command, before, urls] of clients(proxy)) {
  const child = spawn(command, [...before, ...urls], { stdio: 'ignore' })
  running.push(child)
  if (urls[0].endsWith('/never')) await page.locator('.time.open').waitFor()
  else await once(child, 'exit')
}
// A browser with no requests of its own accord.
const bypass = '*.google.com,*.googleapis.com'
const browser = await openPage(folder, { proxy: { server: proxy, bypass } })
await browser.page.goto('http://www.example.org/')
await browser.close()
await page.locator('.path', { hasText: '/v1/session' }).waitFor()
await page.locator('.request', { hasText: '/v2/readings' }).click()
await page.locator('#detail').waitFor()
await page.locator('#requests').evaluate((list) => list.scrollTo(0, 0))
await page.mouse.move(0, 0)
await page.screenshot({ path: picture })
await close()
for (const child of running) child.kill()
process.exit()
