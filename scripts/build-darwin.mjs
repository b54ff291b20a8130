// Builds both macOS binaries into npm/darwin-x64 and npm/darwin-arm64, on a Mac or elsewhere.
//
//   node scripts/build-darwin.mjs [x64|arm64] [--features NAME --out DIR [--chained-fixups]]
//
// --chained-fixups: writes pointers in the form that Apple's newer linkers use, for the tests of the
// Mach-O host. It works only with lld, and needs its own features, because cargo sees no difference.
//
// The standard library is built with the package, without the code that reads debug symbols for
// backtraces: a stripped binary has no symbols, and that code is two fifths of the size. If rustup has
// the Apple targets (on a Mac, on GitHub's runners), the sources are rustup's (`rustup component add
// rust-src`). Otherwise Debian's rustc and sources are used, and lld links against a stub of libSystem
// that lists the functions we use, so no SDK is needed. Missing packages are installed. The linker
// strips the binary, so that the ad hoc signature, which hashes every page, is written last.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { checkDarwinBinary } from './lib/darwin-binary.mjs'
import { installDebian } from './lib/debian.mjs'
import { rustc, toolchainWithSources } from './lib/rust-toolchain.mjs'
import { withoutSourcePaths } from './lib/source-paths.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const cache = path.join(process.env.CARGO_TARGET_DIR ?? path.join(root, 'target'), 'darwin')
const targets = { x64: 'x86_64-apple-darwin', arm64: 'aarch64-apple-darwin' }
const sdkRoot = path.join(cache, 'sdk')
const minimumMacos = '11.0'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'chained-fixups': { type: 'boolean' },
    features: { type: 'string' },
    out: { type: 'string' }
  }
})

for (const arch of positionals.length > 0 ? positionals : Object.keys(targets)) {
  const built = build(arch)
  const file = place(built, arch)
  const problems = checkDarwinBinary(fs.readFileSync(file), arch)
  if (problems.length > 0) {
    console.error(`${path.relative(root, file)} is not fit to be shipped:\n${problems.join('\n')}`)
    process.exit(1)
  }
  console.log(`${path.relative(root, file)}: ${fs.statSync(file).size} bytes, checked`)
}

function build(arch) {
  const target = targets[arch]
  if (target === undefined) throw new Error(`unknown architecture '${arch}': x64 or arm64`)
  const toolchain = toolchainWithSources(target)
  const paths = withoutSourcePaths(root, toolchain.cargo, toolchain.env)
  const flags = [...linkFlags(arch), ...paths]
  const args = ['build', '--release', '--lib', '--locked', '--target', target, ...toolchain.args]
  if (values.features !== undefined) args.push('--features', values.features)
  execFileSync(toolchain.cargo, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...toolchain.env,
      CARGO_ENCODED_RUSTFLAGS: flags.join('\x1f'),
      CARGO_PROFILE_RELEASE_STRIP: 'none',
      CARGO_TARGET_DIR: cache,
      MACOSX_DEPLOYMENT_TARGET: minimumMacos,
      ...(os.platform() === 'darwin' ? {} : { SDKROOT: sdkRoot })
    }
  })
  return path.join(cache, target, 'release', 'libsocket_owner.dylib')
}

// Replaces the file by renaming: if a loaded binary is overwritten, the kernel kills its process.
function place(built, arch) {
  const folder = path.resolve(values.out ?? path.join(root, 'npm', `darwin-${arch}`))
  const file = path.join(folder, `socket-owner.darwin-${arch}.node`)
  fs.mkdirSync(folder, { recursive: true })
  fs.copyFileSync(built, `${file}.new`)
  fs.renameSync(`${file}.new`, file)
  return file
}

function linkFlags(arch) {
  const wanted = ['-dead_strip_dylibs', '-x', '-S', '-adhoc_codesign']
  wanted.push('-install_name', `@rpath/socket-owner.darwin-${arch}.node`)
  if (os.platform() === 'darwin') return wanted.map((arg) => `-Clink-arg=-Wl,${arg}`)
  stubLibraries()
  const args = wanted.map((arg) => `-Clink-arg=${arg}`)
  return [`-Clinker=${linker()}`, '-Clinker-flavor=ld64.lld', ...args]
}

// napi-build passes a lone `-Wl`, which Apple's compiler driver ignores and a plain linker rejects.
function linker() {
  const lld = findLld()
  const script = path.join(cache, 'lld')
  fs.mkdirSync(cache, { recursive: true })
  const drop = 'for a; do shift; [ "$a" = -Wl ] || set -- "$@" "$a"; done'
  const form = values['chained-fixups'] ? '-fixup_chains' : '-no_fixup_chains'
  fs.writeFileSync(script, `#!/bin/sh\n${drop}\nexec '${lld}' "$@" ${form}\n`, { mode: 0o755 })
  return script
}

function findLld() {
  const sysroot = rustc('--print', 'sysroot')
  const host = rustc('-vV')?.match(/^host: (.*)$/m)?.[1]
  const own = path.join(sysroot ?? '', 'lib/rustlib', host ?? '', 'bin/rust-lld')
  if (sysroot !== null && fs.existsSync(own)) return own
  installDebian({ '/usr/bin/lld-19': 'lld-19' })
  return '/usr/bin/lld-19'
}

// std links libiconv, libc and libm by name. Their stubs are empty, so nothing binds to them and
// -dead_strip_dylibs removes them.
function stubLibraries() {
  const folder = path.join(sdkRoot, 'usr', 'lib')
  fs.mkdirSync(folder, { recursive: true })
  const list = fs.readFileSync(path.join(root, 'scripts', 'lib', 'libsystem-symbols.txt'), 'utf8')
  const symbols = list.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  fs.writeFileSync(path.join(folder, 'libSystem.tbd'), stub('libSystem.B.dylib', symbols))
  fs.writeFileSync(path.join(folder, 'libiconv.tbd'), stub('libiconv.2.dylib', []))
  for (const name of ['c', 'm']) {
    fs.writeFileSync(path.join(folder, `lib${name}.tbd`), stub('libSystem.B.dylib', []))
  }
}

function stub(name, symbols) {
  const quoted = symbols.map((symbol) => `'${symbol}'`).join(', ')
  return `--- !tapi-tbd
tbd-version: 4
targets: [ x86_64-macos, arm64-macos ]
install-name: '/usr/lib/${name}'
current-version: 1292
exports:
  - targets: [ x86_64-macos, arm64-macos ]
    symbols: [ ${quoted} ]
...
`
}
