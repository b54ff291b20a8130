// Builds the Linux binaries that are shipped, into npm/linux-*: x64 and arm64, for glibc from 2.17
// and for musl.
//
//   node scripts/build-linux.mjs [x64-gnu] [arm64-gnu] [x64-musl] [arm64-musl]
//
// zig links: it has every version of glibc and musl. It and cargo-zigbuild come from PyPI into a
// virtual environment under target/.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { toolchainWithSources } from './lib/rust-toolchain.mjs'
import { withoutSourcePaths } from './lib/source-paths.mjs'
import { installZig } from './lib/zig.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const cache = path.join(process.env.CARGO_TARGET_DIR ?? path.join(root, 'target'), 'linux')
const OLDEST_GLIBC = '2.17'
const targets = {
  'x64-gnu': 'x86_64-unknown-linux-gnu',
  'arm64-gnu': 'aarch64-unknown-linux-gnu',
  'x64-musl': 'x86_64-unknown-linux-musl',
  'arm64-musl': 'aarch64-unknown-linux-musl'
}
/** Part of every system with that libc, and nothing else may be needed. */
const libraries = {
  gnu: /^(lib(c|m|dl|pthread|rt)\.so\.\d|ld-linux-(x86-64|aarch64)\.so\.\d)$/,
  musl: /^libc\.so$/
}

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(targets)
const zig = installZig(path.join(cache, 'zig'))
for (const name of names) {
  const file = place(build(name), name)
  check(file, name)
  console.log(`${path.relative(root, file)}: ${fs.statSync(file).size} bytes, checked`)
}

function build(name) {
  const target = targets[name]
  if (target === undefined) throw new Error(`unknown target '${name}'`)
  const toolchain = toolchainWithSources(target)
  const flags = withoutSourcePaths(root, toolchain.cargo, toolchain.env)
  // Places of panics in the standard library are of no use without a backtrace.
  flags.push('-Clink-arg=-Wl,-s', '-Zlocation-detail=none')
  // Node cannot load a static program, which is what Rust makes for musl by default.
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

// By rename, so that a process that has the old one loaded keeps it whole.
function place(built, name) {
  const folder = path.join(root, 'npm', `linux-${name}`)
  const file = path.join(folder, `socket-owner.linux-${name}.node`)
  fs.copyFileSync(built, `${file}.new`)
  fs.renameSync(`${file}.new`, file)
  return file
}

function check(file, name) {
  const text = execFileSync('readelf', ['-W', '-d', '-V', '--dyn-syms', file], { encoding: 'utf8' })
  const all = (pattern) => [...text.matchAll(pattern)].map((match) => match[1])
  const problems = all(/\(NEEDED\).*\[(.*)\]/g)
    .filter((library) => !libraries[name.split('-')[1]].test(library))
    .map((library) => `needs ${library}`)
  const [, newest] = OLDEST_GLIBC.split('.').map(Number)
  for (const version of new Set(all(/\bGLIBC_(2\.\d+)/g))) {
    if (Number(version.split('.')[1]) > newest) problems.push(`needs glibc ${version}`)
  }
  const exported = all(/ GLOBAL +DEFAULT +\d+ ([\w@.]+)$/gm)
  if (exported.join() !== 'napi_register_module_v1') problems.push(`exports ${exported}`)
  if (fs.readFileSync(file, 'latin1').includes(`${root}/`)) problems.push('names the build folder')
  if (problems.length === 0) return
  console.error(`${path.relative(root, file)} is not fit to be shipped:\n${problems.join('\n')}`)
  process.exit(1)
}
