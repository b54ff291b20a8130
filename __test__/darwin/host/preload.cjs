// Makes this Node look like one on a Mac: `node --require` this file. `process.platform`
// says darwin, and a Mach-O file given to `process.dlopen` is loaded by the host. Workers inherit it.
//
// MACHO_HOST is the path of the built host.
'use strict'

const fs = require('node:fs')
const { hostCpu, loadAddon } = require('./image.cjs')

const MAGIC_64 = 0xfeedfacf
const host = load(process.env.MACHO_HOST)
const dlopen = process.dlopen

Object.defineProperty(process, 'platform', { value: 'darwin' })
Object.defineProperty(process, 'arch', { value: hostCpu() })
process.dlopen = (module, file, ...flags) => {
  if (!isMachO(file)) return dlopen.call(process, module, file, ...flags)
  module.exports = loadAddon(host, file)
}

/** For the tests: the simulated kernel's command line, and the plain walk on it. */
globalThis[Symbol.for('socket-owner.simulated-kernel')] = host
if (require('node:worker_threads').isMainThread) host.kernel('reset')

function isMachO(file) {
  const start = Buffer.alloc(4)
  const opened = fs.openSync(file)
  fs.readSync(opened, start)
  fs.closeSync(opened)
  return start.readUInt32LE() === MAGIC_64
}

function load(file) {
  const module = { exports: {} }
  process.dlopen(module, file)
  return module.exports
}
