// Runs the tests of all files that parse foreign bytes under Miri, which detects every read outside a
// buffer and every wrong use of a pointer: `node scripts/miri.mjs`. Needs a nightly compiler; Miri and the
// standard library's source are installed if they are missing.

import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureNightly } from './lib/nightly.mjs'

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..')
/** Modules that make no system call. */
const MODULES = [
  ...'wire question error layout command_line native_path'.split(' '),
  ...'netlink inet_diag unix_diag ifaddr proc_net states sockets::peers'.split(' ')
].map((name) => `${name}::`)

/** Hundreds of thousands of bytes each, which take Miri minutes. */
const LONG = ['a_command_line_that_just_fits', 'a_first_argument_that_does_not_fit']
const skipped = LONG.flatMap((name) => ['--skip', name])

const folder = ['--target-dir', path.join('target', 'miri')]
const args = ['+nightly', 'miri', 'test', '--lib', ...folder, '--', ...MODULES, ...skipped]

ensureNightly(['miri', 'rust-src'])
const stdio = ['ignore', 'pipe', 'inherit']
const { status, error, stdout } = spawnSync('cargo', args, { cwd: root, stdio, encoding: 'utf8' })
console.log(stdout)
if (status !== 0) fail(`cargo ${args.join(' ')} failed: ${error ?? status}`)
const unread = MODULES.filter(
  (name) => !stdout.includes(`::${name}`) && !stdout.includes(` ${name}`)
)
if (unread.length > 0) fail(`no test was run of ${unread.join(' ')}`)

function fail(message) {
  console.error(message)
  process.exit(1)
}
