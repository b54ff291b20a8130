'use strict'

// What the headers of a program or library say about it. The loaders' own messages mislead: glibc says
// "No such file or directory" about a library for another CPU. Loaded only after a failure.

const fs = require('node:fs')

const HEAD_BYTES = 16 * 1024
const ELF_MAGIC = 0x464c457f
const MACHO_64_MAGIC = 0xfeedfacf
const LFS_POINTER = 'version https://git-lfs.github.com/spec/'
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
/** Machine of IMAGE_FILE_HEADER in <winnt.h>. */
const PE_CPUS = new Map([
  [0x8664, 'x64'],
  [0xaa64, 'arm64']
])
const LC_SEGMENT_64 = 0x19
const PT_INTERP = 3

/**
 * @typedef {object} Image
 * @property {number} size
 * @property {'empty' | 'LFS pointer' | 'library' | 'unknown'} kind
 * @property {string | null} system `linux-arm64` and the like; `null` if it is none of ours
 * @property {number} bytes The length of the file according to its header, as far as that is known.
 */

/**
 * What kind of file this is, which should be a native library, judging by its first bytes.
 * @param {string} file
 * @returns {Image}
 */
function readImage(file) {
  const descriptor = fs.openSync(file, 'r')
  try {
    const { size } = fs.fstatSync(descriptor)
    return { size, ...told(read(descriptor, 0, HEAD_BYTES)) }
  } finally {
    fs.closeSync(descriptor)
  }
}

/**
 * @param {Buffer} head
 * @returns {Omit<Image, 'size'>}
 */
function told(head) {
  if (head.length === 0) return { kind: 'empty', system: null, bytes: 0 }
  if (head.toString('latin1', 0, LFS_POINTER.length) === LFS_POINTER) {
    return { kind: 'LFS pointer', system: null, bytes: 0 }
  }
  try {
    const magic = head.readUInt32LE(0)
    if (magic === ELF_MAGIC) return elf(head)
    if (magic === MACHO_64_MAGIC) return machO(head)
    if (head.toString('latin1', 0, 2) === 'MZ') return pe(head)
  } catch (error) {
    // The file ends within its header.
    if (!(error instanceof RangeError)) throw error
  }
  return { kind: 'unknown', system: null, bytes: 0 }
}

/**
 * Ends with its section headers: e_shoff, e_shentsize, e_shnum.
 * @param {Buffer} head
 * @returns {Omit<Image, 'size'>}
 */
function elf(head) {
  const cpu = ELF_CPUS.get(head.readUInt16LE(18))
  const bytes = Number(head.readBigUInt64LE(40)) + head.readUInt16LE(58) * head.readUInt16LE(60)
  return { kind: 'library', system: cpu === undefined ? null : `linux-${cpu}`, bytes }
}

/**
 * Ends with its last segment: fileoff and filesize of segment_command_64 in <mach-o/loader.h>.
 * @param {Buffer} head
 * @returns {Omit<Image, 'size'>}
 */
function machO(head) {
  const cpu = MACHO_CPUS.get(head.readUInt32LE(4))
  const commandCount = head.readUInt32LE(16)
  let bytes = 0
  let at = 32
  for (let i = 0; i < commandCount && at + 56 <= head.length; i += 1) {
    if (head.readUInt32LE(at) === LC_SEGMENT_64) {
      const end = head.readBigUInt64LE(at + 40) + head.readBigUInt64LE(at + 48)
      bytes = Math.max(bytes, Number(end))
    }
    at += head.readUInt32LE(at + 4)
  }
  return { kind: 'library', system: cpu === undefined ? null : `darwin-${cpu}`, bytes }
}

/**
 * Ends with its last section: SizeOfRawData and PointerToRawData of IMAGE_SECTION_HEADER.
 * @param {Buffer} head
 * @returns {Omit<Image, 'size'>}
 */
function pe(head) {
  const header = head.readUInt32LE(0x3c)
  if (head.toString('latin1', header, header + 4) !== 'PE\0\0') throw new RangeError('no header')
  const cpu = PE_CPUS.get(head.readUInt16LE(header + 4))
  const sectionCount = head.readUInt16LE(header + 6)
  let at = header + 24 + head.readUInt16LE(header + 20)
  let bytes = 0
  for (let i = 0; i < sectionCount; i += 1) {
    bytes = Math.max(bytes, head.readUInt32LE(at + 16) + head.readUInt32LE(at + 20))
    at += 40
  }
  return { kind: 'library', system: cpu === undefined ? null : `win32-${cpu}`, bytes }
}

/**
 * Returns whether this Node was linked with musl, Linux's other C library, judging by the ELF interpreter of
 * the running program: process.report takes milliseconds and may query DNS, and `ldd` would be a child
 * process. Also `false` if it can't be determined.
 */
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
  return buffer.subarray(0, fs.readSync(file, buffer, 0, bytes, position))
}

exports.isMusl = isMusl
exports.readImage = readImage
