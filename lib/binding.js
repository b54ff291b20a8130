'use strict'

// The native binary for this system and C library. Loaded by the first call, not by `require`. What
// only a failure needs is in cures.js and image.js.

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
 * By system and, on Linux, C library: the one for glibc comes first. Literal names, for file tracers to
 * find, even where the way goes past here; and only of packages that are published, since any other name
 * could be squatted.
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
    // Most Linux systems have glibc; only when its binary fails is it worth asking which one this is.
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
 * Only a checkout of the repository has its binary beside it.
 * @param {string} base
 */
function besideUs(base) {
  const file = path.join(root, base)
  return fs.existsSync(file) && fs.existsSync(path.join(root, 'Cargo.toml')) ? file : undefined
}

/**
 * Where `require` would find it, but by its path: by name Node would read the package.json, and
 * remember one that it could not open for want of descriptors. `undefined`: nowhere, or only `require`
 * knows, as with Yarn's Plug'n'Play.
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
 * Throws for a file that was cut off. Linux would map it all the same, and end the process by SIGBUS at
 * the first page that is not there; macOS and Windows refuse it themselves.
 * @param {string} file
 */
function checkLength(file) {
  if (process.platform !== 'linux') return
  let descriptor
  try {
    descriptor = fs.openSync(file, 'r')
  } catch (error) {
    if (PASSING.has(/** @type {NodeJS.ErrnoException} */ (error).code ?? '')) throw error
    return // The loader may know better, as Bun's does of a file in its executable, or says more.
  }
  try {
    const { size } = fs.fstatSync(descriptor)
    const bytes = elfBytes(descriptor)
    if (size < bytes) throw new Error(`it was cut off after ${size} of ${bytes} bytes`)
  } finally {
    fs.closeSync(descriptor)
  }
}

/**
 * How long an ELF file is by its own account: section headers end it (<elf.h>, Elf64_Ehdr: e_shoff,
 * e_shentsize, e_shnum). 0: it is none.
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
    // Out of descriptors, cures.js cannot be read either.
    const { code, syscall, message } = /** @type {NodeJS.ErrnoException} */ (Object(error))
    if (!PASSING.has(code ?? '')) throw error
    return { code: code ?? '', syscall, message: `${message}. The next call tries again`, cause }
  }
}

exports.TAGS = TAGS
exports.load = load
