// What TypeScript must take, and what it must refuse: each refused line says so, and an unused
// `@ts-expect-error` fails.

import dgram from 'node:dgram'
import http from 'node:http'
import http2 from 'node:http2'
import net from 'node:net'
import tls from 'node:tls'
import owner, {
  findPeerPid,
  findPeerProcess,
  findPidByLocalTcpPort,
  findPidByLocalUdpPort,
  findUdpPeerPid,
  getProcessInfo,
  getProcessPath,
  type ListSocketsOptions,
  type LookupOptions,
  listSockets,
  type PortLookupOptions,
  type ProcessInfo,
  type SocketEnds,
  type SocketInfo,
  type UdpEnd,
  type UdpPortLookupOptions,
  type UdpSocket
} from 'socket-owner'

const signal = new AbortController().signal
const options: LookupOptions = { signal }
const portOptions: PortLookupOptions = { signal, state: 'listening', address: '127.0.0.1' }
const udpOptions: UdpPortLookupOptions = { signal, address: '::1' }
const wanted: ListSocketsOptions = { signal, protocol: 'udp', state: 'bound', port: 53, pid: 1 }

const owned: Promise<number | null> = findPidByLocalTcpPort(3000)
const peer: Promise<number | null> = findPeerPid(new net.Socket(), options)
const path: Promise<string | null> = getProcessPath(process.pid, options)
const info: Promise<ProcessInfo | null> = getProcessInfo(process.pid, options)
info.then((told) => told?.startTime?.getTime())
const peerProcess: Promise<ProcessInfo | null> = findPeerProcess(new net.Socket(), options)
peerProcess.then((told) => [...(told?.args ?? []), told?.cwd, told?.cgroup, told?.services?.[0]])
const udpOwner: Promise<number | null> = findPidByLocalUdpPort(53, udpOptions)
const rows: Promise<SocketInfo[]> = listSockets(wanted)
rows.then(([row]) => row?.tcpState === 'FIN_WAIT_2' && row.pids.includes(row.pid ?? 0))
listSockets()
listSockets({ protocol: undefined, state: undefined, port: undefined, pid: undefined })
const udp = dgram.createSocket('udp6')
udp.on('message', (_, rinfo) => findUdpPeerPid(rinfo, udp, options))
const own: UdpEnd = { address: '::', port: 53 }
findUdpPeerPid(own, own)
const wrapped: UdpSocket = udp
findUdpPeerPid(own, wrapped)
const same: typeof findPeerPid = owner.findPeerPid

findPidByLocalTcpPort(3000, portOptions)
findPidByLocalTcpPort(3000, { state: undefined, signal: undefined })
findPidByLocalTcpPort(3000, undefined)
findPeerPid(new tls.TLSSocket(new net.Socket()))
findPeerPid({ localAddress: '::1', localPort: 1, remoteAddress: '::1', remotePort: 2 })
http.createServer((request) => findPeerPid(request.socket))
http2.createServer().on('session', (session) => findPeerPid(session.socket))
const ends: SocketEnds = { remoteAddress: undefined }
findPeerPid(ends)

// @ts-expect-error: a pid may be null.
const pid: number = await findPidByLocalTcpPort(3000)
// @ts-expect-error: a port is a number.
findPidByLocalTcpPort('3000')
// @ts-expect-error: a port is needed.
findPidByLocalTcpPort()
// @ts-expect-error: no such state.
findPidByLocalTcpPort(3000, { state: 'LISTEN' })
// @ts-expect-error: options are an object.
findPidByLocalTcpPort(3000, null)
// @ts-expect-error: a start may be hidden.
info.then((told) => told?.startTime.getTime())
// @ts-expect-error: a controller is no signal.
getProcessPath(1, { signal: new AbortController() })
// @ts-expect-error: the state of a connection is not asked for.
findPeerPid(ends, { state: 'connected' })
// @ts-expect-error: a request instead of its socket.
http.createServer((request) => findPeerPid(request))
// @ts-expect-error: a server has no ends.
findPeerPid(net.createServer())
// @ts-expect-error: UDP has no peer, and remoteAddress is a method there.
findPeerPid(dgram.createSocket('udp4'))
// @ts-expect-error: a server of TCP sends no datagrams.
findUdpPeerPid(own, net.createServer())
// @ts-expect-error: nor does a connection.
findUdpPeerPid(own, new net.Socket())
// @ts-expect-error: the own end is needed.
findUdpPeerPid(own)
// @ts-expect-error: UDP has no state.
findPidByLocalUdpPort(53, { state: 'connected' })
// @ts-expect-error: no such protocol.
listSockets({ protocol: 'sctp' })
// @ts-expect-error: a holder may be hidden.
rows.then(([row]) => row?.pid.toFixed())
// @ts-expect-error: an address is a text.
findPeerPid({ localAddress: 5 })
// @ts-expect-error: so is the other.
findPeerPid({ remoteAddress: 5 })
// @ts-expect-error: a port is a number.
findPeerPid({ localPort: '5' })
// @ts-expect-error: so is the other.
findPeerPid({ remotePort: '5' })
// @ts-expect-error: a pid is a number.
getProcessPath(await findPidByLocalTcpPort(3000))

export { owned, path, peer, pid, rows, same, udpOwner }
