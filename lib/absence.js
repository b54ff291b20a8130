'use strict'

// Why the binary's package is missing, and how to get it. Loaded only after a failure.

const fs = require('node:fs')
const path = require('node:path')
const { types, version } = require('../package.json')

const root = path.join(__dirname, '..')

/**
 * `isThere`: it exists, but this user may not enter its folder. `why` continues "needs the package X,".
 * @typedef {{ isThere?: boolean, why: string, cure: string }} Absence
 */

/**
 * @param {string} tag
 * @param {import('./cures').Attempt} attempt
 * @returns {Absence}
 */
function absence(tag, { tags, requireHere }) {
  const name = `socket-owner-${tag}`
  const folder = folderOf(name, requireHere)
  const add = `npm install ${name}@${version}`
  if (folder !== undefined && !isPassable(folder)) {
    const cure =
      'Allow this user to read it and to enter the folders above it, or install as this user.'
    return { isThere: true, why: `this user is not allowed to enter ${folder}`, cure }
  }
  return (
    inCheckout() ??
    inExecutable(name) ??
    inBundle(name) ??
    withoutFile(tag, folder) ??
    fromElsewhere(tag, tags, requireHere, add) ??
    leftBehind(name) ?? {
      why: 'which is not installed',
      cure:
        'It is an optional dependency: reinstall on this system, without --omit=optional or ' +
        `--no-optional. Or add it yourself: ${add}.`
    }
  )
}

function inCheckout() {
  if (!fs.existsSync(path.join(root, 'Cargo.toml'))) return undefined
  return { why: 'which is not installed', cure: 'Build it: npm run build.' }
}

/**
 * In a single executable made by Node.js or Bun.
 * @param {string} name
 */
function inExecutable(name) {
  // @ts-expect-error: newer than the oldest Node that the types are for.
  const isSea = process.getBuiltinModule?.('node:sea')?.isSea() === true
  const isBuns = process.versions.bun !== undefined && /\$bunfs|~BUN/.test(process.argv[1] ?? '')
  if (!isSea && !isBuns) return undefined
  return {
    why: 'which is missing from this single executable',
    cure:
      `Ship node_modules/${name} next to the executable, or ship its .node file anywhere and set the ` +
      'environment variable SOCKET_OWNER_BINARY to its absolute path (docs/bundlers.md).'
  }
}

/**
 * In a bundle this code is in another file, or in none.
 * @param {string} name
 */
function inBundle(name) {
  if (path.basename(__filename) === 'absence.js' && fs.existsSync(__filename)) return undefined
  return {
    why: 'which the bundler left behind',
    cure:
      `Keep socket-owner external, ship node_modules/${name} next to the bundle, or set the environment ` +
      'variable SOCKET_OWNER_BINARY to the absolute path of its .node file (docs/bundlers.md).'
  }
}

/**
 * @param {string} tag
 * @param {string | undefined} folder
 */
function withoutFile(tag, folder) {
  if (folder === undefined) return undefined
  return {
    why: `which is installed without its file socket-owner.${tag}.node`,
    cure: 'Whatever copied node_modules left it out: copy .node files too, or reinstall.'
  }
}

/**
 * node_modules was copied, or mounted into a container: the most common case.
 * @param {string} tag
 * @param {readonly string[]} tags
 * @param {NodeJS.Require} requireHere
 * @param {string} add
 */
function fromElsewhere(tag, tags, requireHere, add) {
  const others = tags
    .filter((other) => other !== tag)
    .map((other) => `socket-owner-${other}`)
    .filter((other) => folderOf(other, requireHere) !== undefined)
  if (others.length === 0) return undefined
  return {
    why: 'which is not installed',
    cure:
      `node_modules has ${others.join(' and ')} instead, so it came from another system: reinstall on ` +
      `this one. Or add it yourself: ${add}.`
  }
}

/**
 * A tracer copies only what is required, so not the typings.
 * @param {string} name
 */
function leftBehind(name) {
  if (fs.existsSync(path.join(root, types))) return undefined
  return {
    why: 'which was left behind when node_modules was traced or pruned',
    cure: `Copy node_modules/${name} too (docs/bundlers.md).`
  }
}

/**
 * @param {string} name
 * @param {NodeJS.Require} requireHere
 */
function folderOf(name, requireHere) {
  const parents = requireHere.resolve.paths?.(name) ?? []
  return parents.map((parent) => path.join(parent, name)).find((folder) => fs.existsSync(folder))
}

/** @param {string} folder */
function isPassable(folder) {
  try {
    fs.accessSync(folder, fs.constants.X_OK)
    return true
  } catch {
    return false
  }
}

exports.absence = absence
