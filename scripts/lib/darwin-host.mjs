// Builds the host that runs macOS binaries here, from __test__/darwin/host.

import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..')
const home = path.join(root, '__test__', 'darwin', 'host')

/**
 * Builds it for this machine's CPU, or for arm64 with Debian's cross compiler, unless the existing
 * one is newer than its sources. Returns the addon's path.
 */
export function buildHost(arch, folder) {
  const output = path.join(folder, `macho-host.${arch}.node`)
  const sources = fs.readdirSync(home).filter((name) => /\.[chS]$/.test(name))
  const newest = Math.max(...sources.map((name) => fs.statSync(path.join(home, name)).mtimeMs))
  if (fs.existsSync(output) && fs.statSync(output).mtimeMs > newest) return output
  fs.mkdirSync(folder, { recursive: true })
  const isOurs = (name) => /\.c$|_(x64|arm64)\.S$/.test(name) && name !== 'layout-check.c'
  const compiled = sources.filter((name) => isOurs(name) && !isOther(name, arch))
  const files = compiled.map((name) => path.join(home, name))
  const flags = ['-std=gnu11', '-O2', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC']
  const include = path.join(path.dirname(process.execPath), '..', 'include', 'node')
  const compiler = arch === process.arch ? 'cc' : 'aarch64-linux-gnu-gcc'
  const args = [...flags, '-fvisibility=hidden', `-I${include}`, '-o', `${output}.new`, ...files]
  execFileSync(compiler, args, { stdio: 'inherit' })
  fs.renameSync(`${output}.new`, output)
  return output
}

function isOther(name, arch) {
  return name.endsWith('.S') && !name.endsWith(`_${arch}.S`)
}
