// The functions. lib/types.d.ts describes their options and the records they return.

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
 * the socket it accepted and gets its client. Both addresses and both ports must match, so the answer
 * is exact. They are read from the socket once, synchronously: call this before your first `await`.
 *
 * ```js
 * server.on('connection', async (socket) => {
 *   console.log(await findPeerPid(socket)) // 51877
 * })
 * ```
 *
 * Uses sock_diag and `/proc` on Linux, libproc on macOS, and the IP Helper tables on Windows. For a
 * Unix-domain socket it uses unix_diag on Linux, and `LOCAL_PEERPID` on macOS, which names the process
 * that last used the other end: its holder, except for moments after a fork or after the socket was
 * passed on. Blind spots: an ordinary user sees only the sockets of that user's processes (on Windows,
 * everyone's); named pipes on Windows are always `null`; if a packet filter redirected the connection
 * here, the client's socket has a different remote address, so nothing matches.
 *
 * @param socket A connected `net.Socket` or `tls.TLSSocket` (for a request, `request.socket`), or an
 * object with both addresses and both ports. For a `dgram.Socket` use {@link findUdpPeerPid}.
 * @returns A pid, at least 1; this process's own if it is the peer. `null`: the socket is gone (routine
 * for a server), or the peer is on another machine, in another network namespace, hidden from this
 * user, or has not accepted the connection yet.
 *
 * Rejects with `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE` or `ERR_INVALID_ARG_VALUE` if an argument is
 * invalid; with the signal's reason if it is aborted; and, if the lookup itself fails, with an `Error`
 * whose `code` is `ERR_UNSUPPORTED_PLATFORM`, `ERR_BINARY_MISSING`, `ERR_BINARY_LOAD`, `ERR_INTERNAL`
 * or the system's own (`EPERM`, `EMFILE`, …; then `syscall` is set too).
 */
export function findPeerPid(socket: SocketEnds, options?: LookupOptions): Promise<number | null>

/**
 * Returns a record of the process that {@link findPeerPid} finds, read while that process held the
 * socket, so the pid cannot have become another process in between.
 *
 * ```js
 * server.on('connection', async (socket) => {
 *   const client = await findPeerProcess(socket)
 *   console.log(client?.pid, client?.path) // 51877 /usr/local/bin/node
 * })
 * ```
 *
 * Does what findPeerPid and {@link getProcessInfo} do, then checks that the process still holds the
 * socket. On Windows it keeps the process open instead. Blind spots: those of findPeerPid and of
 * {@link ProcessInfo}.
 *
 * @param socket As for findPeerPid.
 * @returns A record. `null`: findPeerPid returns `null`, the process exited before it could be read, or
 * the record could not be proven to be the holder's.
 *
 * Rejects as findPeerPid does.
 */
export function findPeerProcess(
  socket: SocketEnds,
  options?: LookupOptions
): Promise<ProcessInfo | null>

/**
 * Returns the pid of the process whose UDP socket would receive a reply sent from `socket` to `rinfo`:
 * UDP has no better notion of a sender. Addresses and ports are read once, synchronously.
 *
 * ```js
 * udp.on('message', async (message, rinfo) => {
 *   console.log(await findUdpPeerPid(rinfo, udp)) // 51877
 * })
 * ```
 *
 * Chooses among several sockets as the kernel does: one connected to `socket` first, then one bound to
 * the exact address, then one bound to a wildcard. Uses sock_diag and `/proc` on Linux, libproc on
 * macOS, and the IP Helper tables on Windows, which don't show where a socket is connected to. Blind
 * spot: an ordinary user sees only the sockets of that user's processes (on Windows, everyone's).
 *
 * @param rinfo The `rinfo` of a `'message'` event, or an object with the sender's address and port.
 * @param socket The `dgram.Socket` that received the message, or an object with its address and port;
 * the address may be a wildcard.
 * @returns A pid, at least 1. `null`: `socket` is closed or not bound, the reply would leave this
 * machine or reach no socket, or the process that would receive it is hidden from this user.
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
 * IPv6. If several processes hold the socket (a forked server), it is the one that started first. If
 * several sockets have the port, the listening one wins on Linux and Windows; on macOS the choice is
 * unspecified, so pass `state` or `address` where it matters.
 *
 * ```js
 * const pid = await findPidByLocalTcpPort(3000, { state: 'listening' })
 * console.log(pid === null ? 'no process that I can see' : `process ${pid} has it`)
 * // process 48213 has it
 * ```
 *
 * Uses sock_diag and `/proc` on Linux, libproc on macOS, and the IP Helper tables on Windows. Blind
 * spots: an ordinary user sees only the sockets of that user's processes (on Windows, everyone's), and
 * sockets in other network namespaces are never seen.
 *
 * @param port A TCP port, 1 to 65535.
 * @returns A pid, at least 1. `null`: no live socket has the port, or its owner is hidden from this
 * user; {@link listSockets} tells the two apart, except on macOS. A socket in TIME_WAIT is not live: no
 * process holds it.
 *
 * Rejects as findPeerPid does.
 */
export function findPidByLocalTcpPort(
  port: number,
  options?: PortLookupOptions
): Promise<number | null>

/**
 * Returns the pid of the process that holds a UDP socket with this **local** port, on IPv4 or IPv6. If
 * several sockets have the port (as in multicast DNS), any of them may be chosen, but an unconnected
 * one before a connected one; {@link listSockets} returns them all.
 *
 * ```js
 * const pid = await findPidByLocalUdpPort(5353)
 * console.log(pid === null ? 'no process that I can see' : `process ${pid} has it`)
 * // process 48213 has it
 * ```
 *
 * Mechanism and blind spots are those of {@link findPidByLocalTcpPort}.
 *
 * @param port A UDP port, 1 to 65535.
 * @returns A pid, at least 1. `null`: no socket has the port, or its owner is hidden from this user.
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
 * Uses sock_diag and all of `/proc` on Linux, libproc on macOS, and the IP Helper tables on Windows.
 * The list is not a snapshot: a socket opened or closed meanwhile may or may not be in it. Sockets that
 * no process holds (TIME_WAIT, connections not accepted yet) are left out. Blind spot: on macOS an
 * ordinary user sees only that user's sockets.
 *
 * @returns An array of rows, yours to modify. **A row with `pid: null` is in use, but its holder is
 * hidden from this user.** `[]` if no socket matches, or if the option `pid` names no visible process.
 *
 * Rejects as findPeerPid does.
 */
export function listSockets(options?: ListSocketsOptions): Promise<SocketInfo[]>

/**
 * Returns the absolute path of the program that a process runs, as the kernel reports it.
 *
 * ```js
 * console.log(await getProcessPath(process.pid))
 * // /usr/local/bin/node
 * ```
 *
 * Reads `/proc/PID/exe` on Linux, and calls `proc_pidpath` on macOS and `QueryFullProcessImageName` on
 * Windows. Blind spots: on Linux an ordinary user sees only that user's programs. If the program's file
 * was deleted, Linux returns its last path and macOS none. The path of a process in a container is
 * relative to that container's root. Bytes that are not UTF-8 become U+FFFD. Whoever started the
 * program chose the path: never print it raw.
 *
 * @param pid A process id, 1 to 2147483647; a thread id yields `null`.
 * @returns A path. `null`: there is no such process, or it is a zombie, a kernel thread, or hidden from
 * this user.
 *
 * Rejects as findPeerPid does.
 */
export function getProcessPath(pid: number, options?: LookupOptions): Promise<string | null>

/**
 * Returns what is known about a process: parent, user, name, program, command line, working directory,
 * start time, and what it belongs to (an app on macOS, a control group on Linux, services on Windows).
 *
 * ```js
 * const info = await getProcessInfo(process.pid)
 * console.log(info?.ppid, info?.startTime?.getFullYear())
 * // 51870 2026
 * ```
 *
 * Reads `/proc/PID` on Linux, and calls `proc_pidinfo` and sysctl on macOS, and `GetProcessTimes` and
 * `NtQueryInformationProcess` on Windows. Blind spots: see {@link ProcessInfo}.
 *
 * @param pid A process id, 1 to 2147483647.
 * @returns A record. `null`: there is no such process, or it has exited or is hidden from this user.
 *
 * Rejects as findPeerPid does.
 */
export function getProcessInfo(pid: number, options?: LookupOptions): Promise<ProcessInfo | null>
