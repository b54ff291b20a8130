// The programs of the machine in the pictures, and what the user does with them.

/** Sends its requests by the proxy, one after the other, and ends. */
const REQUESTS_JS = `
  const http = require('node:http')
  const urls = URLS
  const get = (url) => new Promise((done) =>
    http.get(process.env.http_proxy, { path: url }, (answer) => answer.resume().on('end', done)))
  urls.reduce((before, url) => before.then(() => get(url)), Promise.resolve())`

const FORECAST_PY = `
import sys, urllib.request
site = 'http://data.example.org/v2/'
for path in ['stations?limit=500', 'stations/2871/missing', 'readings?from=2026-11-01&to=2026-11-24&interval=hourly']:
    try: urllib.request.urlopen(site + path).read()
    except urllib.error.HTTPError: pass`

/** Listens, has connections to another machine, and stays. */
const SERVER_JS = `
  const net = require('node:net')
  const http = require('node:http')
  http.createServer((_, response) => response.end()).listen(3000, '127.0.0.1')
  http.createServer((_, response) => response.end()).listen(5173, '::1')
  for (const host of ['203.0.113.35', '2001:db8::35', '2001:db8::35']) net.connect(443, host)
  const backend = net.createServer().listen(5432, '127.0.0.1', () => net.connect(5432, '127.0.0.1'))`

const CLOCK_PY = `
import socket, sys
kept = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
kept.connect(('203.0.113.35', 123))
mail = socket.create_connection(('203.0.113.35', 993))
sys.stdin.read()`

/** By path in the user's home. */
export const FILES = {
  'shop/server.js': SERVER_JS,
  'shop/install.js': REQUESTS_JS.replace(
    'URLS',
    JSON.stringify([
      'http://registry.example.org/express',
      'http://registry.example.org/express/-/express-5.3.0.tgz'
    ])
  ),
  'shop/checkout.js': REQUESTS_JS.replace(
    'URLS',
    JSON.stringify(['http://api.example.org/v1/orders/981', 'http://api.example.org/v1/session'])
  ),
  'weather/forecast.py': FORECAST_PY,
  'mail/fetch.py': CLOCK_PY
}

/** What the system's own user runs, unseen by ours. */
export const DAEMONS_JS = `
  const net = require('node:net')
  const listen = (port, host) => new Promise((done) => net.createServer().listen(port, host, done))
  const bind = (port) => new Promise((done) => require('node:dgram').createSocket('udp4').bind(port, done))
  Promise.all([listen(22, '0.0.0.0'), listen(631, '127.0.0.1'), bind(68)]).then(() => console.log('ready'))`

/** Requests by the proxy, from the oldest: folder, command, whether it goes on. */
export const REQUESTS = [
  ['shop', ['node', 'install.js'], false],
  [
    'shop',
    ['wget', '-q', '-O', '-', 'http://downloads.example.org/releases/latest/checksums.txt'],
    false
  ],
  ['shop', ['git', 'ls-remote', 'http://git.example.org/team/website.git'], false],
  ['weather', ['python3', 'forecast.py', '--station', '2871'], false],
  ['shop', ['curl', '-s', '-X', 'POST', 'http://api.example.org/v1/orders'], false],
  ['shop', ['curl', '-s', '--proxytunnel', 'http://stream.example.org/never'], true],
  ['shop', ['node', 'checkout.js'], false]
]

/** Programs that hold sockets, without the proxy. */
export const HOLDERS = [
  ['shop', ['node', 'server.js', '--port', '3000']],
  ['shop', ['python3', '-m', 'http.server', '8000', '--bind', '127.0.0.1']],
  ['mail', ['python3', 'fetch.py', '--idle']],
  ['shop', ['curl', '-s', '--noproxy', '*', 'http://203.0.113.20/never']],
  ['shop', ['wget', '-q', '-O', '-', '--no-proxy', 'http://203.0.113.20/never']]
]
