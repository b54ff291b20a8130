// Extracts the system calls of lookups, by kind, from strace's output for fixtures/traced.cjs.

import fs from 'node:fs'
import { fixture } from './holders.mjs'

/** What Node and libuv call to pass work between threads, and what malloc calls. */
const NOT_OURS =
  /^(futex|epoll_\w+|read|write|mmap|munmap|mremap|mprotect|madvise|brk|sched_yield|exit|clone3?|restart_syscall|rt_\w+|access|faccessat2?|set_robust_list|rseq|prctl|gettid|getrandom)$/

/**
 * Each slice checks that kept descriptors are still ours, and that /proc has the same pids. A
 * traced process does a fiftieth of the work in a slice and so needs many more slices: these calls
 * are counted separately. The same call also examines a descriptor of this process.
 */
const OF_A_SLICE = /^(getpid\(|fstat\(|newfstatat\((\d+, ""|AT_FDCWD, "\/proc",))/

/** Returns the command that traces it and writes to `log`. */
export function tracedCommand(log) {
  const strace = ['strace', '-f', '-qq', '-e', 'signal=none', '-s', '64', '-o', log]
  return [...strace, process.execPath, fixture('traced.cjs')]
}

/** Returns the calls between the two marks with that name. */
export function callsOf(log, name) {
  const text = fs.readFileSync(log, 'utf8')
  const marked = text.split(`"/begin-of-${name}"`)[1].split(`"/end-of-${name}"`)[0]
  const kinds = {}
  let ofSlices = 0
  // When another thread interrupts a line, its second half is not another call.
  for (const [, kind, first] of marked.matchAll(/^\d+ +(\w+)\((.*)/gm)) {
    if (OF_A_SLICE.test(`${kind}(${first}`)) ofSlices += 1
    else if (!NOT_OURS.test(kind)) kinds[kind] = (kinds[kind] ?? 0) + 1
  }
  return { kinds, ofSlices, total: Object.values(kinds).reduce((sum, count) => sum + count, 0) }
}
