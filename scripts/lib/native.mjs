// The native binary for this machine: how to build it, and where to put it.

import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..')

/**
 * Puts it next to index.js, where lib/binding.js looks in a checkout:
 * socket-owner.<platform>-<arch>[-<libc>].node.
 */
export function build() {
  const { host } = checkRust()
  const isMusl = host.endsWith('-musl')
  const libc = process.platform === 'linux' ? (isMusl ? '-musl' : '-gnu') : ''
  const tag = `${process.platform}-${process.arch}${libc}`
  const env = { ...process.env }
  // Rust's musl target builds static programs by default, and Node cannot load those.
  if (isMusl) env.RUSTFLAGS = `${env.RUSTFLAGS ?? ''} -C target-feature=-crt-static`
  // Otherwise Microsoft's C library would have to be installed too.
  if (host.endsWith('-msvc')) env.RUSTFLAGS = `${env.RUSTFLAGS ?? ''} -C target-feature=+crt-static`

  const library = cargoBuild(['--release'], env)
  const binary = path.join(root, `socket-owner.${tag}.node`)
  // Windows does not allow a loaded library to be replaced.
  if (fs.existsSync(binary) && fs.readFileSync(binary).equals(fs.readFileSync(library))) return
  // Replaces the file by renaming, so that a process that has loaded the old one keeps it intact.
  fs.copyFileSync(library, `${binary}.new`)
  fs.renameSync(`${binary}.new`, binary)
}

/** Ends the program with one clear line if Rust is missing or older than Cargo.toml requires. */
function checkRust() {
  const manifest = fs.readFileSync(path.join(root, 'Cargo.toml'), 'utf8')
  const [, wanted] = manifest.match(/^rust-version = "(\d+\.\d+)/m)
  const advice = `install Rust ${wanted} or newer: https://rustup.rs`
  const cargo = spawnSync('cargo', ['--version'], { cwd: root })
  const rustc = spawnSync('rustc', ['--version', '--verbose'], { cwd: root, encoding: 'utf8' })
  if (cargo.status !== 0 || rustc.status !== 0) fail(`No Rust was found; ${advice}`)
  const release = rustc.stdout.match(/^release: (\d+)\.(\d+)/m)
  const host = rustc.stdout.match(/^host: (\S+)/m)
  if (release === null || host === null) fail(`rustc did not tell its version; ${advice}`)
  const [major, minor] = wanted.split('.').map(Number)
  const isOld =
    Number(release[1]) < major || (Number(release[1]) === major && Number(release[2]) < minor)
  if (isOld) fail(`Rust ${release[1]}.${release[2]} is too old; ${advice}`)
  return { host: host[1] }
}

/** Returns the library's path as cargo reports it, wherever its target directory is. */
export function cargoBuild(options, env = process.env) {
  const args = ['build', '--lib', '--message-format=json-render-diagnostics', ...options]
  const stdio = ['ignore', 'pipe', 'inherit']
  const cargo = spawnSync('cargo', args, { cwd: root, env, stdio, encoding: 'utf8' })
  if (cargo.status !== 0) fail('cargo build failed')
  const artifacts = cargo.stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
    .filter(({ target }) => target?.name === 'socket_owner' && target.kind.includes('cdylib'))
  const library = artifacts.at(-1)?.filenames.find((file) => /\.(so|dylib|dll)$/.test(file))
  if (library === undefined) fail('cargo built no library')
  return library
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
