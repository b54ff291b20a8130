// The functions. Their options and records are described in lib/types.d.ts.

import type {
  ListSocketsOptions,
  LookupOptions,
  PortLookupOptions,
  ProcessInfo,
  SocketEnds,
  SocketInfo,
  UdpEnd,
  UdpPortLookupOptions,
  UdpSocket
} from './lib/types'

export type {
  ListSocketsOptions,
  LookupOptions,
  PortLookupOptions,
  ProcessInfo,
  SocketEnds,
  SocketInfo,
  UdpEnd,
  UdpPortLookupOptions,
  UdpSocket
} from './lib/types'

/**
 * Returns the pid of the process at the **other end** of a connection on this machine: a proxy passes
 * the socket that it accepted and gets its client. Both addresses and both ports must match, so the
 * answer is exact. The ends are read once, at the call: call it before the first `await`.
 *
 * ```js
 * server.on('connection', async (socket) => {
 *   console.log(await findPeerPid(socket)) // 51877
 * })
 * ```
 *
 * Asks sock_diag and `/proc` on Linux, libproc on macOS, the IP Helper tables on Windows. Of a
 * Unix-domain socket it asks unix_diag on Linux, and `LOCAL_PEERPID` on macOS, which names the process
 * that used the other end last: its holder but for moments after a fork. Blind spots: an ordinary
 * user sees only the sockets of processes of that user; named pipes of Windows have no answer; a
 * connection that a packet filter redirected here has another address at its client.
 *
 * @param socket A connected `net.Socket` or `tls.TLSSocket` (of a request: `request.socket`), or an
 * object with the four ends. A `dgram.Socket` belongs to {@link findUdpPeerPid}.
 * @returns A pid, at least 1; this process's own if it is the peer. `null`: the socket has gone
 * (routine for a server), or the peer is on another machine, in another network namespace, has not
 * accepted the connection yet, or may not be seen.
 *
 * Rejects with `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`, `ERR_INVALID_ARG_VALUE` for a wrong
 * argument; with the signal's reason; and where it cannot look with an `Error` whose `code` is
 * `ERR_UNSUPPORTED_PLATFORM`, `ERR_BINARY_MISSING`, `ERR_BINARY_LOAD`, `ERR_INTERNAL` or the
 * system's (`EPERM`, `EMFILE`, with `syscall`).
 */
export function findPeerPid(socket: SocketEnds, options?: LookupOptions): Promise<number | null>

/**
 * Returns the process that {@link findPeerPid} finds as one record, read while that process held the
 * socket: in one task, and with no moment in which the pid could become another process.
 *
 * ```js
 * server.on('connection', async (socket) => {
 *   const client = await findPeerProcess(socket)
 *   console.log(client?.pid, client?.path) // 51877 /usr/local/bin/node
 * })
 * ```
 *
 * Asks as findPeerPid and {@link getProcessInfo} do, and once more for the socket after the record was
 * read. On Windows the process is held open meanwhile. Blind spots: as there.
 *
 * @param socket As for findPeerPid.
 * @returns A record. `null`: findPeerPid has none, the process went before it could be read, or the
 * record cannot be shown to be the holder's.
 *
 * Rejects as findPeerPid does.
 */
export function findPeerProcess(
  socket: SocketEnds,
  options?: LookupOptions
): Promise<ProcessInfo | null>

/**
 * Returns the pid of the process whose UDP socket would get a reply sent from `socket` to `rinfo`: UDP
 * has no better notion of a sender. All ends are read once, at the call.
 *
 * ```js
 * udp.on('message', async (message, rinfo) => {
 *   console.log(await findUdpPeerPid(rinfo, udp)) // 51877
 * })
 * ```
 *
 * Chooses among several sockets as the kernel does: connected to us, then bound to the very address,
 * then a wildcard. Asks sock_diag and `/proc` on Linux, libproc on macOS, the IP Helper tables on
 * Windows, which do not tell whom a socket is connected to. Blind spot: an ordinary user sees only the
 * sockets of processes of that user.
 *
 * @param rinfo Of a `'message'` event, or an object with the address and port of the other end.
 * @param socket The `dgram.Socket` that got the message, or an object with its address and port; the
 * address may be a wildcard.
 * @returns A pid, at least 1. `null`: `socket` is closed or not bound, the reply would leave this
 * machine or reach nobody, or the process that would get it may not be seen.
 *
 * Rejects as findPeerPid does.
 */
export function findUdpPeerPid(
  rinfo: UdpEnd,
  socket: UdpSocket | UdpEnd,
  options?: LookupOptions
): Promise<number | null>

/**
 * Returns the pid of the process that holds a live TCP socket with this **local** port, on IPv4 or
 * IPv6. Of several processes that hold one socket (a forked server) it is the one that started first.
 * Of several sockets with the port it is the listening one's on Linux and Windows, and anybody's on
 * macOS: pass `state` or `address` where that matters.
 *
 * ```js
 * const pid = await findPidByLocalTcpPort(3000, { state: 'listening' })
 * console.log(pid === null ? 'nobody that I may see has it' : `process ${pid} has it`)
 * // process 48213 has it
 * ```
 *
 * Asks sock_diag and `/proc` on Linux, libproc on macOS, the IP Helper tables on Windows. Blind spots:
 * an ordinary user sees only the sockets of processes of that user, and nobody those of another
 * network namespace.
 *
 * @param port A TCP port, 1 to 65535.
 * @returns A pid, at least 1. `null`: no live socket has the port, or its owner may not be seen;
 * {@link listSockets} tells these two apart. A socket in TIME_WAIT is not live, no process has it.
 *
 * Rejects as findPeerPid does.
 */
export function findPidByLocalTcpPort(
  port: number,
  options?: PortLookupOptions
): Promise<number | null>

/**
 * Returns the pid of the process that holds a UDP socket with this **local** port, on IPv4 or IPv6. Of
 * several sockets with the port (multicast DNS) any may answer, an unconnected one before connected
 * ones; {@link listSockets} has them all.
 *
 * ```js
 * const pid = await findPidByLocalUdpPort(5353)
 * console.log(pid === null ? 'nobody that I may see has it' : `process ${pid} has it`)
 * // process 48213 has it
 * ```
 *
 * Asks as {@link findPidByLocalTcpPort} does, and has its blind spots.
 *
 * @param port A UDP port, 1 to 65535.
 * @returns A pid, at least 1. `null`: no socket has the port, or its owner may not be seen.
 *
 * Rejects as findPeerPid does.
 */
export function findPidByLocalUdpPort(
  port: number,
  options?: UdpPortLookupOptions
): Promise<number | null>

/**
 * Returns every live TCP and UDP socket with the processes that hold it, in no particular order.
 *
 * ```js
 * const sockets = await listSockets({ protocol: 'tcp', port: 3000 })
 * console.log(sockets.map(({ state, pid }) => `${state}: ${pid ?? 'hidden'}`))
 * // [ 'listening: 48213' ]
 * ```
 *
 * Asks sock_diag and reads all of `/proc` on Linux, libproc on macOS, the IP Helper tables on Windows.
 * The rows are not of one moment: a socket that came or went meanwhile may be there or not. Sockets
 * that nobody can hold (TIME_WAIT, connections not accepted yet) are left out. Blind spot: on macOS an
 * ordinary user is shown sockets of that user only.
 *
 * @returns The rows; they are the caller's own. **One with `pid: null` is in use, but its holder is
 * hidden from the caller.** `[]` where `pid` names no process that may be seen.
 *
 * Rejects as findPeerPid does.
 */
export function listSockets(options?: ListSocketsOptions): Promise<SocketInfo[]>

/**
 * Returns the absolute path of the program that a process runs, as the kernel tells it.
 *
 * ```js
 * console.log(await getProcessPath(process.pid))
 * // /usr/local/bin/node
 * ```
 *
 * Reads `/proc/PID/exe` on Linux, asks `proc_pidpath` on macOS and `QueryFullProcessImageName` on
 * Windows. Blind spots: on Linux an ordinary user sees only programs of that user. A program whose
 * file was deleted has its last path on Linux and none on macOS. In a container's process the path is
 * that of its own root. Bytes that are not UTF-8 come as U+FFFD. Whoever started the program chose the
 * path: never print it raw.
 *
 * @param pid A process id, 1 to 2147483647; a thread's id yields `null`.
 * @returns A path. `null`: there is no such process, it is a zombie or a kernel thread, or it may
 * not be seen.
 *
 * Rejects as findPeerPid does.
 */
export function getProcessPath(pid: number, options?: LookupOptions): Promise<string | null>

/**
 * Returns what is known of a process: parent, user, name, program, command line, working directory,
 * start, and what it belongs to: an app on macOS, a control group on Linux, services on Windows.
 *
 * ```js
 * const info = await getProcessInfo(process.pid)
 * console.log(info?.ppid, info?.startTime?.getFullYear())
 * // 51870 2026
 * ```
 *
 * Reads `/proc/PID` on Linux, asks `proc_pidinfo` and sysctl on macOS, and the process itself on
 * Windows. Blind spots: see {@link ProcessInfo}.
 *
 * @param pid A process id, 1 to 2147483647.
 * @returns A record. `null`: there is no such process, it has exited, or it is hidden from the caller.
 *
 * Rejects as findPeerPid does.
 */
export function getProcessInfo(pid: number, options?: LookupOptions): Promise<ProcessInfo | null>
