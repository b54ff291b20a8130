// Reads a thin 64-bit Mach-O dynamic library: what it is, what it loads, what it exports, and
// which pointers dyld must fill in. The names and numbers are those of <mach-o/loader.h>,
// <mach-o/nlist.h> and <mach-o/fixup-chains.h>.
'use strict'

const MAGIC_64 = 0xfeedfacf
const CPUS = new Map([
  [0x01000007, 'x64'],
  [0x0100000c, 'arm64']
])
const COMMANDS = new Map([
  [0x2, 'LC_SYMTAB'],
  [0xb, 'LC_DYSYMTAB'],
  [0xc, 'LC_LOAD_DYLIB'],
  [0xd, 'LC_ID_DYLIB'],
  [0xe, 'LC_LOAD_DYLINKER'],
  [0xf, 'LC_ID_DYLINKER'],
  [0x19, 'LC_SEGMENT_64'],
  [0x1b, 'LC_UUID'],
  [0x1d, 'LC_CODE_SIGNATURE'],
  [0x20, 'LC_LAZY_LOAD_DYLIB'],
  [0x22, 'LC_DYLD_INFO'],
  [0x24, 'LC_VERSION_MIN_MACOSX'],
  [0x26, 'LC_FUNCTION_STARTS'],
  [0x27, 'LC_DYLD_ENVIRONMENT'],
  [0x29, 'LC_DATA_IN_CODE'],
  [0x2a, 'LC_SOURCE_VERSION'],
  [0x32, 'LC_BUILD_VERSION'],
  [0x80000018, 'LC_LOAD_WEAK_DYLIB'],
  [0x8000001c, 'LC_RPATH'],
  [0x8000001f, 'LC_REEXPORT_DYLIB'],
  [0x80000022, 'LC_DYLD_INFO_ONLY'],
  [0x80000023, 'LC_LOAD_UPWARD_DYLIB'],
  [0x80000033, 'LC_DYLD_EXPORTS_TRIE'],
  [0x80000034, 'LC_DYLD_CHAINED_FIXUPS']
])

function parse(file) {
  if (file.length < 32 || file.readUInt32LE(0) !== MAGIC_64) {
    throw new Error('not a thin 64-bit Mach-O file')
  }
  const macho = {
    file,
    cpu: CPUS.get(file.readUInt32LE(4)) ?? 'unknown',
    filetype: file.readUInt32LE(12),
    commands: [],
    segments: [],
    libraries: [],
    symbols: []
  }
  let offset = 32
  for (let i = 0; i < file.readUInt32LE(16); i++) {
    const size = file.readUInt32LE(offset + 4)
    if (size < 8 || offset + size > 32 + file.readUInt32LE(20)) {
      throw new Error('a load command ends outside the load commands')
    }
    readCommand(macho, file.subarray(offset, offset + size))
    offset += size
  }
  return macho
}

function readCommand(macho, command) {
  const id = command.readUInt32LE(0)
  const name = COMMANDS.get(id) ?? `0x${id.toString(16)}`
  macho.commands.push(name)
  const range = (at) => ({ offset: command.readUInt32LE(at), size: command.readUInt32LE(at + 4) })
  if (name === 'LC_SEGMENT_64') macho.segments.push(segment(command))
  else if (name === 'LC_SYMTAB') macho.symbols = symbols(macho.file, command)
  else if (name === 'LC_ID_DYLIB') macho.installName = text(command, command.readUInt32LE(8))
  else if (/_DYLIB$/.test(name)) macho.libraries.push(text(command, command.readUInt32LE(8)))
  else if (name === 'LC_CODE_SIGNATURE') macho.signature = range(8)
  else if (name === 'LC_DYLD_EXPORTS_TRIE') macho.exportsTrie = range(8)
  else if (name === 'LC_DYLD_CHAINED_FIXUPS') macho.chainedFixups = range(8)
  else if (name === 'LC_DYLD_INFO' || name === 'LC_DYLD_INFO_ONLY') {
    macho.dyldInfo = { rebase: range(8), bind: range(16), lazyBind: range(32) }
    macho.exportsTrie = range(40)
  } else if (name === 'LC_BUILD_VERSION') {
    const version = command.readUInt32LE(12)
    macho.platform = command.readUInt32LE(8)
    macho.minimumOs = `${version >>> 16}.${(version >>> 8) & 255}`
  }
}

function segment(command) {
  const sections = []
  for (let i = 0; i < command.readUInt32LE(64); i++) {
    const at = 72 + i * 80
    sections.push({
      name: text(command, at, 16),
      address: Number(command.readBigUInt64LE(at + 32)),
      size: Number(command.readBigUInt64LE(at + 40)),
      type: command.readUInt32LE(at + 64) & 255
    })
  }
  return {
    name: text(command, 8, 16),
    address: Number(command.readBigUInt64LE(24)),
    size: Number(command.readBigUInt64LE(32)),
    fileOffset: Number(command.readBigUInt64LE(40)),
    fileSize: Number(command.readBigUInt64LE(48)),
    protection: command.readUInt32LE(60),
    sections
  }
}

function symbols(file, command) {
  const [table, count, strings] = [8, 12, 16].map((at) => command.readUInt32LE(at))
  return Array.from({ length: count }, (_, i) => {
    const at = table + i * 16
    const type = file[at + 4]
    return {
      name: text(file, strings + file.readUInt32LE(at)),
      external: (type & 1) !== 0,
      undefined: (type & 0x0e) === 0
    }
  })
}

function text(bytes, start, longest = Number.POSITIVE_INFINITY) {
  const end = bytes.indexOf(0, start)
  return bytes.toString('latin1', start, Math.min(end < 0 ? bytes.length : end, start + longest))
}

/** The exports trie's names with their addresses. */
function exportsOf(macho) {
  if (macho.exportsTrie === undefined || macho.exportsTrie.size === 0) return []
  const { offset, size } = macho.exportsTrie
  const trie = macho.file.subarray(offset, offset + size)
  const found = []
  const visit = (at, prefix) => {
    const [terminalSize, terminal] = uleb(trie, at)
    if (terminalSize > 0) {
      const [, afterFlags] = uleb(trie, terminal)
      found.push({ name: prefix, address: uleb(trie, afterFlags)[0] })
    }
    let child = terminal + terminalSize
    const children = trie[child++]
    for (let i = 0; i < children; i++) {
      const edge = text(trie, child)
      const [next, after] = uleb(trie, child + edge.length + 1)
      visit(next, prefix + edge)
      child = after
    }
  }
  visit(0, '')
  return found
}

/** An unsigned LEB128 number and the offset behind it. */
function uleb(bytes, at) {
  let value = 0
  let scale = 1
  for (;;) {
    const byte = bytes[at++]
    value += (byte & 127) * scale
    scale *= 128
    if (byte < 128) return [value, at]
  }
}

module.exports = { exportsOf, parse, text, uleb }
