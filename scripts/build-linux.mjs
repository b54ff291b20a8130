// Builds the Linux binaries that are shipped, into npm/linux-*: x64 and arm64, each for glibc 2.17 or later
// and for musl.
//
//   node scripts/build-linux.mjs [x64-gnu] [arm64-gnu] [x64-musl] [arm64-musl]
//
// zig is the linker, because it has every version of glibc and musl. It and cargo-zigbuild come from PyPI into a
// virtual environment under target/.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkLinuxBinary, OLDEST_GLIBC } from './lib/linux-binary.mjs'
import { toolchainWithSources } from './lib/rust-toolchain.mjs'
import { withoutSourcePaths } from './lib/source-paths.mjs'
import { installZig } from './lib/zig.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const cache = path.join(process.env.CARGO_TARGET_DIR ?? path.join(root, 'target'), 'linux')
const targets = {
  'x64-gnu': 'x86_64-unknown-linux-gnu',
  'arm64-gnu': 'aarch64-unknown-linux-gnu',
  'x64-musl': 'x86_64-unknown-linux-musl',
  'arm64-musl': 'aarch64-unknown-linux-musl'
}

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(targets)
const zig = installZig(path.join(cache, 'zig'))
for (const name of names) {
  const file = place(build(name), name)
  const problems = checkLinuxBinary(file, name)
  if (problems.length > 0) {
    console.error(`${path.relative(root, file)} is not fit to be shipped:\n${problems.join('\n')}`)
    process.exit(1)
  }
  console.log(`${path.relative(root, file)}: ${fs.statSync(file).size} bytes, checked`)
}

function build(name) {
  const target = targets[name]
  if (target === undefined) throw new Error(`unknown target '${name}'`)
  const toolchain = toolchainWithSources(target)
  const flags = withoutSourcePaths(root, toolchain.cargo, toolchain.env)
  // Panic locations in the standard library are useless without a backtrace, and none of our
  // messages formats a value for debugging.
  flags.push('-Clink-arg=-Wl,-s', '-Zlocation-detail=none', '-Zfmt-debug=none')
  // Node cannot load a static program, which is what Rust builds for musl by default.
  if (name.endsWith('musl')) flags.push('-Ctarget-feature=-crt-static')
  const versioned = name.endsWith('gnu') ? `${target}.${OLDEST_GLIBC}` : target
  const args = ['zigbuild', '--release', '--lib', '--locked', '--target', versioned]
  execFileSync(zig.cargoZigbuild, [...args, ...toolchain.args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...toolchain.env,
      CARGO: toolchain.cargo,
      CARGO_ENCODED_RUSTFLAGS: flags.join('\x1f'),
      CARGO_PROFILE_RELEASE_STRIP: 'none',
      CARGO_TARGET_DIR: cache,
      CARGO_ZIGBUILD_ZIG_PATH: zig.zig
    }
  })
  return path.join(cache, target, 'release', 'libsocket_owner.so')
}

// Replaces the file by renaming, so that a process that has loaded the old one keeps it intact.
function place(built, name) {
  const folder = path.join(root, 'npm', `linux-${name}`)
  const file = path.join(folder, `socket-owner.linux-${name}.node`)
  fs.copyFileSync(built, `${file}.new`)
  fs.renameSync(`${file}.new`, file)
  return file
}
