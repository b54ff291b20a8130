// The exports of the native side (src/node).

/** A failed lookup, from which an Error is made. */
export interface NativeFailure {
  code: string
  syscall: string
  message: string
}

/** One process. `null`: the system does not report it. */
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

/** What one slice has found. `step`: how it was found. */
export interface Advanced {
  /** id, pid, step, id, pid, step …; pid 0 is `null`. */
  answered: number[]
  records?: { id: number; step: number; record: Info }[]
  lists?: { id: number; step: number; rows: Uint32Array; scopes: string[] }[]
  failed?: (NativeFailure & { id: number })[]
}

/** The questions of one environment, on the native side. */
export interface Lookups {
  readonly native: unique symbol
}

export interface Binding {
  createLookups(): Lookups
  /**
   * Takes new questions, one line each (lib/wire.js), and the ids of dropped ones, and works for one slice.
   */
  advance(lookups: Lookups, questions: string, abandoned: Uint32Array): Promise<Advanced>
  /**
   * Returns at once what a Unix-domain socket's descriptor says about its other end. `null`: it is not such a
   * socket, or no longer connected.
   */
  localPeer(fd: number, isKept: boolean): number[] | null | NativeFailure
  /** As many of the pids as fit into a slice, at least the first; so does processInfos. */
  processPaths(pids: Int32Array): Promise<(string | null | NativeFailure)[]>
  processInfos(pids: Int32Array): Promise<(Info | null | NativeFailure)[]>
}
