// The options that callers pass and the records they get back. `index.d.ts` exports all of them.

/** Options common to all functions. */
export interface LookupOptions {
  /**
   * Aborts the lookup: the promise rejects with the signal's `reason`, by default an `AbortError`.
   */
  signal?: AbortSignal | undefined
}

/** Options of `findPidByLocalTcpPort`. */
export interface PortLookupOptions extends LookupOptions {
  /**
   * Only sockets in this state: `'listening'`, or `'connected'`, which means any socket with a remote
   * end, also one that is still connecting or half closed. Default: any live socket, and where the
   * system reports them also sockets that are only bound.
   */
  state?: 'listening' | 'connected' | undefined
  /**
   * A local address of this machine: only the sockets that a packet to this address and port could
   * reach. They are bound to that exact address, to the wildcard of its family or, for an IPv4 address,
   * to a dual-stack `::`. A listening socket ranks before a connection; among sockets of equal rank the
   * more exact one wins.
   */
  address?: string | undefined
}

/** Options of `findPidByLocalUdpPort`. */
export interface UdpPortLookupOptions extends LookupOptions {
  /** See {@link PortLookupOptions.address}. */
  address?: string | undefined
}

/** Options of `listSockets`. A socket must match all that are given. */
export interface ListSocketsOptions extends LookupOptions {
  /** Default: both. */
  protocol?: 'tcp' | 'udp' | undefined
  /** See {@link SocketInfo.state}. */
  state?: 'listening' | 'connected' | 'bound' | undefined
  /** The local port, 1 to 65535. */
  port?: number | undefined
  /** Only this process's sockets. Other processes are not read, so `pids` is just this pid. */
  pid?: number | undefined
}

/**
 * The two ends of a connection as this process sees them. A `net.Socket` or `tls.TLSSocket` can be
 * passed as it is. If any of the four is `undefined`, the socket is gone.
 */
export interface SocketEnds {
  /**
   * An IP address, such as `127.0.0.1`, `::1` or `fe80::1%en0`. A link-local address without a scope
   * means any interface. `::ffff:127.0.0.1` equals `127.0.0.1`.
   */
  localAddress?: string | undefined
  /** 1 to 65535. */
  localPort?: number | undefined
  /** An IP address of the same family. */
  remoteAddress?: string | undefined
  /** 1 to 65535. */
  remotePort?: number | undefined
}

/** One end of UDP traffic. The `rinfo` of a `'message'` event can be passed as it is. */
export interface UdpEnd {
  /** An IP address, in any form that {@link SocketEnds} accepts. */
  address: string
  /** 1 to 65535. */
  port: number
}

/** The part of a `dgram.Socket` that `findUdpPeerPid` uses. */
export interface UdpSocket {
  /** The address and port that the socket is bound to. */
  address(): UdpEnd
  /** Never called. Only sockets that send datagrams have it. */
  send(...args: never[]): unknown
}

/**
 * What is known about one process. A field is `null` where the system hides it from this user. For
 * another user's process Linux hides `path` and `cwd`, and in some sandboxes more; macOS hides `args`,
 * `cwd` and sometimes `startTime`; Windows hides `args` if the process may not be opened. Root (on
 * Linux with CAP_SYS_PTRACE) and an administrator see more.
 */
export interface ProcessInfo {
  /** The process id. */
  pid: number
  /** The parent's pid. `null`: it has no parent (the first process), or none that is visible. */
  ppid: number | null
  /** The effective user id, 0 for root. Always `null` on Windows. */
  uid: number | null
  /**
   * The kernel's short name: at most 15 bytes on Linux and for other users' processes on macOS, 31
   * bytes otherwise; on Windows the program's file name. A process can choose its own name: never print
   * it raw. On Linux, Node 24 calls itself `MainThread` and Node 26 `node-MainThread`: to people, show
   * the last part of `path` instead.
   */
  name: string | null
  /** As returned by `getProcessPath`. */
  path: string | null
  /**
   * The command line, starting with the program's name, as the kernel holds it: a program may overwrite
   * its own. At most 256 KiB, cut after a whole argument. `[]`: the process has none.
   *
   * **May hold secrets** such as passwords and tokens: do not log it, and never print it raw.
   */
  args: string[] | null
  /** The working directory. Always `null` on Windows. */
  cwd: string | null
  /**
   * Together with `pid` it identifies a process for good: if the pid is reused, the new process has a
   * different start time. Exact to 10 ms on Linux, where it is computed from the clock: if the clock is
   * set, a process of yours that starts later computes a value that differs by that step.
   */
  startTime: Date | null
  /** macOS: the outermost `.app` directory of `path`. `null` elsewhere and for other programs. */
  bundlePath: string | null
  /**
   * Linux: the path of its control group, which shows the container, systemd unit or session. `null`
   * elsewhere.
   */
  cgroup: string | null
  /**
   * Windows: the short names of the services that an `svchost.exe` or `lsass.exe` runs. `null`: for any
   * other program, if the services could not be queried, and on other systems.
   */
  services: string[] | null
}

/** One live TCP or UDP socket. */
export interface SocketInfo {
  /** UDP-Lite and others are not listed. */
  protocol: 'tcp' | 'udp'
  /**
   * `'connected'`: it has a remote end; it may be still connecting, or half closed. `'bound'`: neither
   * listening nor connected, as an unconnected UDP socket is, or a TCP socket that does not listen yet.
   */
  state: 'listening' | 'connected' | 'bound'
  /** The TCP state. `'CLOSED'` if the socket is only bound; `null` for UDP. */
  tcpState:
    | 'LISTEN'
    | 'SYN_SENT'
    | 'SYN_RECEIVED'
    | 'ESTABLISHED'
    | 'FIN_WAIT_1'
    | 'FIN_WAIT_2'
    | 'CLOSE_WAIT'
    | 'CLOSING'
    | 'LAST_ACK'
    | 'CLOSED'
    | null
  /** For example `'0.0.0.0'`, `'::'`, `'127.0.0.1'`, `'fe80::1%en0'` (on Windows `'fe80::1%4'`). */
  localAddress: string
  /** 1 to 65535. */
  localPort: number
  /** `null` if listening or bound; on Windows always `null` for UDP. */
  remoteAddress: string | null
  /** `null` if `remoteAddress` is. */
  remotePort: number | null
  /** `pids[0]`. `null`: the socket is in use, but by no process that this user may see. */
  pid: number | null
  /**
   * Every visible holder, the one that started first in front. Pid 1 comes last, because it keeps
   * sockets for the services it starts; unless it holds the socket under the same descriptor number as
   * a descendant.
   */
  pids: number[]
  /**
   * The user id that owns the socket (on macOS, its holder's). `null` on Windows, and where the system
   * reports only a placeholder, as in a user namespace that does not map the user.
   */
  uid: number | null
}
