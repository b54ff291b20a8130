// Everything that `npm start` and `npm test` need on a fresh clone: the development dependencies
// and the native binary. It has no dependencies itself, and skips what is already done.

import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from './lib/native.mjs'

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..')

/** npm writes the inner lock file last, so that file is as old as the installation. */
function isInstalled() {
  const wanted = fs.statSync(path.join(root, 'package-lock.json'))
  const there = fs.statSync(path.join(root, 'node_modules', '.package-lock.json'), {
    throwIfNoEntry: false
  })
  return there !== undefined && there.mtimeMs >= wanted.mtimeMs
}

if (!isInstalled()) {
  const isWindows = process.platform === 'win32'
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund']
  const npm = spawnSync('npm', args, { cwd: root, stdio: 'inherit', shell: isWindows })
  if (npm.status !== 0) process.exit(1)
}
build()
