// Runs tests on real sockets with the linux-arm64-gnu binary, in an arm64 Node under qemu:
//
//   node scripts/test-linux-arm64.mjs [--no-build] [TEST…]
//
// The tests start processes with their own Node, so the kernel must know how to start an arm64 program. This
// is registered in a separate user namespace (Linux 6.7 or later) and nowhere else. qemu has no sock_diag,
// so this tests the fallback to /proc/net/tcp and everything above it.
import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { emulatedNode } from './lib/debian.mjs'
import { testFiles } from './lib/tests.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const cache = path.join(process.env.CARGO_TARGET_DIR ?? path.join(root, 'target'), 'darwin-tests')
const binary = 'socket-owner.linux-arm64-gnu.node'
// Not state (only sock_diag reports bound sockets) or path (qemu rewrites paths below -L).
const TESTS = ['calls/address', 'calls/arguments', 'sockets/peer', 'sockets/port']

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'no-build': { type: 'boolean' } }
})
if (!values['no-build']) {
  const script = path.join(root, 'scripts', 'build-linux.mjs')
  execFileSync(process.execPath, [script, 'arm64-gnu'], { stdio: 'inherit' })
}
fs.copyFileSync(path.join(root, 'npm', 'linux-arm64-gnu', binary), path.join(root, binary))
const [qemu, , libraries, node] = emulatedNode(cache)
const names = positionals.length > 0 ? positionals : TESTS
const files = testFiles(path.join(root, '__test__'), names)

// The first 20 bytes of an arm64 ELF program, and which of their bits count. F: the interpreter is
// opened at registration, so that it is available in every root directory.
const magic =
  '\\x7fELF\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\xb7\\x00'
const mask =
  '\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xfe\\xff\\xff\\xff'
const rule = `:arm64:M::${magic}:${mask}:/usr/bin/${qemu}:F`
const formats = '/proc/sys/fs/binfmt_misc'
const script = `mount -t binfmt_misc none ${formats} && printf %s "$0" > ${formats}/register && exec "$@"`
const inside = ['sh', '-c', script, rule, node, '--test', ...files]
const result = spawnSync('unshare', ['--user', '--map-root-user', '--mount', ...inside], {
  stdio: 'inherit',
  env: { ...process.env, QEMU_LD_PREFIX: libraries }
})
process.exitCode = result.status ?? 1
