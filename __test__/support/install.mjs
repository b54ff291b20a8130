// The package as a user has it: copied into an empty folder's node_modules, next to a binary
// package that a test provides. And what tests need to know about the binary that was built here.

import fs from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { hostBinary, hostTag } from '../../scripts/lib/host-binary.mjs'

export { hostBinary, hostTag }
export const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..')

export function temporaryFolder(t) {
  const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'socket-owner-'))
  t.after(() => remove(folder))
  return folder
}

/** Windows keeps a loaded binary until its process ends. */
function remove(folder) {
  try {
    fs.rmSync(folder, { recursive: true, force: true })
  } catch (error) {
    if (process.platform !== 'win32' || error.code !== 'EPERM') throw error
  }
}

/**
 * Installs the package and returns the folder. Without Cargo.toml, only installed binaries are
 * used.
 */
export function install(t) {
  const folder = temporaryFolder(t)
  const home = path.join(folder, 'node_modules', 'socket-owner')
  fs.mkdirSync(home, { recursive: true })
  for (const name of ['index.js', 'index.d.ts', 'package.json']) {
    fs.copyFileSync(path.join(root, name), path.join(home, name))
  }
  fs.cpSync(path.join(root, 'lib'), path.join(home, 'lib'), { recursive: true })
  return folder
}

/** Installs the package `socket-owner-<tag>` in the folder, with the given bytes as its binary. */
export function installBinary(folder, tag, bytes) {
  const name = `socket-owner-${tag}`
  const main = `socket-owner.${tag}.node`
  const home = path.join(folder, 'node_modules', name)
  fs.mkdirSync(home, { recursive: true })
  fs.writeFileSync(path.join(home, main), bytes)
  fs.writeFileSync(path.join(home, 'package.json'), JSON.stringify({ name, main }))
  return path.join(home, main)
}

/**
 * Replaces the host's binary by JavaScript: `require` finds it in its cache under the binary's
 * name.
 */
export function installCode(folder, code) {
  const binary = installBinary(folder, hostTag, fs.readFileSync(hostBinary))
  const file = `${binary}.cjs`
  fs.writeFileSync(file, code)
  const require = requireIn(folder)
  const exports = require(file)
  require.cache[binary] = { id: binary, filename: binary, loaded: true, children: [], exports }
  return exports
}

export function requireIn(folder) {
  return createRequire(path.join(folder, 'app.js'))
}
