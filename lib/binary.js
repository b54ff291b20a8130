'use strict'

// Which system a binary was built for, told by its first bytes. The loader's own words mislead: to
// glibc a library for another CPU is "No such file or directory".

const fs = require('node:fs')

const ELF_MAGIC = 0x464c457f
const MACHO_64_MAGIC = 0xfeedfacf
/** e_machine of <elf.h>. */
const ELF_CPUS = new Map([
  [0x3e, 'x64'],
  [0xb7, 'arm64']
])
/** cputype of <mach/machine.h>. */
const MACHO_CPUS = new Map([
  [0x01000007, 'x64'],
  [0x0100000c, 'arm64']
])

/**
 * `linux-arm64` and the like; `null` for what is no binary of ours.
 * @param {string} file
 */
function systemOf(file) {
  const head = Buffer.alloc(20)
  const descriptor = fs.openSync(file, 'r')
  fs.readSync(descriptor, head, 0, head.length, 0)
  fs.closeSync(descriptor)
  const magic = head.readUInt32LE(0)
  const cpu =
    magic === ELF_MAGIC
      ? ELF_CPUS.get(head.readUInt16LE(18))
      : magic === MACHO_64_MAGIC
        ? MACHO_CPUS.get(head.readUInt32LE(4))
        : undefined
  if (cpu === undefined) return null
  return `${magic === ELF_MAGIC ? 'linux' : 'darwin'}-${cpu}`
}

exports.systemOf = systemOf
