// Real owners of sockets: processes that the tests start, command with lines of JSON, and end.
// Nothing here waits for a timer: a test continues when a process has printed its line.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const here = path.join(path.dirname(fileURLToPath(import.meta.url)), '..')
export const packageRoot = path.join(here, '..')
export const fixture = (name) => path.join(here, 'fixtures', name)
const childSource = fs.readFileSync(fixture('child.cjs'), 'utf8')
const pythonSource = fs.readFileSync(fixture('holder.py'), 'utf8')

const systemPython = '/usr/bin/python3'
export const pythonPath = fs.existsSync(systemPython) ? systemPython : 'python3'

/** Reasons to skip a test, or `false` if there is none: `{ skip: needsRoot || needsPython }`. */
export const needsLinux = process.platform === 'linux' ? false : 'needs Linux'
export const needsRoot = needsLinux || (process.getuid() === 0 ? false : 'needs root')
export const needsUnix = process.platform === 'win32' ? 'needs a Unix' : false
/** The tests use Python for what Node has no functions for, on Unix. */
export const needsPython = needsUnix || needsProgram(pythonPath)
export const needsIPv6 = Object.values(os.networkInterfaces())
  .flat()
  .some(({ address }) => address === '::1')
  ? false
  : 'needs IPv6'

export function needsProgram(name) {
  return spawnSync(name, ['--version']).error === undefined ? false : `needs ${name}`
}

const nodeHeaders = path.join(path.dirname(process.execPath), '..', 'include', 'node')
export const needsAddons =
  needsProgram('cc') || (fs.existsSync(nodeHeaders) ? false : 'needs the headers of Node')

/** Where a listener listens, and how a client reaches it. */
export const families = [
  { name: 'IPv4', listenHost: '127.0.0.1', connectHost: '127.0.0.1', skip: false },
  { name: 'IPv6', listenHost: '::1', connectHost: '::1', skip: needsIPv6 },
  { name: 'dual stack', listenHost: '::', connectHost: '127.0.0.1', skip: needsIPv6 }
]

/** A process and the lines that it prints. */
class Child {
  #lines = []
  #waiters = []
  #end

  constructor(command, args, env) {
    // In a separate process group, so that its forked children can be ended with it, and in a
    // directory that any user may enter.
    const stdio = ['pipe', 'pipe', 'inherit']
    this.process = spawn(command, args, { detached: true, cwd: '/', stdio, env })
    this.pid = this.process.pid
    this.ended = new Promise((resolve, reject) => {
      this.process.on('error', reject)
      this.process.on('close', (code, signal) => resolve({ code, signal }))
    })
    createInterface({ input: this.process.stdout }).on('line', (line) => {
      const waiter = this.#waiters.shift()
      if (waiter === undefined) this.#lines.push(line)
      else waiter.resolve(JSON.parse(line))
    })
    const end = (error) => {
      this.#end = error
      for (const { reject } of this.#waiters.splice(0)) reject(error)
    }
    this.ended.then(
      ({ code, signal }) => end(new Error(`${command} ended: ${signal ?? code}`)),
      end
    )
    this.process.stdin.on('error', () => {}) // It may end before it has read everything.
  }

  /** Resolves to the next line that it prints. */
  next() {
    if (this.#lines.length > 0) return Promise.resolve(JSON.parse(this.#lines.shift()))
    if (this.#end !== undefined) return Promise.reject(this.#end)
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }))
  }

  tell(value = null) {
    this.process.stdin.write(`${JSON.stringify(value)}\n`)
    return this
  }

  async kill() {
    try {
      // Windows has no process groups; what a child has started there ends with its input.
      if (process.platform === 'win32') this.process.kill('SIGKILL')
      else process.kill(-this.pid, 'SIGKILL')
    } catch (error) {
      if (error.code !== 'ESRCH') throw error
    }
    await this.ended.catch(() => {})
  }
}

/**
 * Starts a program that prints lines, sends it `told` if given, and waits for its first line,
 * `said`. `through` goes before the command: `['setpriv', '--reuid=1234']`.
 */
export async function startProgram(t, command, args, options = {}) {
  const { through = [], env = process.env, told } = options
  const [program, ...rest] = [...through, command, ...args]
  const child = new Child(program, rest, env)
  t.after(() => child.kill())
  if (told !== undefined) child.tell(told)
  child.said = await child.next()
  return child
}

/**
 * Runs `body` in a separate Node process. It is passed as text, so it can use only its parameter:
 * `values` and what fixtures/child.cjs provides. It must print a line.
 */
export function startNode(t, body, options = {}) {
  const [node, ...args] = nodeCommand(body, options)
  return startProgram(t, node, args, options)
}

function nodeCommand(body, { values = {}, flags = [], root = packageRoot, node } = {}) {
  const task = JSON.stringify([body.toString(), path.join(root, 'index.js'), values])
  return [node ?? process.execPath, ...flags, '-e', childSource, task]
}

/**
 * Runs Python code in a separate process, with what fixtures/holder.py has. It must print a line.
 */
export function startPython(t, code, { values = {}, ...options } = {}) {
  // Not by the file's path, which another user may not be able to read.
  const args = ['-c', pythonSource, code, JSON.stringify(values)]
  return startProgram(t, pythonPath, args, options)
}

/**
 * For startPython: the first thread exits, another continues: a zombie in /proc with live sockets.
 */
export const leaderlessCode = `
  def go_on():
      while True:
          with open(f'/proc/{os.getpid()}/stat') as stat:
              if stat.read().rpartition(')')[2].split()[0] == 'Z':
                  break
          os.sched_yield()
      say(port=port_of(kept))
      while True:
          hear()

  kept = client('127.0.0.1', values['port']) if 'port' in values else listen()
  for _ in range(values['threads']):
      threading.Thread(target=go_on if _ == 0 else rest, daemon=True).start()
  checked(libc.syscall({'x86_64': 60, 'aarch64': 93}[os.uname().machine], 0))`

/** Starts a process that looks up what it is asked: `looker.ask('getProcessPath', 1)`. */
export async function startLooker(t, options) {
  return asLooker(await startNode(t, lookUpForever, options))
}

/** The command of a looker, for a program that starts it and passes on its lines. */
export const lookerCommand = nodeCommand(lookUpForever)

/** Turns a child that runs lookerCommand into a looker. */
export function asLooker(child) {
  const ask = async (name, ...args) => {
    const { answer, error } = await child.tell([name, ...args]).next()
    if (error !== undefined) throw Object.assign(new Error(error.message), error)
    return answer
  }
  return Object.assign(child, { ask })
}

async function lookUpForever({ say, hear, ask }) {
  say({ pid: process.pid })
  for (;;) say(await ask(...(await hear())))
}

/** Starts a process that listens and keeps what it accepts. `said` is its `address()`. */
export function startServer(t, host, options = {}) {
  return startNode(t, listenForever, { ...options, values: { host, ...options.values } })
}

async function listenForever({ say, hear, require, host, port = 0 }) {
  const server = require('node:net').createServer({ allowHalfOpen: true }).listen(port, host)
  server.on('listening', () => say(server.address()))
  server.on('connection', (socket) => {
    socket.on('error', () => {})
    socket.resume()
    const { localAddress, localPort, remoteAddress, remotePort } = socket
    say({ localAddress, localPort, remoteAddress, remotePort })
  })
  await hear()
}

/**
 * Starts a process that connects and keeps the connection. `said` is its two ends. It is bound
 * first: no other socket has such a port, while a port that connect chose may belong to another
 * connection too.
 */
export function startClient(t, host, port, options = {}) {
  return startNode(t, connectForever, { ...options, values: { host, port, ...options.values } })
}

async function connectForever({ say, hear, require, host, port, localHost = host, localPort = 0 }) {
  const { connect } = require('node:net')
  const socket = connect({ host, port, localAddress: localHost, localPort, allowHalfOpen: true })
  socket.on('connect', () => {
    const { localAddress, localPort, remoteAddress, remotePort } = socket
    say({ localAddress, localPort, remoteAddress, remotePort })
  })
  for (;;) {
    const action = await hear() // 'end', 'destroy', 'resetAndDestroy'
    socket[action]()
  }
}

/**
 * Listens in this process on `server.port`. After the test the server and its connections are
 * closed.
 */
export async function listen(t, host, options = {}) {
  const { port = 0, ...rest } = options
  const sockets = new Set()
  const server = net.createServer(rest, (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    if (server.listening) server.close()
  })
  server.listen(port, host)
  await once(server, 'listening')
  return Object.assign(server, { port: server.address().port })
}

/** Connects from this process, bound first like startClient. */
export async function connect(t, host, port, { localHost = host, localPort = 0 } = {}) {
  const socket = net.connect({ host, port, localAddress: localHost, localPort })
  t.after(() => socket.destroy())
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** Resolves to the next connection that `server` accepts. Call it before the client connects. */
export async function accepted(server) {
  const [socket] = await once(server, 'connection')
  return socket
}

/**
 * Returns a free port below those that systems assign, so that no unrelated process takes it
 * between the end of its holder and the question.
 */
export async function quietPort() {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000)
    const server = net.createServer()
    const isFree = await new Promise((resolve) => {
      server.on('error', () => resolve(false))
      server.listen(port, () => server.close(() => resolve(true)))
    })
    if (isFree) return port
  }
}

/** Makes a directory that any user may enter. It is removed after the test. */
export function temporaryDirectory(t) {
  const directory = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'socket-owner-'))
  t.after(() => fs.rmSync(directory, { recursive: true, force: true }))
  fs.chmodSync(directory, 0o755)
  return directory
}

/** Compiles files of fixtures/ with the C compiler and returns the result's path. */
export function compile(t, names, flags = []) {
  const output = path.join(temporaryDirectory(t), path.parse(names[0]).name)
  const args = ['-O1', '-Wall', '-Werror', '-o', output, ...names.map(fixture), ...flags]
  const cc = spawnSync('cc', args, { encoding: 'utf8' })
  if (cc.status !== 0) throw new Error(`cc ${args.join(' ')}: ${cc.error ?? cc.stderr}`)
  return output
}

/** Compiles an addon with the headers of this Node. */
export function compileAddon(t, ...names) {
  const flags = ['-shared', '-fPIC', `-I${nodeHeaders}`, '-DNAPI_VERSION=8']
  const library = compile(t, names, flags)
  fs.renameSync(library, `${library}.node`)
  return `${library}.node`
}
