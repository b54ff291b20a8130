// The toolchain for a target: rustup's, where it has the target's standard library; else Debian's
// compiler, which builds the standard library from Debian's own sources.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { installDebian } from './debian.mjs'

/** `{ cargo, args, env }`: the program, what it takes besides, and its environment. */
export function toolchainFor(target) {
  if (rustupHas(target)) return { cargo: 'cargo', args: [], env: { ...process.env } }
  installDebian({
    '/usr/bin/cargo': 'cargo-web',
    '/usr/bin/rustc': 'rustc-web',
    '/usr/lib/rustlib/src/rust/library/std/Cargo.toml': 'rust-web-src'
  })
  return {
    cargo: '/usr/bin/cargo',
    args: ['-Zbuild-std=std,panic_unwind'],
    env: {
      ...process.env,
      PATH: `/usr/bin${path.delimiter}${process.env.PATH}`,
      RUSTC_BOOTSTRAP: '1'
    }
  }
}

/** What rustc says, or null where there is none. */
export function rustc(...args) {
  const result = spawnSync('rustc', args, { encoding: 'utf8' })
  return result.status === 0 ? result.stdout.trim() : null
}

function rustupHas(target) {
  const sysroot = rustc('--print', 'sysroot')
  return sysroot !== null && fs.existsSync(path.join(sysroot, 'lib', 'rustlib', target, 'lib'))
}
