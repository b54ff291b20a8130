'use strict'

// A DNS server that logs which app asks for which name and forwards the question. Start it with
// `node examples/dns/server.js`, then try `dig @127.0.0.1 -p 5300 example.com`.
//
// If a system resolver (mDNSResponder, systemd-resolved, Windows' Dnscache) asks on behalf of all apps,
// the log shows that resolver.

const dgram = require('node:dgram')
const dns = require('node:dns')
const { findUdpPeerPid, getProcessInfo } = require('socket-owner')

const host = '127.0.0.1'
const port = Number(process.env.PORT ?? 5300)
const upstream = readServer(process.env.UPSTREAM ?? dns.getServers()[0])

/** Clients retry by themselves, so there is no point in waiting longer for an answer. */
const ANSWER_MS_MAX = 5000
const TYPES = {
  1: 'A',
  5: 'CNAME',
  12: 'PTR',
  15: 'MX',
  16: 'TXT',
  28: 'AAAA',
  33: 'SRV',
  65: 'HTTPS'
}
let isProblemLogged = false

const server = dgram.createSocket('udp4')
server.on('message', async (query, rinfo) => {
  const question = readQuestion(query)
  if (question === null) return
  // Both at once. The reply waits until the app is known: an app that has it may close its socket.
  const [app, answer] = await Promise.all([findApp(rinfo), ask(query)])
  console.log(`${question} from ${app}`)
  if (answer !== null) server.send(answer, rinfo.port, rinfo.address)
})
server.bind(port, host, () => {
  console.log(`Try: dig @${host} -p ${server.address().port} example.com`)
})

/** Returns, for example, `/usr/bin/dig (pid 4711)`. Never rejects: the server can do without it. */
async function findApp(rinfo) {
  try {
    const pid = await findUdpPeerPid(rinfo, server)
    if (pid === null) return 'an unknown program'
    const { path, name } = (await getProcessInfo(pid)) ?? {}
    return `${printable(path ?? name ?? 'a program')} (pid ${pid})`
  } catch (error) {
    if (!isProblemLogged) console.warn(error.message)
    isProblemLogged = true
    return 'an unknown program'
  }
}

/** Returns the upstream server's answer, or `null` if there is none. */
function ask(query) {
  // A new socket, so the port can't be guessed; connected, so only the upstream server can answer.
  const socket = dgram.createSocket(upstream.address.includes(':') ? 'udp6' : 'udp4')
  return new Promise((resolve) => {
    const timer = setTimeout(finish, ANSWER_MS_MAX, null)
    function finish(answer) {
      clearTimeout(timer)
      socket.close()
      resolve(answer)
    }
    socket.once('error', () => finish(null))
    socket.once('message', finish)
    socket.connect(upstream.port, upstream.address, () => socket.send(query, () => {}))
  })
}

/** Returns, for example, `A example.com`, or `null` if this is not a single question. */
function readQuestion(message) {
  const labels = []
  const isQuery = message.length >= 12 && message[2] < 0x80 && message.readUInt16BE(4) === 1
  if (!isQuery) return null
  let at = 12
  for (let length = message[at]; length > 0; length = message[at]) {
    if (length > 63) return null
    labels.push(message.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  if (at + 5 > message.length) return null
  const type = message.readUInt16BE(at + 1)
  return printable(`${TYPES[type] ?? `TYPE${type}`} ${labels.join('.') || '.'}`)
}

/** Reads `192.0.2.1`, `192.0.2.1:53`, `2001:db8::1` or `[2001:db8::1]:53`. */
function readServer(text) {
  const [, inBrackets, plain, portText] =
    text.match(/^(?:\[(.+)\]|([^:]+|.*:.*:.*))(?::(\d+))?$/) ?? []
  return { address: inBrackets ?? plain, port: Number(portText ?? 53) }
}

/** Others chose these names: replace what a terminal might act on. */
function printable(text) {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\u{FFFD}')
}
