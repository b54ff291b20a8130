// Builds both Windows binaries into npm/win32-x64 and npm/win32-arm64, on Windows or elsewhere.
//
//   node scripts/build-windows.mjs [x64|arm64] [--features NAME --out DIR]
//
// On Windows this is plain cargo with Microsoft's linker, with the C library linked statically. Elsewhere
// Debian's rustc builds the standard library from Debian's own sources; mingw's gcc links x64, and zig
// links arm64. Missing packages are installed. The standard library's backtrace code, a third of the
// file, is left out: without symbols, backtraces would say nothing.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { installDebian } from './lib/debian.mjs'
import { toolchainFor } from './lib/rust-toolchain.mjs'
import { withoutSourcePaths } from './lib/source-paths.mjs'
import { checkWindowsBinary } from './lib/windows-binary.mjs'
import { installZig } from './lib/zig.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const target = process.env.CARGO_TARGET_DIR ?? path.join(root, 'target')
const cache = path.join(target, 'windows')
const isWindows = os.platform() === 'win32'
const targets = isWindows
  ? { x64: 'x86_64-pc-windows-msvc', arm64: 'aarch64-pc-windows-msvc' }
  : { x64: 'x86_64-pc-windows-gnu', arm64: 'aarch64-pc-windows-gnullvm' }

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { features: { type: 'string' }, out: { type: 'string' } }
})

for (const arch of positionals.length > 0 ? positionals : Object.keys(targets)) {
  if (targets[arch] === undefined) throw new Error(`unknown architecture '${arch}': x64 or arm64`)
  const file = place(build(arch), arch)
  const problems = checkWindowsBinary(fs.readFileSync(file), arch)
  if (problems.length > 0) {
    console.error(`${path.relative(root, file)} is not fit to be shipped:\n${problems.join('\n')}`)
    process.exit(1)
  }
  console.log(`${path.relative(root, file)}: ${fs.statSync(file).size} bytes, checked`)
}

/** Builds the library and returns its path. */
function build(arch) {
  const toolchain = toolchainFor(targets[arch])
  const flags = withoutSourcePaths(root, toolchain.cargo, toolchain.env)
  const args = ['--release', '--lib', '--locked', '--target', targets[arch], ...toolchain.args]
  if (toolchain.args.length > 0) args.push('-Zbuild-std-features=panic-unwind')
  if (values.features !== undefined) args.push('--features', values.features)
  const env = { ...toolchain.env, CARGO_TARGET_DIR: cache }
  if (isWindows) {
    runCargo(toolchain.cargo, ['build', ...args], [...flags, '-Ctarget-feature=+crt-static'], env)
  } else if (arch === 'x64') {
    const gcc = 'x86_64-w64-mingw32-gcc'
    installDebian({ [`/usr/bin/${gcc}`]: 'gcc-mingw-w64-x86-64-win32' })
    env.LIBNODE_PATH = stubs()
    runCargo(toolchain.cargo, ['build', ...args], [...flags, `-Clinker=${gcc}`], env)
  } else {
    const zig = installZig(path.join(target, 'linux', 'zig'))
    env.LIBNODE_PATH = stubs()
    env.CARGO = toolchain.cargo
    env.CARGO_ZIGBUILD_ZIG_PATH = zig.zig
    // rustc's list of exports does not reach zig's linker, which would then export everything.
    const exported = `-Clink-arg=${path.join(stubs(), 'exports.def')}`
    runCargo(zig.cargoZigbuild, ['rustc', ...args, '--', exported], flags, env)
  }
  return path.join(cache, targets[arch], 'release', 'socket_owner.dll')
}

function runCargo(command, args, flags, env) {
  execFileSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...env, CARGO_ENCODED_RUSTFLAGS: flags.join('\x1f') }
  })
}

/**
 * For these linkers napi-build requires Node's import library. With `dyn-symbols` nothing is taken
 * from it, so empty files suffice. Returns their folder.
 */
function stubs() {
  const folder = path.join(cache, 'stubs')
  fs.mkdirSync(folder, { recursive: true })
  const files = {
    'libnode.dll': '',
    'libnode.dll.a': '!<arch>\n',
    'libnode.a': '!<arch>\n',
    'exports.def': 'EXPORTS\n  napi_register_module_v1\n'
  }
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), text)
  return folder
}

// A loaded library cannot be overwritten on Windows, but it can be renamed.
function place(built, arch) {
  const folder = path.resolve(values.out ?? path.join(root, 'npm', `win32-${arch}`))
  const file = path.join(folder, `socket-owner.win32-${arch}.node`)
  fs.mkdirSync(folder, { recursive: true })
  fs.copyFileSync(built, `${file}.new`)
  fs.renameSync(`${file}.new`, file)
  return file
}
