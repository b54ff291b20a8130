// Checks whether a Linux binary is fit to publish, by its bytes and not by the build's intentions:
// it must be a library for its CPU, need only its C library, in no newer version than necessary,
// export only Node's entry point, and contain no path of the build machine. It is read with readelf
// of binutils.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..')
const LARGEST_BYTES = 460 * 1024
const ENTRY = 'napi_register_module_v1'
export const OLDEST_GLIBC = '2.17'
const MACHINES = { x64: 'Advanced Micro Devices X86-64', arm64: 'AArch64' }
/** Part of every system with that libc. Nothing else may be needed. */
const LIBRARIES = {
  gnu: /^(lib(c|m|dl|pthread|rt)\.so\.\d|ld-linux-(x86-64|aarch64)\.so\.\d)$/,
  musl: /^libc\.so$/
}

/**
 * Returns what is wrong with the binary for `x64-musl` or another target; an empty array if it is
 * fit.
 */
export function checkLinuxBinary(file, target) {
  const [arch, libc] = target.split('-')
  const options = ['--wide', '--file-header', '--dynamic', '--version-info', '--dyn-syms']
  const text = execFileSync('readelf', [...options, file], { encoding: 'utf8' })
  const all = (pattern) => [...text.matchAll(pattern)].map((match) => match[1])
  const problems = []
  const [machine] = all(/^ +Machine: +(.+)$/gm)
  if (machine !== MACHINES[arch]) problems.push(`is for ${machine}, not for ${arch}`)
  for (const library of all(/\(NEEDED\).*\[(.*)\]/g)) {
    if (!LIBRARIES[libc].test(library)) problems.push(`needs ${library}`)
  }
  for (const minor of new Set(all(/\bGLIBC_2\.(\d+)/g))) {
    if (Number(minor) > Number(OLDEST_GLIBC.split('.')[1])) problems.push(`needs glibc 2.${minor}`)
  }
  for (const name of all(/ GLOBAL +DEFAULT +\d+ ([\w@.]+)$/gm)) {
    if (name !== ENTRY) problems.push(`exports ${name}`)
  }
  if (!text.includes(` ${ENTRY}\n`)) problems.push(`does not export ${ENTRY}`)
  const bytes = fs.readFileSync(file)
  if (bytes.length > LARGEST_BYTES) {
    problems.push(`has ${bytes.length} bytes, more than ${LARGEST_BYTES}`)
  }
  if (bytes.includes(path.join(root, '/'))) problems.push('names the build folder')
  return problems
}
