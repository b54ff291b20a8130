// The options that callers pass and the records that they get. `index.d.ts` exports them all.

/** Options that every function takes. */
export interface LookupOptions {
  /**
   * Aborts the look-up: the promise rejects with the signal's `reason`, an `AbortError` by default.
   */
  signal?: AbortSignal | undefined
}

/** Options of `findPidByLocalTcpPort`. */
export interface PortLookupOptions extends LookupOptions {
  /**
   * Only sockets in this state: `'listening'`, or `'connected'`, which has a remote end and includes
   * connecting and half closed. Default: any live socket, a bound one too where the system tells it.
   */
  state?: 'listening' | 'connected' | undefined
  /**
   * A local address of this machine: only the sockets that a packet to it and the port could reach.
   * They are bound to that very address, to the wildcard of its family, or, for an IPv4 address, to a
   * dual-stack `::`. Of sockets of one kind the more exact one is answered.
   */
  address?: string | undefined
}

/** Options of `findPidByLocalUdpPort`. */
export interface UdpPortLookupOptions extends LookupOptions {
  /** As in {@link PortLookupOptions}. */
  address?: string | undefined
}

/** Options of `listSockets`. All that are given must hold. */
export interface ListSocketsOptions extends LookupOptions {
  /** Default: both. */
  protocol?: 'tcp' | 'udp' | undefined
  /** As {@link SocketInfo.state}. */
  state?: 'listening' | 'connected' | 'bound' | undefined
  /** The local port, 1 to 65535. */
  port?: number | undefined
  /** Only this process's sockets. Reads no other process, so `pids` names it alone. */
  pid?: number | undefined
}

/**
 * The two ends of a connection as this process sees them. A `net.Socket` or `tls.TLSSocket` fits as it
 * is. An end that is `undefined` means that the socket has gone.
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

/** One end of UDP traffic. The `rinfo` of a `dgram` socket's `'message'` event fits as it is. */
export interface UdpEnd {
  /** An IP address, with the same freedoms as in {@link SocketEnds}. */
  address: string
  /** 1 to 65535. */
  port: number
}

/** What `findUdpPeerPid` needs of a `dgram.Socket`. */
export interface UdpSocket {
  /** The address and port that the socket is bound to. */
  address(): UdpEnd
  /** Never called; only a socket that sends datagrams has it. */
  send(...args: never[]): unknown
}

/**
 * What is known of one process. A field is `null` where the caller may not see it on that system: of
 * another user's process Linux hides `path`, `cwd` and in some sandboxes more, macOS `args`, `cwd` and
 * in part `startTime`, Windows all but the pids of a process that may not be opened. Root (on Linux
 * with CAP_SYS_PTRACE) and an administrator see more.
 */
export interface ProcessInfo {
  /** As asked, or as found. */
  pid: number
  /** The parent's pid. `null`: it has none, as the first process, or none that can be seen. */
  ppid: number | null
  /** The effective user id, 0 for root. Always `null` on Windows. */
  uid: number | null
  /**
   * The kernel's short name: at most 15 bytes on Linux and for other users' processes on macOS, else
   * 31; on Windows the file name of the program. The process chooses it itself: never print it raw.
   * Node 24 calls itself `MainThread`, Node 26 `node-MainThread` on Linux: for people the last part of
   * `path` is better.
   */
  name: string | null
  /** As `getProcessPath` answers it. */
  path: string | null
  /**
   * The command line, the program's own name first, as the kernel holds it: a program may overwrite
   * its own. At most 256 KiB, cut at a whole argument. `[]`: the process has none.
   *
   * **May hold secrets**, as passwords and tokens: do not log it, and never print it raw.
   */
  args: string[] | null
  /** The working directory. Always `null` on Windows. */
  cwd: string | null
  /**
   * With the pid an identity that survives the pid's reuse: a new process with an old pid has another.
   * Exact to 10 ms on Linux, where it is computed from the clock: another process that computes it
   * after the clock was set may differ by that step.
   */
  startTime: Date | null
  /** macOS: the outermost `.app` directory of `path`. `null` elsewhere and for other programs. */
  bundlePath: string | null
  /**
   * Linux: the path of its control group, off which a container, a systemd unit or a session can be
   * read. `null` elsewhere.
   */
  cgroup: string | null
  /**
   * Windows: the short names of the services that an `svchost.exe` or `lsass.exe` runs. `null`: it is
   * another program, they may not be asked for, or another system.
   */
  services: string[] | null
}

/** One live TCP or UDP socket. */
export interface SocketInfo {
  /** UDP-Lite and others are not listed. */
  protocol: 'tcp' | 'udp'
  /**
   * `'connected'` has a remote end, from connecting to half closed. `'bound'` is neither: an
   * unconnected UDP socket, or a TCP one that does not listen yet.
   */
  state: 'listening' | 'connected' | 'bound'
  /** TCP's own state. `'CLOSED'` is bound; `null` is UDP. */
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
  /** `'0.0.0.0'`, `'::'`, `'127.0.0.1'`, `'fe80::1%en0'` (on Windows `'fe80::1%4'`). */
  localAddress: string
  /** 1 to 65535. */
  localPort: number
  /** `null`: listening or bound; on Windows of UDP always. */
  remoteAddress: string | null
  /** `null` where `remoteAddress` is. */
  remotePort: number | null
  /** `pids[0]`. `null`: no process that the caller may see holds it, yet it is in use. */
  pid: number | null
  /**
   * Every holder that was seen, the one that started first in front. Pid 1 comes last, since it keeps
   * sockets for the services that it starts, unless it holds the socket under the same number as a
   * descendant.
   */
  pids: number[]
  /**
   * The socket's user (on macOS its holder's). `null`: on Windows, and where the system tells a
   * placeholder, as in a user namespace that does not map the user.
   */
  uid: number | null
}
