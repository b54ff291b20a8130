'use strict'

// Why the binary does not load, and what to do about it. Loaded only after a failure.

const fs = require('node:fs')
const path = require('node:path')
const { absence } = require('./absence')
const { PASSING } = require('./errors')
const { readImage } = require('./image')
const { version } = require('../package.json')

/** @typedef {import('./errors').Failure} Failure */
/**
 * What was tried. `named`: what SOCKET_OWNER_BINARY says. `tag`: else the system and its C library,
 * `undefined` if it is none of `tags`. `file`: what is to be loaded, once that is known. `requireHere`:
 * the loader's.
 * @typedef {object} Attempt
 * @property {string | undefined} named
 * @property {string | undefined} tag
 * @property {string | undefined} file
 * @property {readonly string[]} tags
 * @property {NodeJS.Require} requireHere
 */
/** @typedef {[reason: string, cure: string]} Diagnosis */
/** @typedef {{ code?: string, message?: string, syscall?: string, resource?: string }} Thrown */

const here = `${process.platform}-${process.arch}`
/** How loaders word failures that can pass. A full static TLS block does not pass. */
const PASSING_TEXTS = /** @type {const} */ ([
  [/too many open files in system/i, 'ENFILE'],
  [/too many open files|no file descriptors available/i, 'EMFILE'],
  [/cannot allocate memory(?! in static TLS)|out of memory/i, 'ENOMEM'],
  [/resource temporarily unavailable/i, 'EAGAIN']
])

/**
 * @param {Attempt} attempt
 * @param {unknown} cause
 * @returns {Failure}
 */
function explain(attempt, cause) {
  const { named, tag } = attempt
  const thrown = /** @type {Thrown} */ (Object(cause))
  const passing = passingCode(thrown)
  if (passing !== undefined) return passed(passing, thrown)
  if (named !== undefined) {
    const again = 'Name a complete binary for this system, or unset SOCKET_OWNER_BINARY.'
    return broken(`${named} (SOCKET_OWNER_BINARY)`, diagnose(named, thrown, again), cause)
  }
  if (tag === undefined) return unsupported()

  // A file that Node's permission model hides from us still has a path.
  const file = attempt.file ?? thrown.resource
  if (file !== undefined) {
    const again = 'Reinstall on this system; on Linux it needs glibc 2.17 or musl 1.2, or later.'
    return broken(`socket-owner-${tag}`, diagnose(file, thrown, again), cause)
  }
  const { isThere, why, cure } = absence(tag, attempt)
  if (isThere) return broken(`socket-owner-${tag}`, [why, cure], cause)
  const message = `socket-owner needs the package socket-owner-${tag}, ${why}. ${cure}`
  return { code: 'ERR_BINARY_MISSING', message, cause }
}

/** @param {Thrown} thrown */
function passingCode({ code, message }) {
  if (PASSING.has(code ?? '')) return code
  const isLoaders = code === 'ERR_DLOPEN_FAILED' || code === 'ERR_INVALID_PACKAGE_CONFIG'
  if (!isLoaders) return undefined
  return PASSING_TEXTS.find(([text]) => text.test(message ?? ''))?.[1]
}

/**
 * @param {string} code
 * @param {Thrown} cause
 * @returns {Failure}
 */
function passed(code, cause) {
  const { syscall = 'dlopen', message } = cause
  const told = message?.startsWith(code) ? message : `${code}: ${syscall}: ${message}`
  return { code, syscall, message: `${told}. The next call will try again`, cause }
}

/** @returns {Failure} */
function unsupported() {
  const message =
    `socket-owner has no back end for ${here}. ` +
    'It works on macOS, Linux and Windows, each on x64 and arm64; ' +
    'on other systems, catch this error (ERR_UNSUPPORTED_PLATFORM) and continue without it.'
  return { code: 'ERR_UNSUPPORTED_PLATFORM', message }
}

/**
 * @param {string} name
 * @param {Diagnosis} diagnosis
 * @param {unknown} cause
 * @returns {Failure}
 */
function broken(name, [reason, cure], cause) {
  const message = `socket-owner's binary ${name} does not load: ${reason}. ${cure}`
  return { code: 'ERR_BINARY_LOAD', message, cause }
}

/**
 * @param {string} file
 * @param {Thrown} thrown
 * @param {string} again The cure of a file that is not whole.
 * @returns {Diagnosis}
 */
function diagnose(file, thrown, again) {
  return (
    byPermission(file, thrown) ??
    byFile(file, again) ??
    byPlace(file, thrown) ??
    byWords(thrown) ?? [wordsOf(thrown), again]
  )
}

/**
 * @param {string} file
 * @param {Thrown} thrown
 * @returns {Diagnosis | undefined}
 */
function byPermission(file, { code }) {
  if (code === 'ERR_ACCESS_DENIED') {
    // On Windows, Node names the file in its long form.
    const folder = path.dirname(file.replace(/^\\\\\?\\/, ''))
    const cure = `Also start Node.js with --allow-fs-read=${path.join(folder, '*')}.`
    return ["Node's permission model forbids reading it", cure]
  }
  if (code !== 'ERR_DLOPEN_DISABLED') return undefined
  // @ts-expect-error: newer than the oldest Node that the types are for.
  return process.permission === undefined
    ? ['addons are disabled in this Node.js', 'Start it without --no-addons.']
    : ["Node's permission model forbids addons", 'Also start Node.js with --allow-addons.']
}

/**
 * Judging by the file itself.
 * @param {string} file
 * @param {string} again
 * @returns {Diagnosis | undefined}
 */
function byFile(file, again) {
  if (!path.isAbsolute(file))
    return ['it is not an absolute path', 'Name the file by its absolute path.']
  let image
  try {
    image = readImage(file)
  } catch (error) {
    const { code, message = '' } = /** @type {Thrown} */ (Object(error))
    if (code === 'ENOENT' || code === 'ENOTDIR') return ['the file does not exist', again]
    if (code === 'EACCES' || code === 'EPERM') return unreadable()
    return [message, again]
  }
  const { size, kind, system, bytes } = image
  if (kind === 'empty') return ['it is empty', again]
  if (kind === 'LFS pointer') {
    return ['it is a Git LFS pointer, not the file itself', 'Fetch the file: git lfs pull.']
  }
  if (kind === 'unknown') return ['it is not a native library', again]
  if (system !== here) {
    const cure = 'It was installed on another machine: reinstall on this one.'
    return [`it was built for ${system ?? 'another system'}, but this is ${here}`, cure]
  }
  return size < bytes ? [`it is truncated to ${size} of ${bytes} bytes`, again] : undefined
}

/** @returns {Diagnosis} */
function unreadable() {
  const user = process.getuid === undefined ? 'this user' : `user ${process.getuid()}`
  const cure = `Allow ${user} to read it and to enter the folders above it, or install as that user.`
  return [`${user} is not allowed to read it`, cure]
}

/**
 * Linux maps no code from a file system that is mounted `noexec`.
 * @param {string} file
 * @param {Thrown} thrown
 * @returns {Diagnosis | undefined}
 */
function byPlace(file, { code }) {
  if (process.platform !== 'linux' || code !== 'ERR_DLOPEN_FAILED') return undefined
  const mount = mountOf(file)
  if (mount === undefined || !mount.options.includes('noexec')) return undefined
  const cure =
    'Remount it without noexec, install on another file system, or copy the file to one and set ' +
    'SOCKET_OWNER_BINARY to the path of that copy.'
  return [`${mount.point} is mounted noexec`, cure]
}

/**
 * From /proc/self/mountinfo (proc(5)): the longest mount point above the file and, among equal ones, the
 * last.
 * @param {string} file
 */
function mountOf(file) {
  try {
    const real = fs.realpathSync(file)
    return fs
      .readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .map((line) => line.split(' '))
      .map(([, , , , point = '', options = '']) => ({
        point: point.replace(/\\(\d{3})/g, (_, octal) => String.fromCharCode(parseInt(octal, 8))),
        options: options.split(',')
      }))
      .filter(({ point }) => point !== '' && real.startsWith(point === '/' ? '/' : `${point}/`))
      .reduce((best, each) => (each.point.length >= best.point.length ? each : best))
  } catch {
    return undefined
  }
}

/**
 * Judging by the loader's message.
 * @param {Thrown} thrown
 * @returns {Diagnosis | undefined}
 */
function byWords(thrown) {
  const words = wordsOf(thrown)
  if (words.includes('GLIBC_')) {
    const cure =
      "This system's glibc is older than the one it was built for. The published binary needs " +
      '2.17 or later: update the system, or use a newer base image.'
    return [words, cure]
  }
  if (/ld-musl|libc\.musl|ld-linux/.test(words)) {
    const cure = 'It was built for another C library: reinstall on this system.'
    return [words, cure]
  }
  if (/code sign|team id/i.test(words)) {
    return [words, 'Sign it with the identity of the app that loads it (docs/electron.md).']
  }
  if (words.includes('of this version')) {
    return [words, `Install version ${version} of it, the version of socket-owner itself.`]
  }
  return undefined
}

/** @param {Thrown} thrown */
function wordsOf({ message = 'no reason was given' }) {
  return message.replace(/\.$/, '')
}

exports.explain = explain
