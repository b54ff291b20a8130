// A Python with pip of its own, in a folder: what PyPI has is put there and not into the system.
import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { installDebian } from './debian.mjs'

/** The path of its python3. */
export function pythonIn(home) {
  const python = path.join(home, 'bin', 'python3')
  if (fs.existsSync(path.join(home, 'bin', 'pip'))) return python
  // Debian's, or none yet.
  const isMissing = spawnSync('python3', ['--version']).error !== undefined
  const isDebians = isMissing || fs.existsSync('/usr/bin/python3')
  if (fs.existsSync('/usr/bin/apt-get') && isDebians) {
    installDebian({ '/usr/share/doc/python3-venv/copyright': 'python3-venv' })
  }
  execFileSync('python3', ['-m', 'venv', home], { stdio: 'inherit' })
  return python
}
