// The proxy's requests as records, each with the app that sent it. Independent of Electron.

const { EventEmitter, once } = require('node:events')
const http = require('node:http')
const { findPeerProcess } = require('socket-owner')
const { forward, openTunnel } = require('./forward')
const { detailsOf, programOf, UNKNOWN } = require('./program')

/** Older requests are dropped. */
const REQUESTS_MAX = 1000

/**
 * The process that sent a request, and how many microseconds it took to find.
 * @typedef {import('./program').Program & { micros: number }} Client
 */
/**
 * @typedef {object} Request
 * @property {number} id
 * @property {string} method
 * @property {string} url
 * @property {number} startedAt
 * @property {number | null} endedAt `null`: in progress
 * @property {number | null} status `null`: no response, or none yet
 * @property {Client | null} client `null`: being looked up
 */

/** Emits `change` with each request that is new or has changed. */
class Traffic extends EventEmitter {
  #proxy = http.createServer()
  /** @type {Map<number, Request>} */
  #requests = new Map()
  /** By socket: one lookup per connection, which may carry many requests. */
  #clients = new WeakMap()
  /** By client: what is sent only when the user looks at it, since a command line may hold secrets. */
  #details = new WeakMap()
  #lastId = 0
  #problem = null

  constructor() {
    super()
    // Before any request is read: short-lived clients may exit first.
    this.#proxy.on('connection', (socket) => this.#clients.set(socket, this.#findClient(socket)))
    this.#proxy.on('request', (request, response) => this.#onRequest(request, response))
    this.#proxy.on('connect', (request, socket, head) => this.#onConnect(request, socket, head))
  }

  requests = () => [...this.#requests.values()]

  /** A request's client with all that is known about it, or `null` if there is none. */
  client(id) {
    const client = this.#requests.get(id)?.client ?? null
    return client && { ...client, ...this.#details.get(client) }
  }

  /** Why clients can't be looked up here, or `null`. */
  problem = () => this.#problem

  listen = (port) => once(this.#proxy.listen(port, '127.0.0.1'), 'listening')

  /** The URL that clients use. */
  url = () => `http://127.0.0.1:${this.#proxy.address().port}`

  close() {
    this.#proxy.close()
    this.#proxy.closeAllConnections()
  }

  async #onRequest(request, response) {
    const closed = new Promise((resolve) => response.on('close', resolve))
    const note = await this.#begin(request)
    closed.then(() => {
      note({ endedAt: Date.now(), status: response.headersSent ? response.statusCode : null })
    })
    forward(request, response)
  }

  async #onConnect(request, socket, head) {
    socket.on('error', () => socket.destroy())
    const closed = new Promise((resolve) => socket.on('close', resolve))
    const note = await this.#begin(request)
    closed.then(() => note({ endedAt: Date.now() }))
    if (!socket.destroyed) openTunnel(request, socket, head, (status) => note({ status }))
  }

  /**
   * Returns, once the client is known, a function that records what becomes of the request. The request
   * waits for that: a client that has its response may exit, and then it can no longer be found.
   */
  async #begin({ method, url, socket }) {
    this.#lastId += 1
    const started = { id: this.#lastId, method, url, startedAt: Date.now() }
    const request = { ...started, endedAt: null, status: null, client: null }
    this.#requests.set(request.id, request)
    if (this.#requests.size > REQUESTS_MAX) {
      this.#requests.delete(this.#requests.keys().next().value)
    }
    const note = (change) => this.emit('change', Object.assign(request, change))
    note({})
    note({ client: await this.#clients.get(socket) })
    return note
  }

  /** @returns {Promise<Client>} */
  async #findClient(socket) {
    const start = process.hrtime.bigint()
    const passed = () => Number((process.hrtime.bigint() - start) / 1000n)
    try {
      const info = await findPeerProcess(socket)
      const micros = passed()
      if (info === null) return { ...UNKNOWN, micros }
      const client = { ...programOf(info), micros }
      this.#details.set(client, detailsOf(info))
      return client
    } catch (error) {
      // The proxy works without its clients' names, and says why they are missing.
      this.#problem = error.message
      return { ...UNKNOWN, micros: passed() }
    }
  }
}

exports.Traffic = Traffic
