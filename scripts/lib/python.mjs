// A separate Python with pip in a folder, so that packages from PyPI do not go into the system.
import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { installDebian } from './debian.mjs'

/** Returns the path of its python3, after installing it if necessary. */
export function pythonIn(home) {
  const python = path.join(home, 'bin', 'python3')
  if (fs.existsSync(path.join(home, 'bin', 'pip'))) return python
  // The system's Python is Debian's, or there is none yet.
  const isMissing = spawnSync('python3', ['--version']).error !== undefined
  const isDebians = isMissing || fs.existsSync('/usr/bin/python3')
  if (fs.existsSync('/usr/bin/apt-get') && isDebians) {
    installDebian({ '/usr/share/doc/python3-venv/copyright': 'python3-venv' })
  }
  execFileSync('python3', ['-m', 'venv', home], { stdio: 'inherit' })
  return python
}
