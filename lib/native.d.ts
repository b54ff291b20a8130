// What the native side (src/node) exports, as seen from here.

/** A failure to look, to make an Error of. */
export interface NativeFailure {
  code: string
  syscall: string
  message: string
}

/** One process. `null`: the system does not tell. */
export interface Info {
  pid: number
  /** 0 for none. */
  ppid: number
  uid: number | null
  name: string | null
  path: string | null
  args: string[] | null
  cwd: string | null
  /** Milliseconds since 1970. */
  startMs: number | null
  cgroup: string | null
  services: string[] | null
}

/** What one slice has found. `step`: what found it. */
export interface Advanced {
  /** id, pid, step, id, pid, step …; pid 0 is `null`. */
  answered: number[]
  records?: { id: number; step: number; record: Info }[]
  lists?: { id: number; step: number; rows: Uint32Array; scopes: string[] }[]
  failed?: (NativeFailure & { id: number })[]
}

/** The questions of one environment, in the native side's keeping. */
export interface Lookups {
  readonly native: unique symbol
}

export interface Binding {
  createLookups(): Lookups
  /**
   * Takes new questions, a line each (lib/wire.js), and the ids that nobody waits for any more, and
   * works for a slice.
   */
  advance(lookups: Lookups, questions: string, abandoned: Uint32Array): Promise<Advanced>
  /**
   * Tells at once what a Unix-domain socket's descriptor knows of its other end. `null`: it is no such
   * socket, or not connected any more.
   */
  localPeer(fd: number, isKept: boolean): number[] | null | NativeFailure
  /** As many of the pids as fit into a slice, at least the first; so does processInfos. */
  processPaths(pids: Int32Array): Promise<(string | null | NativeFailure)[]>
  processInfos(pids: Int32Array): Promise<(Info | null | NativeFailure)[]>
}
