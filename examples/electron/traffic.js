// The proxy's requests as records, each with the app that sent it. Knows nothing of Electron.

const { EventEmitter, once } = require('node:events')
const http = require('node:http')
const path = require('node:path')
const { findPeerPid, getProcessInfo } = require('socket-owner')
const { forward, openTunnel } = require('./forward')

/** Older ones are forgotten. */
const REQUESTS_MAX = 1000

const UNKNOWN = {
  pid: null,
  path: null,
  app: null,
  name: 'Unknown app',
  startedAt: null,
  micros: 0
}

/**
 * @typedef {object} Client
 * @property {number | null} pid
 * @property {string | null} path the program's file
 * @property {string | null} app the file or the bundle that it is started by
 * @property {string} name what a person calls it
 * @property {number | null} startedAt when the process began
 * @property {number} micros how long the look-up of the pid took
 */
/**
 * @typedef {object} Request
 * @property {number} id
 * @property {string} method
 * @property {string} url
 * @property {number} startedAt
 * @property {number | null} endedAt `null`: under way
 * @property {number | null} status `null`: no answer, or none yet
 * @property {Client | null} client `null`: being looked up
 */

function createTraffic() {
  const proxy = http.createServer()
  const traffic = new EventEmitter()
  /** @type {Map<number, Request>} */
  const requests = new Map()
  const clients = new WeakMap()
  let lastId = 0
  let problem = null

  /**
   * Returns, once the client is known, a function that notes what becomes of the request. Nothing is
   * answered before that: a client that has its answer may end, and then nobody can name it.
   */
  async function begin({ method, url, socket }) {
    lastId += 1
    const started = { method, url, startedAt: Date.now() }
    const request = { id: lastId, ...started, endedAt: null, status: null, client: null }
    requests.set(lastId, request)
    if (requests.size > REQUESTS_MAX) requests.delete(requests.keys().next().value)
    const note = (change) => traffic.emit('change', Object.assign(request, change))
    note({})
    note({ client: await clients.get(socket) })
    return note
  }

  // Begun at once, before any request is read: a client may be gone soon.
  proxy.on('connection', (socket) => {
    const client = findClient(socket).catch((error) => {
      // The proxy goes on without the names of its clients, and says why.
      problem = error.message
      return UNKNOWN
    })
    clients.set(socket, client)
  })
  serve(proxy, begin)

  return Object.assign(traffic, {
    requests: () => [...requests.values()],
    problem: () => problem,
    /** Returns the address to give to clients. */
    listen: async (port) => {
      await once(proxy.listen(port, '127.0.0.1'), 'listening')
      return `http://127.0.0.1:${proxy.address().port}`
    },
    close: () => {
      proxy.close()
      proxy.closeAllConnections()
    }
  })
}

/** Forwards what the proxy is asked. Each request begins by `begin`, which says how to note its end. */
function serve(proxy, begin) {
  proxy.on('request', async (request, response) => {
    const closed = new Promise((resolve) => response.on('close', resolve))
    const note = await begin(request)
    closed.then(() => {
      note({ endedAt: Date.now(), status: response.headersSent ? response.statusCode : null })
    })
    forward(request, response)
  })
  proxy.on('connect', async (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    const closed = new Promise((resolve) => socket.on('close', resolve))
    const note = await begin(request)
    closed.then(() => note({ endedAt: Date.now() }))
    if (!socket.destroyed) openTunnel(request, socket, head, (status) => note({ status }))
  })
}

/** @returns {Promise<Client>} */
async function findClient(socket) {
  const begun = process.hrtime.bigint()
  const pid = await findPeerPid(socket)
  const micros = Number((process.hrtime.bigint() - begun) / 1000n)
  const info = pid === null ? null : await getProcessInfo(pid)
  if (info === null) return { ...UNKNOWN, pid, micros }
  const { path: program, bundlePath, startTime } = info
  return {
    pid,
    path: program,
    app: bundlePath ?? program,
    name: appName(info),
    startedAt: startTime === null ? null : startTime.getTime(),
    micros
  }
}

/** A Mac's helper deep inside a bundle is the app that the user started: the outermost .app. */
function appName({ bundlePath, path: program, name }) {
  if (bundlePath !== null) return path.basename(bundlePath, '.app')
  return program === null ? (name ?? 'Unknown app') : path.basename(program)
}

exports.createTraffic = createTraffic
exports.appName = appName
