'use strict'

// The native binary for this platform, architecture and C library. Loaded by the first call, not
// by `require`; what came of it, a failure too, is kept for every later call.

const fs = require('node:fs')
const { createRequire } = require('node:module')
const path = require('node:path')
const { lookupError } = require('./errors')

/** @typedef {import('./errors').Failure} Failure */
/** @typedef {{ code: string, syscall: string, message: string }} NativeFailure */
/**
 * What one slice has found.
 * @typedef {object} Advanced
 * @property {Int32Array} answered id, pid, step, id, pid, step …; pid 0 is `null`
 * @property {{ id: number, step: number, record: Info }[]} records
 * @property {{ id: number, step: number, rows: Uint32Array, scopes: string[] }[]} lists
 * @property {(NativeFailure & { id: number })[]} failed
 */
/**
 * The questions of one environment, in the native side's keeping.
 * @typedef {object} Lookups
 */
/**
 * One process; `null` where the system does not tell.
 * @typedef {object} Info
 * @property {number} pid
 * @property {number} ppid 0 for none
 * @property {number | null} uid
 * @property {string | null} name
 * @property {string | null} path
 * @property {string[] | null} args
 * @property {string | null} cwd
 * @property {number | null} startMs milliseconds since 1970
 * @property {string | null} cgroup
 * @property {string[] | null} services
 */
/**
 * `advance` takes new questions, a line each (lib/wire.js), and the ids that nobody waits for any more,
 * and works for a slice. `localPeer` tells at once what a Unix-domain socket's descriptor knows of its
 * other end. The last two answer as many pids as fit into a slice, at least the first.
 * @typedef {object} Binding
 * @property {() => Lookups} createLookups
 * @property {(lookups: Lookups, asked: string, abandoned: Uint32Array) => Promise<Advanced>} advance
 * @property {(fd: number, forRecord: boolean) => number[] | null | NativeFailure} localPeer
 * @property {(pids: Int32Array) => Promise<(string | null | NativeFailure)[]>} processPaths
 * @property {(pids: Int32Array) => Promise<(Info | null | NativeFailure)[]>} processInfos
 */
/** @typedef {{ binding: Binding } | { failure: Failure }} Loaded */

/** A fixed list: only packages that are published may be named, any other name could be squatted. */
const TAGS = new Map([
  ['darwin-arm64', ['darwin-arm64']],
  ['darwin-x64', ['darwin-x64']],
  ['linux-arm64', ['linux-arm64-gnu', 'linux-arm64-musl']],
  ['linux-x64', ['linux-x64-gnu', 'linux-x64-musl']],
  ['win32-arm64', ['win32-arm64']],
  ['win32-x64', ['win32-x64']]
])

const FUNCTIONS = ['createLookups', 'advance', 'localPeer', 'processPaths', 'processInfos']

/** Like all that only a failure needs, it is loaded by one: `require` should take no time. */
const version = () => require('../package.json').version

/** Not a literal `require` of the package: bundlers would follow it to the binary and fail. */
const requireHere = createRequire(__filename)
const root = path.join(__dirname, '..')
/** Only a checkout of the repository has its binary beside it. */
const isCheckout = fs.existsSync(path.join(root, 'Cargo.toml'))

/** @type {Loaded | undefined} */
let loaded

function load() {
  loaded ??= find()
  if ('failure' in loaded) throw lookupError(loaded.failure)
  return loaded.binding
}

/** @returns {Loaded} */
function find() {
  const system = `${process.platform}-${process.arch}`
  const [tag, muslTag] = TAGS.get(system) ?? []
  if (tag === undefined) {
    const message =
      `socket-owner has no back end for ${system}. ` +
      'It works on macOS, Linux and Windows, each on x64 and arm64; ' +
      'on other systems catch this error (ERR_UNSUPPORTED_PLATFORM) and go on without it.'
    return { failure: { code: 'ERR_UNSUPPORTED_PLATFORM', message } }
  }
  const found = loadTag(tag)
  // Most Linux systems have glibc; only when its binary fails is it worth asking which one this is.
  if ('failure' in found && muslTag !== undefined && require('./libc').isMusl()) {
    return loadTag(muslTag)
  }
  return found
}

/**
 * @param {string} tag
 * @returns {Loaded}
 */
function loadTag(tag) {
  const file = path.join(root, `socket-owner.${tag}.node`)
  const name = isCheckout && fs.existsSync(file) ? file : `socket-owner-${tag}`
  try {
    const binding = requireHere(name)
    if (!FUNCTIONS.every((name) => typeof binding[name] === 'function')) {
      throw new Error(`it is not the binary of socket-owner ${version()}`)
    }
    return { binding }
  } catch (cause) {
    const isMissing = /** @type {{ code?: unknown }} */ (Object(cause)).code === 'MODULE_NOT_FOUND'
    return { failure: isMissing ? missing(tag, cause) : broken(tag, name, cause) }
  }
}

/**
 * @param {string} tag
 * @param {unknown} cause
 * @returns {Failure}
 */
function missing(tag, cause) {
  const name = `socket-owner-${tag}`
  const add = `Or add it yourself: npm install ${name}@${version()}.`
  const others = [...TAGS.values()].flat().filter((other) => other !== tag && isInstalled(other))
  let cure = 'Build it: npm run build.'
  if (!isCheckout && others.length > 0) {
    // A folder that was copied, or mounted into a container: the usual way to meet this.
    const list = others.map((other) => `socket-owner-${other}`).join(' and ')
    cure = `There is ${list}, so node_modules came from another system: install again on this one. ${add}`
  } else if (!isCheckout) {
    cure =
      'It is an optional dependency: install again on this system, without --omit=optional ' +
      `or --no-optional, and without node_modules from another system. ${add}`
  }
  const message = `socket-owner needs the package ${name}, which is not installed. ${cure}`
  return { code: 'ERR_BINARY_MISSING', message, cause }
}

/**
 * @param {string} tag
 * @param {string} name
 * @param {unknown} cause
 * @returns {Failure}
 */
function broken(tag, name, cause) {
  const [reason, cure] = diagnosis(tag, name, cause)
  const message = `socket-owner's binary ${name} does not load: ${reason}. ${cure}`
  return { code: 'ERR_BINARY_LOAD', message, cause }
}

/**
 * What is wrong with the binary, and what to do.
 * @param {string} tag
 * @param {string} name
 * @param {unknown} cause
 */
function diagnosis(tag, name, cause) {
  const reason = (cause instanceof Error ? cause.message : String(cause)).replace(/\.$/, '')
  const here = `${process.platform}-${process.arch}`
  const built = builtFor(name)
  if (built !== null && built !== here) {
    return [
      `it was built for ${built}, and this is ${here}`,
      'node_modules came from another machine: install again on this one.'
    ]
  }
  if (/** @type {{ code?: unknown }} */ (Object(cause)).code === 'ERR_DLOPEN_DISABLED') {
    return [
      reason,
      'Start Node.js without --no-addons, and beside --permission with --allow-addons.'
    ]
  }
  if (reason.includes('GLIBC_')) {
    return [
      reason,
      "This system's glibc is older than the one that it was built for. The published binary needs " +
        '2.17 or later: update the system, or take a newer base image.'
    ]
  }
  return [
    reason,
    `It should be that for ${tag}, version ${version()}. ` +
      'Install again on this very system; on Linux it needs glibc 2.17 or musl 1.2.'
  ]
}

/** @param {string} name */
function builtFor(name) {
  try {
    return require('./binary').systemOf(requireHere.resolve(name))
  } catch {
    return null
  }
}

/** @param {string} tag */
function isInstalled(tag) {
  try {
    requireHere.resolve(`socket-owner-${tag}/package.json`)
    return true
  } catch {
    return false
  }
}

exports.TAGS = TAGS
exports.load = load
