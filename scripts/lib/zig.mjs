// zig, which links for other systems than this machine's, and cargo-zigbuild, which calls it: both
// from PyPI, in a virtual environment.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { pythonIn } from './python.mjs'

/**
 * Installs both and returns their paths, `{ cargoZigbuild, zig }`. `home` is the environment's
 * folder.
 */
export function installZig(home) {
  const bin = path.join(home, 'bin')
  const python = pythonIn(home)
  if (!fs.existsSync(path.join(bin, 'cargo-zigbuild'))) {
    const packages = ['ziglang==0.17.*', 'cargo-zigbuild==0.24.*']
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', ...packages], { stdio: 'inherit' })
  }
  const where = 'import os, ziglang; print(os.path.dirname(ziglang.__file__))'
  const folder = execFileSync(python, ['-c', where], { encoding: 'utf8' }).trim()
  return { cargoZigbuild: path.join(bin, 'cargo-zigbuild'), zig: path.join(folder, 'zig') }
}
