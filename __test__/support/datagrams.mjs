// UDP sockets with every kind of binding, in separate processes, and a process that sends replies
// to them, so that a test sees which socket receives a datagram.

import { startNode, startPython } from './holders.mjs'

/**
 * A process that receives datagrams and reports each; for each input line, it says how many
 * arrived.
 */
const receiver = `
  def get():
      while True:
          text = kept.recv(100).decode()
          got.append(text)
          say(got=text)

  REUSE_ADDRESS = (socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
  REUSE_PORT = (socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
  IPV6_ONLY = (socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
  IPV4_TOO = (socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)

  def bound(host, port=0, *options, device=None, interface=0, protocol=0):
      family = socket.AF_INET6 if ':' in host else socket.AF_INET
      made = socket.socket(family, socket.SOCK_DGRAM, protocol)
      for option in [IPV4_TOO] * (host == '::') + list(options):
          made.setsockopt(*option)
      if device:
          made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode() + b'\\0')
      made.bind((host, port, 0, interface) if ':' in host else (host, port))
      return made

  def to(made, host, port):
      made.connect((host, port))
      return made

  got = []
  kept = eval(values['make'])
  say(port=port_of(kept))
  threading.Thread(target=get, daemon=True).start()
  while True:
      hear()
      say(count=len(got))`

/** Starts a receiver whose socket is the result of `make` in Python. `said` is its port. */
export async function startReceiver(t, make, options = {}) {
  const child = await startPython(t, receiver, { ...options, values: { make } })
  child.port = child.said.port
  return child
}

/**
 * Starts a process that looks up who would receive a reply, and sends it. `said` is its
 * `address()`.
 */
export async function startReplier(t, host, options = {}) {
  const child = await startNode(t, replyForever, { ...options, values: { host } })
  child.port = child.said.port
  return child
}

async function replyForever({ say, hear, ask, require, host }) {
  const socket = require('node:dgram').createSocket(host.includes(':') ? 'udp6' : 'udp4')
  socket.on('error', () => {}) // There was no receiver.
  socket.bind(0, host)
  socket.on('listening', () => say(socket.address()))
  for (let count = 0; ; count++) {
    const rinfo = await hear()
    const { answer, error } = await ask('findUdpPeerPid', rinfo, socket)
    const text = `${process.pid} ${count}`
    await new Promise((resolve) => socket.send(text, rinfo.port, rinfo.address, resolve))
    say({ answer, error, text })
  }
}

/**
 * Reads all lines of `receivers` on behalf of those that wait. From now on no one else gets them.
 */
export function hearAll(receivers) {
  const winners = new Map()
  const waiters = new Map()
  const counts = new Map()
  const take = (receiver, { got, count }) => {
    if (got === undefined) return counts.get(receiver)(count)
    winners.set(got, receiver.pid)
    waiters.get(got)?.(receiver.pid)
  }
  for (const receiver of receivers) {
    const hear = async () => {
      for (;;) take(receiver, await receiver.next())
    }
    hear().catch(() => {}) // The receiver was ended.
  }
  return {
    /** Resolves to the pid of the process that receives this datagram. */
    winner: (text) =>
      new Promise((resolve) => {
        if (winners.has(text)) resolve(winners.get(text))
        else waiters.set(text, resolve)
      }),
    /** Resolves to the number of datagrams that each has received. */
    counts: () =>
      Promise.all(
        receivers.map(
          (receiver) =>
            new Promise((resolve) => {
              counts.set(receiver, resolve)
              receiver.tell()
            })
        )
      )
  }
}

/**
 * Returns the replier's answer about who would receive its reply to `rinfo`, and the reply's text.
 */
export async function replyTo(replier, rinfo) {
  const { answer, error, text } = await replier.tell(rinfo).next()
  if (error !== undefined) throw Object.assign(new Error(error.message), error)
  return { answer, text }
}
