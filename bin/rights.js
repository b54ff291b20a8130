'use strict'

// Which sockets this user may see, and how to see more.

const fs = require('node:fs')
const os = require('node:os')

/** CAP_SYS_PTRACE in <linux/capability.h>: root needs it to read other users' processes. */
const CAP_SYS_PTRACE = 19n

/** macOS lists other users' sockets only for root; other systems list all, though not every holder. */
const isListWhole = process.platform !== 'darwin' || isRoot()

function isRoot() {
  return process.getuid?.() === 0
}

/** How to run this to see what is hidden from this user. `null`: no user here sees more. */
function whoSeesMore() {
  if (process.platform === 'win32') return 'as an administrator'
  if (!isRoot()) return 'with sudo'
  return process.platform === 'linux' && !hasPtrace() ? 'as root with CAP_SYS_PTRACE' : null
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
 * A user's name, if it can be read without starting a program; otherwise the number.
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
    // No such file, or this user has no entry.
  }
  return undefined
}

exports.isListWhole = isListWhole
exports.userName = userName
exports.whoSeesMore = whoSeesMore
