// The toolchain for a target: rustup's, if it has the target's standard library; otherwise Debian's
// compiler, which builds the standard library from Debian's sources.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { installDebian } from './debian.mjs'

/** Returns `{ cargo, args, env }`: the program, its further arguments, and its environment. */
export function toolchainFor(target) {
  if (rustupHas(target)) return { cargo: 'cargo', args: [], env: { ...process.env } }
  return debians()
}

/** The same, but always builds the standard library, without the code for backtraces. */
export function toolchainWithSources(target) {
  const { cargo, env } = rustupHas(target) && hasSources() ? rustups() : debians()
  const args = [...BUILD_STD, '-Zbuild-std-features=panic-unwind']
  return { cargo, args, env: { ...env, RUSTC_BOOTSTRAP: '1' } }
}

const BUILD_STD = ['-Zbuild-std=std,panic_unwind']

/** Without rustup's sources a Mac cannot build; Debian's compiler comes with its own. */
function hasSources() {
  const sources = path.join(rustc('--print', 'sysroot'), 'lib', 'rustlib', 'src', 'rust', 'library')
  if (fs.existsSync(sources)) return true
  if (process.platform === 'linux') return false
  throw new Error("the standard library's sources are missing: rustup component add rust-src")
}

function rustups() {
  return { cargo: 'cargo', env: { ...process.env } }
}

function debians() {
  installDebian({
    '/usr/bin/cargo': 'cargo-web',
    '/usr/bin/rustc': 'rustc-web',
    '/usr/lib/rustlib/src/rust/library/std/Cargo.toml': 'rust-web-src'
  })
  return {
    cargo: '/usr/bin/cargo',
    args: BUILD_STD,
    env: {
      ...process.env,
      PATH: `/usr/bin${path.delimiter}${process.env.PATH}`,
      RUSTC_BOOTSTRAP: '1'
    }
  }
}

/** Returns what rustc prints, or null if there is none. */
export function rustc(...args) {
  const result = spawnSync('rustc', args, { encoding: 'utf8' })
  return result.status === 0 ? result.stdout.trim() : null
}

function rustupHas(target) {
  const sysroot = rustc('--print', 'sysroot')
  return sysroot !== null && fs.existsSync(path.join(sysroot, 'lib', 'rustlib', target, 'lib'))
}
