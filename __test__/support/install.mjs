// The package as a user has it: copied into an empty folder's node_modules, beside a binary package
// that a test provides. And what a test needs to know of the binary that was built here.

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

/** Windows keeps a binary that is loaded, as long as its process lives. */
function remove(folder) {
  try {
    fs.rmSync(folder, { recursive: true, force: true })
  } catch (error) {
    if (process.platform !== 'win32' || error.code !== 'EPERM') throw error
  }
}

/** Returns the folder; `require` in it by `requireIn`. Without Cargo.toml, so only packages count. */
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

/** Puts the package `socket-owner-<tag>` into the folder, its binary the given bytes. */
export function installBinary(folder, tag, bytes) {
  const name = `socket-owner-${tag}`
  const main = `socket-owner.${tag}.node`
  const home = path.join(folder, 'node_modules', name)
  fs.mkdirSync(home, { recursive: true })
  fs.writeFileSync(path.join(home, main), bytes)
  fs.writeFileSync(path.join(home, 'package.json'), JSON.stringify({ name, main }))
  return path.join(home, main)
}

/** Puts JavaScript in the place of the host's binary: `require` finds it in its cache, by that name. */
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
