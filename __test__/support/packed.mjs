// The package as a user gets it: packed, then installed by npm from the tarballs into an empty
// folder, along with the other packages of an app. This needs a registry, so these tests are not in
// `npm test`.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { hostBinary, hostTag, root, temporaryFolder } from './install.mjs'

const execute = promisify(execFile)
const OUTPUT_BYTES_MAX = 64 << 20

/**
 * Without the variables about this repository that `npm test` sets, which would mislead an app's
 * npm.
 */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^npm_(package|lifecycle|command)/.test(name))
)

/** On Windows `npm` is a script that only a shell can start; this is the file that it runs. */
const npm = path.join(path.dirname(process.execPath), 'node_modules', 'npm', 'bin', 'npm-cli.js')

/** Runs a program until it exits. Returns what it printed, or fails with its error output. */
export async function run(command, args, options = {}) {
  const settings = { env, maxBuffer: OUTPUT_BYTES_MAX, ...options }
  const isScript = process.platform === 'win32' && command === 'npm'
  const [program, ...rest] = isScript ? [process.execPath, npm, ...args] : [command, ...args]
  try {
    return await execute(program, rest, settings)
  } catch (error) {
    assert.fail(`${error.message}\n${error.stdout}`)
  }
}

/** Installs the packed package and others into a folder. `files` maps names to their text. */
export async function installApp(t, { packages = [], files = {}, from, omit = [] } = {}) {
  const folder = temporaryFolder(t)
  if (from !== undefined) {
    const filter = (name) => !/[\\/](node_modules|dist)$/.test(name)
    fs.cpSync(path.join(root, from), folder, { recursive: true, filter })
  }
  writeFiles(folder, { 'package.json': '{ "private": true }\n', ...files }, from !== undefined)
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const omitted = omit.map((kind) => `--omit=${kind}`)
  const tarballs = await pack(temporaryFolder(t))
  await run('npm', ['install', ...quiet, ...omitted, ...tarballs, ...packages], { cwd: folder })
  return folder
}

function writeFiles(folder, files, keep) {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name)
    if (keep && name === 'package.json' && fs.existsSync(file)) continue
    fs.mkdirSync(path.dirname(file), { recursive: true })
    fs.writeFileSync(file, text)
  }
}

/** Packs what npm installs on this machine: the package and its binary, on a Mac both binaries. */
export async function pack(destination) {
  const tags = process.platform === 'darwin' ? ['darwin-arm64', 'darwin-x64'] : [hostTag]
  const folders = []
  for (const tag of tags) {
    const name = `socket-owner.${tag}.node`
    const binary = tag === hostTag ? hostBinary : path.join(root, 'npm', tag, name)
    // A Mac that has built only its own binary does not need the other.
    if (tag !== hostTag && !fs.existsSync(binary)) continue
    const folder = path.join(destination, tag)
    fs.cpSync(path.join(root, 'npm', tag), folder, { recursive: true })
    fs.copyFileSync(binary, path.join(folder, name))
    folders.push(folder)
  }
  const where = ['--pack-destination', destination]
  await run('npm', ['pack', root, ...folders, ...where], { cwd: destination })
  return fs
    .readdirSync(destination)
    .filter((name) => name.endsWith('.tgz'))
    .map((name) => path.join(destination, name))
}
