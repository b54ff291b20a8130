/** Options that every function takes. */
export interface LookupOptions {
  /**
   * Aborts the look-up: the promise rejects with the signal's `reason`, an `AbortError` by default.
   */
  signal?: AbortSignal | undefined
}

/**
 * What is known of one process. A field is `null` where the caller may not see it on that system: of
 * another user's process Linux hides `path`, and macOS `startTime`. Root sees everything.
 */
export interface ProcessInfo {
  /** As asked. */
  pid: number
  /** The parent's pid. `null`: it has none, as the first process, or none that can be seen. */
  ppid: number | null
  /** The effective user id, 0 for root. */
  uid: number | null
  /**
   * The kernel's short name: at most 15 bytes on Linux and for other users' processes on macOS, else
   * 31. The process chooses it itself: never print it raw. Node 24 calls itself `MainThread`, Node 26
   * `node-MainThread` on Linux: for people the last part of `path` is better.
   */
  name: string | null
  /** As {@link getProcessPath} answers it. */
  path: string | null
  /**
   * With the pid an identity that survives the pid's reuse: a new process with an old pid has
   * another. Linux counts in hundredths of a second.
   */
  startTime: Date | null
  /** macOS: the outermost `.app` directory of `path`. `null` elsewhere and for other programs. */
  bundlePath: string | null
}

/** Options of {@link findPidByLocalTcpPort}. */
export interface PortLookupOptions extends LookupOptions {
  /**
   * Only sockets in this state: `'listening'`, or `'connected'`, which has a remote end and includes
   * connecting and half closed. Default: any live socket, a bound one too where the system tells it.
   */
  state?: 'listening' | 'connected' | undefined
}

/**
 * The two ends of a TCP connection as this process sees them. A `net.Socket` fits as it is. An end that
 * is `undefined` means that the socket has gone.
 */
export interface SocketEnds {
  /**
   * An IP address, as `127.0.0.1`, `::1` or `fe80::1%en0`; a link-local one without a scope means any
   * interface. `::ffff:127.0.0.1` and `127.0.0.1` are the same.
   */
  localAddress?: string | undefined
  /** 1 to 65535. */
  localPort?: number | undefined
  /** An IP address of the same family. */
  remoteAddress?: string | undefined
  /** 1 to 65535. */
  remotePort?: number | undefined
}

/**
 * Answers the pid of the process that holds a live TCP socket with this **local** port, on IPv4 or
 * IPv6. Of several processes that hold one socket (a forked server) it is the one that started
 * first. Of several sockets with the port it is the listening one's on Linux, and anybody's on macOS:
 * pass `state` where that matters.
 *
 * ```js
 * const pid = await findPidByLocalTcpPort(3000, { state: 'listening' })
 * console.log(pid === null ? 'nobody that I may see has it' : `process ${pid} has it`)
 * // process 48213 has it
 * ```
 *
 * Asks sock_diag and `/proc` on Linux, libproc on macOS. Blind spots: an ordinary user sees only
 * the sockets of processes of that user, and nobody those of another network namespace.
 *
 * @param port A TCP port, 1 to 65535.
 * @returns A pid, at least 1. `null`: no live socket has the port, or its owner may not be seen.
 * A socket in TIME_WAIT is not live, no process has it.
 *
 * Rejects with `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`, `ERR_INVALID_ARG_VALUE` for a wrong
 * argument; with the signal's reason; and where it cannot look with an `Error` whose `code` is
 * `ERR_UNSUPPORTED_PLATFORM`, `ERR_BINARY_MISSING`, `ERR_BINARY_LOAD`, `ERR_INTERNAL` or the
 * system's (`EPERM`, `EMFILE`, with `syscall`).
 */
export function findPidByLocalTcpPort(
  port: number,
  options?: PortLookupOptions
): Promise<number | null>

/**
 * Answers the pid of the process at the **other end** of a connection on this machine: a proxy
 * passes the socket that it accepted and gets its client. Both addresses and both ports must match, so
 * the answer is exact. The ends are read once, at the call: call it before the first `await`.
 *
 * ```js
 * server.on('connection', async (socket) => {
 *   console.log(await findPeerPid(socket)) // 51877
 * })
 * ```
 *
 * Asks sock_diag and `/proc` on Linux, libproc on macOS. Blind spot: an ordinary user sees only
 * the sockets of processes of that user.
 *
 * @param socket A connected `net.Socket` or `tls.TLSSocket` (of a request: `request.socket`), or an
 * object with the four ends.
 * @returns A pid, at least 1; this process's own if it is the peer. `null`: the socket has gone
 * (ordinary weather for a server), or the peer is on another machine, in another network namespace,
 * has not accepted the connection yet, or may not be seen.
 *
 * Rejects with `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`, `ERR_INVALID_ARG_VALUE` for a wrong
 * argument; with the signal's reason; and where it cannot look with an `Error` whose `code` is
 * `ERR_UNSUPPORTED_PLATFORM`, `ERR_BINARY_MISSING`, `ERR_BINARY_LOAD`, `ERR_INTERNAL` or the
 * system's (`EPERM`, `EMFILE`, with `syscall`).
 */
export function findPeerPid(socket: SocketEnds, options?: LookupOptions): Promise<number | null>

/**
 * Answers the absolute path of the program that a process runs, as the kernel tells it.
 *
 * ```js
 * console.log(await getProcessPath(process.pid))
 * // /usr/local/bin/node
 * ```
 *
 * Reads `/proc/PID/exe` on Linux, asks `proc_pidpath` on macOS. Blind spots: on Linux an ordinary
 * user sees only programs of that user. A program whose file was deleted has its last path on Linux
 * and none on macOS. In a container's process the path is that of its own root. Bytes that are not
 * UTF-8 come as U+FFFD. Whoever started the program chose the path: never print it raw.
 *
 * @param pid A process id, 1 to 2147483647; one of a thread is nobody's.
 * @returns A path. `null`: there is no such process, it is a zombie or a kernel thread, or it may
 * not be seen.
 *
 * Rejects with `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE` for a wrong argument; with the signal's
 * reason; and where it cannot look with an `Error` whose `code` is `ERR_UNSUPPORTED_PLATFORM`,
 * `ERR_BINARY_MISSING`, `ERR_BINARY_LOAD`, `ERR_INTERNAL` or the system's (`EMFILE`, with `syscall`).
 */
export function getProcessPath(pid: number, options?: LookupOptions): Promise<string | null>

/**
 * Answers what is known of a process: parent, user, name, program, start, and the app that it
 * belongs to on macOS.
 *
 * ```js
 * const info = await getProcessInfo(process.pid)
 * console.log(info?.ppid, info?.startTime?.getFullYear())
 * // 51870 2026
 * ```
 *
 * Reads `/proc/PID` on Linux, asks `proc_pidinfo` on macOS. Blind spots: see {@link ProcessInfo}.
 *
 * @param pid A process id, 1 to 2147483647.
 * @returns A record. `null`: there is no such process, it has exited, or it is hidden from the caller.
 *
 * Rejects with `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE` for a wrong argument; with the signal's
 * reason; and where it cannot look with an `Error` whose `code` is `ERR_UNSUPPORTED_PLATFORM`,
 * `ERR_BINARY_MISSING`, `ERR_BINARY_LOAD`, `ERR_INTERNAL` or the system's (`EMFILE`, with `syscall`).
 */
export function getProcessInfo(pid: number, options?: LookupOptions): Promise<ProcessInfo | null>
