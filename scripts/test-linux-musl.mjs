// Runs tests on real sockets with the linux-x64-musl binary, in a Node that is linked with musl:
//
//   node scripts/test-linux-musl.mjs [--no-build] [TEST…]
//
// They run in a copy of the checkout that has no other binary. Tests that need no addon are left out, and so
// are those that cannot pass there: this Node finds its own libraries through /proc and next to itself (bin,
// sandbox), and musl does not check which CPU a file is for (first-run, load).
import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { muslNode } from './lib/musl-node.mjs'
import { testFiles } from './lib/tests.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const target = process.env.CARGO_TARGET_DIR ?? path.join(root, 'target')
const copy = path.join(target, 'musl', 'checkout')
const binary = 'socket-owner.linux-x64-musl.node'
const SOURCES = ['__test__', 'bin', 'examples', 'index.d.ts', 'index.js', 'lib', 'scripts']
const TESTS = [
  ['abort', 'address', 'arguments', 'calls', 'queue', 'teardown'].map((name) => `calls/${name}`),
  ['info', 'path'].map((name) => `processes/${name}`),
  ['no-child-process', 'proxy'].map((name) => `repo/${name}`),
  ['busy', 'descriptors', 'network', 'peer', 'pid1', 'port'].map((name) => `sockets/${name}`),
  ['secure', 'shared', 'state', 'threads', 'timewait', 'users'].map((name) => `sockets/${name}`)
].flat()

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'no-build': { type: 'boolean' } }
})
if (!values['no-build']) {
  const script = path.join(root, 'scripts', 'build-linux.mjs')
  execFileSync(process.execPath, [script, 'x64-musl'], { stdio: 'inherit' })
}
fs.rmSync(copy, { recursive: true, force: true })
// Cargo.toml makes it a checkout, in which the binary next to the sources is used.
for (const name of [...SOURCES, 'Cargo.toml', 'package.json']) {
  fs.cpSync(path.join(root, name), path.join(copy, name), { recursive: true })
}
fs.copyFileSync(path.join(root, 'npm', 'linux-x64-musl', binary), path.join(copy, binary))
const names = positionals.length > 0 ? positionals : TESTS
const files = testFiles(path.join(copy, '__test__'), names)
const [command, ...args] = muslNode('x64')
const result = spawnSync(command, [...args, '--test', '--test-reporter=spec', ...files], {
  cwd: copy,
  stdio: 'inherit'
})
process.exitCode = result.status ?? 1
