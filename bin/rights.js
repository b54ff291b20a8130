'use strict'

// Whose sockets this user may see, and who would see more.

const fs = require('node:fs')
const os = require('node:os')

/** CAP_SYS_PTRACE of <linux/capability.h>, by which root reads other users' processes. */
const CAP_SYS_PTRACE = 19n

/** macOS shows others' sockets to root alone, elsewhere every list is whole, though holders are hidden. */
const isListWhole = process.platform !== 'darwin' || isRoot()

function isRoot() {
  return process.getuid?.() === 0
}

/** Who would see what is hidden from this user. `null`: nobody here. */
function whoSeesMore() {
  if (process.platform === 'win32') return 'an administrator'
  if (!isRoot()) return 'sudo'
  return process.platform === 'linux' && !hasPtrace() ? 'root with CAP_SYS_PTRACE' : null
}

function hasPtrace() {
  try {
    const status = fs.readFileSync('/proc/self/status', 'latin1')
    const [, effective] = status.match(/^CapEff:\s*([\da-f]+)/m) ?? []
    return effective !== undefined && ((BigInt(`0x${effective}`) >> CAP_SYS_PTRACE) & 1n) === 1n
  } catch {
    return true
  }
}

/** @type {Map<number, string>} */
const names = new Map([[0, 'root']])

/**
 * A user by name as far as the system tells it without a program: else by number.
 * @param {number} uid
 */
function userName(uid) {
  let name = names.get(uid)
  if (name === undefined) {
    name = nameOf(uid) ?? String(uid)
    names.set(uid, name)
  }
  return name
}

/** @param {number} uid */
function nameOf(uid) {
  try {
    const own = os.userInfo()
    if (own.uid === uid) return own.username
    for (const line of fs.readFileSync('/etc/passwd', 'utf8').split('\n')) {
      const [name, , id] = line.split(':')
      if (id === String(uid)) return name
    }
  } catch {
    // No such file, or a user without an entry.
  }
  return undefined
}

exports.isListWhole = isListWhole
exports.userName = userName
exports.whoSeesMore = whoSeesMore
