// Builds the host for this machine's CPU, or for arm64 with Debian's cross compiler:
// `buildHost('arm64')` is the path of the addon. Rebuilt when a source is newer.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const here = path.dirname(fileURLToPath(import.meta.url))

export function buildHost(arch, folder) {
  const output = path.join(folder, `macho-host.${arch}.node`)
  const sources = fs.readdirSync(here).filter((name) => /\.[chS]$/.test(name))
  const newest = Math.max(...sources.map((name) => fs.statSync(path.join(here, name)).mtimeMs))
  if (fs.existsSync(output) && fs.statSync(output).mtimeMs > newest) return output
  fs.mkdirSync(folder, { recursive: true })
  const isOurs = (name) => /\.c$|_(x64|arm64)\.S$/.test(name) && name !== 'layout-check.c'
  const compiled = sources.filter((name) => isOurs(name) && !isOther(name, arch))
  const files = compiled.map((name) => path.join(here, name))
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
