// Runs the tests in __test__/darwin with the macOS binaries on Linux, against the simulated kernel
// in its host/: x64 in this Node, arm64 in an arm64 Node under qemu.
//
//   node scripts/test-darwin.mjs [x64] [arm64] [--core] [--no-build]
//
// --core leaves out the slow tests. Missing Debian packages are installed, and the arm64 Node comes from
// npm; both only for arm64.
import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { buildHost } from './lib/darwin-host.mjs'
import { emulatedNode, installDebian } from './lib/debian.mjs'
import { testFiles } from './lib/tests.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const cache = path.join(process.env.CARGO_TARGET_DIR ?? path.join(root, 'target'), 'darwin-tests')
const tests = path.join(root, '__test__', 'darwin')

/**
 * A file that takes longer is stuck and has failed. Emulated, on a busy machine, one takes a
 * minute.
 */
const LONGEST_MS = 15 * 60 * 1000

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { core: { type: 'boolean' }, 'no-build': { type: 'boolean' } }
})

const totals = { pass: 0, fail: 0, skipped: 0 }
for (const arch of positionals.length > 0 ? positionals : ['x64', 'arm64']) {
  console.log(`darwin-${arch}`)
  if (!values['no-build']) build(arch)
  runTests(arch)
}
console.log(`${totals.pass} passed, ${totals.fail} failed, ${totals.skipped} skipped`)
if (totals.fail > 0 || totals.skipped > 0 || totals.pass === 0) process.exitCode = 1

function build(arch) {
  const script = path.join(root, 'scripts', 'build-darwin.mjs')
  const out = ['--out', path.join(cache, 'panicking'), '--chained-fixups']
  for (const extra of [[], ['--features', 'panic-on-purpose', ...out]]) {
    execFileSync(process.execPath, [script, arch, ...extra], { stdio: 'inherit' })
  }
}

function runTests(arch) {
  const node = nodeFor(arch)
  const host = buildHost(arch, cache)
  const env = {
    ...process.env,
    DARWIN_TESTS_CORE: values.core ? '1' : '',
    MACHO_HOST: host,
    MAC_APP: app(arch, 'app', path.join(root, 'npm', `darwin-${arch}`)),
    MAC_APP_PANICKING: app(arch, 'app-panicking', path.join(cache, 'panicking'))
  }
  const preload = path.join(tests, 'host', 'preload.cjs')
  for (const file of testFiles(tests, ['.'])) {
    // Not `node --test`, which would start the arm64 Node without qemu.
    const [command, ...args] = [...node, '--test-reporter=spec', '--require', preload, file]
    const result = spawnSync(command, args, {
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
      maxBuffer: 2 ** 28,
      timeout: LONGEST_MS
    })
    console.log(`${path.basename(file)}\n${result.stdout}`)
    count(path.basename(file), result)
  }
}

/** Counts a file's results. One that ends without a summary has failed, whatever it printed. */
function count(name, { status, signal, stdout }) {
  const numbers = (key) => stdout.match(new RegExp(`^(?:#|\u2139) ${key} (\\d+)$`, 'm'))?.[1]
  const passed = numbers('pass')
  if (passed === undefined || (status !== 0 && numbers('fail') === '0')) {
    console.error(`${name} ended with ${signal ?? status}`)
    totals.fail++
  }
  for (const key of Object.keys(totals)) totals[key] += Number(numbers(key) ?? 0)
}

function nodeFor(arch) {
  if (arch === process.arch) return [process.execPath]
  installDebian({
    '/usr/bin/aarch64-linux-gnu-gcc': 'gcc-aarch64-linux-gnu',
    '/usr/aarch64-linux-gnu/include/stdint.h': 'libc6-dev-arm64-cross'
  })
  return emulatedNode(cache)
}

/** Makes an application's folder with the package and its binary package installed as npm would. */
function app(arch, name, binaries) {
  const folder = path.join(cache, `${name}-${arch}`)
  const modules = path.join(folder, 'node_modules')
  fs.rmSync(folder, { recursive: true, force: true })
  for (const file of ['index.js', 'lib', 'package.json']) {
    const to = path.join(modules, 'socket-owner', file)
    fs.cpSync(path.join(root, file), to, { recursive: true })
  }
  // Without a package of its own, the folder would belong to this package and find it before the
  // copy.
  fs.writeFileSync(path.join(folder, 'package.json'), '{ "private": true }')
  const home = path.join(modules, `socket-owner-darwin-${arch}`)
  const binary = `socket-owner.darwin-${arch}.node`
  fs.mkdirSync(home)
  fs.copyFileSync(path.join(binaries, binary), path.join(home, binary))
  const manifest = path.join(root, 'npm', `darwin-${arch}`, 'package.json')
  fs.copyFileSync(manifest, path.join(home, 'package.json'))
  return folder
}
