// The tests of the files that read foreign bytes under Miri, which sees every read outside a buffer
// and every wrong use of a pointer: `node scripts/miri.mjs`. Needs a nightly compiler; Miri and the
// standard library's source are installed where they are missing.

import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..')
/** Modules without a system call. */
const MODULES = 'layout diag_reply diag_request proc_net tcp_state words question error'
  .split(' ')
  .map((name) => `${name}::`)

run('rustup', ['component', 'add', '--toolchain', 'nightly', 'miri', 'rust-src'])
const folder = ['--target-dir', path.join('target', 'miri')]
run('cargo', ['+nightly', 'miri', 'test', '--lib', ...folder, '--', ...MODULES])

function run(command, args) {
  const stdio = ['ignore', 'inherit', 'inherit']
  const { status, error } = spawnSync(command, args, { cwd: root, stdio })
  if (status !== 0) {
    console.error(`${command} ${args.join(' ')} failed: ${error ?? status}`)
    process.exit(1)
  }
}
