// The system calls of lookups, by kind, out of what strace wrote about fixtures/traced.cjs.

import fs from 'node:fs'
import { fixture } from './holders.mjs'

/** What Node and libuv do to hand work from one thread to another, and what malloc does. */
const NOT_OURS =
  /^(futex|epoll_\w+|read|write|mmap|munmap|mremap|mprotect|madvise|brk|sched_yield|exit|clone3?|restart_syscall|rt_\w+|access|faccessat2?|set_robust_list|rseq|prctl|gettid|getrandom)$/

/**
 * Each slice makes sure that what is kept is still ours, and that /proc has the same numbers. A traced process does a fiftieth of the
 * work in a slice and so has many more of them: these calls are counted by themselves. An own
 * descriptor is looked at by the same call.
 */
const OF_A_SLICE = /^(getpid\(|fstat\(|newfstatat\((\d+, ""|AT_FDCWD, "\/proc",))/

/** The command that traces it and writes to `log`. */
export function tracedCommand(log) {
  const strace = ['strace', '-f', '-qq', '-e', 'signal=none', '-s', '64', '-o', log]
  return [...strace, process.execPath, fixture('traced.cjs')]
}

/** What was called between the two marks of that name. */
export function callsOf(log, name) {
  const text = fs.readFileSync(log, 'utf8')
  const marked = text.split(`"/begin-of-${name}"`)[1].split(`"/end-of-${name}"`)[0]
  const kinds = {}
  let ofSlices = 0
  // The second half of a line that another thread interrupted is no second call.
  for (const [, kind, first] of marked.matchAll(/^\d+ +(\w+)\((.*)/gm)) {
    if (OF_A_SLICE.test(`${kind}(${first}`)) ofSlices += 1
    else if (!NOT_OURS.test(kind)) kinds[kind] = (kinds[kind] ?? 0) + 1
  }
  return { kinds, ofSlices, total: Object.values(kinds).reduce((sum, count) => sum + count, 0) }
}
