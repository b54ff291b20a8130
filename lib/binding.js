'use strict'

// The native binary for this system and C library. Loaded by the first call, not by `require`. What is
// needed only after a failure is in cures.js and image.js.

const fs = require('node:fs')
const { createRequire } = require('node:module')
const path = require('node:path')
const { lookupError, PASSING } = require('./errors')

/** @typedef {import('./errors').Failure} Failure */
/** @typedef {import('./native').Binding} Binding */

const FUNCTIONS = ['createLookups', 'advance', 'localPeer', 'processPaths', 'processInfos']
const ELF_HEADER_BYTES = 64
const ELF_MAGIC = 0x464c457f

const root = path.join(__dirname, '..')
/** Not `require` itself: bundlers would follow it to the binary and fail. File tracers know it. */
const requireHere = createRequire(__filename)
/**
 * By system and, on Linux, C library, glibc first. The names are literal so that file tracers find them, even
 * if the binary is loaded in another way; and only published packages are named, since any other name could
 * be squatted.
 * @type {Record<string, () => unknown>}
 */
const PACKAGES = {
  'darwin-arm64': () => requireHere('socket-owner-darwin-arm64/socket-owner.darwin-arm64.node'),
  'darwin-x64': () => requireHere('socket-owner-darwin-x64/socket-owner.darwin-x64.node'),
  'linux-arm64-gnu': () =>
    requireHere('socket-owner-linux-arm64-gnu/socket-owner.linux-arm64-gnu.node'),
  'linux-arm64-musl': () =>
    requireHere('socket-owner-linux-arm64-musl/socket-owner.linux-arm64-musl.node'),
  'linux-x64-gnu': () => requireHere('socket-owner-linux-x64-gnu/socket-owner.linux-x64-gnu.node'),
  'linux-x64-musl': () =>
    requireHere('socket-owner-linux-x64-musl/socket-owner.linux-x64-musl.node'),
  'win32-arm64': () => requireHere('socket-owner-win32-arm64/socket-owner.win32-arm64.node'),
  'win32-x64': () => requireHere('socket-owner-win32-x64/socket-owner.win32-x64.node')
}
const TAGS = Object.keys(PACKAGES)

/** @type {Binding | undefined} */
let binding
/** A failure that no later call can mend. @type {Failure | undefined} */
let lasting

/** @returns {Binding} */
function load() {
  if (binding !== undefined) return binding
  if (lasting !== undefined) throw lookupError(lasting)
  const named = process.env.SOCKET_OWNER_BINARY || undefined
  /** @type {import('./cures').Attempt} */
  const attempt = { named, tag: undefined, file: undefined, tags: TAGS, requireHere }
  try {
    const loaded = named === undefined ? loadPackage(attempt) : loadNamed(named)
    binding = loaded
    return loaded
  } catch (cause) {
    const failure = explain(attempt, cause)
    if (failure.code === 'ERR_BINARY_LOAD') lasting = failure
    throw lookupError(failure)
  }
}

/**
 * @param {import('./cures').Attempt} attempt Is told what was tried last.
 * @returns {Binding}
 */
function loadPackage(attempt) {
  const system = `${process.platform}-${process.arch}`
  const [tag, muslTag] = TAGS.filter((each) => each === system || each.startsWith(`${system}-`))
  attempt.tag = tag
  if (tag === undefined) throw new Error('no back end')
  try {
    return loadTag(tag, attempt)
  } catch (cause) {
    // Most Linux systems have glibc; which C library this one has matters only if that binary fails.
    if (muslTag === undefined || !require('./image').isMusl()) throw cause
    attempt.tag = muslTag
    attempt.file = undefined
    return loadTag(muslTag, attempt)
  }
}

/**
 * @param {string} tag
 * @param {import('./cures').Attempt} attempt
 */
function loadTag(tag, attempt) {
  const name = `socket-owner-${tag}`
  const base = `socket-owner.${tag}.node`
  const place = besideUs(base) ?? inNodeModules(name, base)
  attempt.file = place ?? requireHere.resolve(`${name}/${base}`)
  checkLength(attempt.file)
  return checked(place === undefined ? PACKAGES[tag]() : requireHere(place))
}

/**
 * Only a checkout of the repository has the binary in its root.
 * @param {string} base
 */
function besideUs(base) {
  const file = path.join(root, base)
  return fs.existsSync(file) && fs.existsSync(path.join(root, 'Cargo.toml')) ? file : undefined
}

/**
 * Finds the file where `require` would, but as a path: given a name, Node would read the package.json, and
 * would remember a failure to open it when no descriptors were left. `undefined`: it is nowhere, or only
 * `require` knows where, as with Yarn's Plug'n'Play.
 * @param {string} name
 * @param {string} base
 */
function inNodeModules(name, base) {
  const folders = requireHere.resolve.paths?.(name) ?? []
  return folders.map((folder) => path.join(folder, name, base)).find((file) => fs.existsSync(file))
}

/** @param {string} file What SOCKET_OWNER_BINARY names: this file or none. */
function loadNamed(file) {
  if (!path.isAbsolute(file)) throw new Error('it is not an absolute path')
  checkLength(file)
  const module = { exports: {} }
  process.dlopen(module, file)
  return checked(module.exports)
}

/**
 * Throws if the file is truncated. Linux would map it anyway and kill the process with SIGBUS at the first
 * missing page; macOS and Windows refuse to load it.
 * @param {string} file
 */
function checkLength(file) {
  if (process.platform !== 'linux') return
  let descriptor
  try {
    descriptor = fs.openSync(file, 'r')
  } catch (error) {
    if (PASSING.has(/** @type {NodeJS.ErrnoException} */ (error).code ?? '')) throw error
    return // The loader may succeed, as Bun's does for a file in its executable, or its error says more.
  }
  try {
    const { size } = fs.fstatSync(descriptor)
    const bytes = elfBytes(descriptor)
    if (size < bytes) throw new Error(`it is truncated to ${size} of ${bytes} bytes`)
  } finally {
    fs.closeSync(descriptor)
  }
}

/**
 * The length of an ELF file according to its header: the section headers are at its end (<elf.h>,
 * Elf64_Ehdr: e_shoff, e_shentsize, e_shnum). 0: it is not an ELF file.
 * @param {number} descriptor
 */
function elfBytes(descriptor) {
  const head = Buffer.alloc(ELF_HEADER_BYTES)
  const count = fs.readSync(descriptor, head, 0, ELF_HEADER_BYTES, 0)
  if (count < ELF_HEADER_BYTES || head.readUInt32LE(0) !== ELF_MAGIC) return 0
  return Number(head.readBigUInt64LE(40)) + head.readUInt16LE(58) * head.readUInt16LE(60)
}

/** @param {any} exports What the binary exports. */
function checked(exports) {
  if (FUNCTIONS.every((name) => typeof exports?.[name] === 'function')) return exports
  throw new Error('it is not the binary of this version of socket-owner')
}

/**
 * @param {import('./cures').Attempt} attempt
 * @param {unknown} cause
 * @returns {Failure}
 */
function explain(attempt, cause) {
  try {
    return require('./cures').explain(attempt, cause)
  } catch (error) {
    // If no descriptors are left, cures.js cannot be read either.
    const { code, syscall, message } = /** @type {NodeJS.ErrnoException} */ (Object(error))
    if (!PASSING.has(code ?? '')) throw error
    return { code: code ?? '', syscall, message: `${message}. The next call will try again`, cause }
  }
}

exports.TAGS = TAGS
exports.load = load
