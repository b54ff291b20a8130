'use strict'

// Which C library this Node was linked with. Told by the ELF interpreter of the running program:
// process.report takes milliseconds and may ask DNS, and `ldd` would be a child process.

const fs = require('node:fs')

const PT_INTERP = 3

/** Linux only. `false` too when it can't be told. */
function isMusl(program = '/proc/self/exe') {
  let file
  try {
    file = fs.openSync(program, 'r')
    return interpreter(file).includes('/ld-musl-')
  } catch {
    return false
  } finally {
    if (file !== undefined) fs.closeSync(file)
  }
}

/**
 * The path in the program header PT_INTERP of a 64-bit little-endian ELF file (<elf.h>, Elf64_Ehdr
 * and Elf64_Phdr), or '' when it is linked statically.
 * @param {number} file
 */
function interpreter(file) {
  const header = read(file, 0, 64)
  const headersOffset = Number(header.readBigUInt64LE(32)) // e_phoff
  const headerBytes = header.readUInt16LE(54) // e_phentsize
  const headerCount = header.readUInt16LE(56) // e_phnum
  for (let i = 0; i < headerCount; i += 1) {
    const program = read(file, headersOffset + i * headerBytes, headerBytes)
    if (program.readUInt32LE(0) !== PT_INTERP) continue
    const offset = Number(program.readBigUInt64LE(8)) // p_offset
    const bytes = Number(program.readBigUInt64LE(32)) // p_filesz
    return read(file, offset, Math.min(bytes, 4096)).toString('latin1')
  }
  return ''
}

/**
 * @param {number} file
 * @param {number} position
 * @param {number} bytes
 */
function read(file, position, bytes) {
  const buffer = Buffer.alloc(bytes)
  fs.readSync(file, buffer, 0, bytes, position)
  return buffer
}

exports.isMusl = isMusl
