// The pointers that dyld fills in when it loads an image: rebases (into the image itself) and
// binds (to a symbol of another image). Reads both forms: LC_DYLD_INFO's opcodes, which lld and
// Apple's older linkers write, and LC_DYLD_CHAINED_FIXUPS. Lazy binds are listed like the others.
'use strict'

const { text, uleb } = require('./mach-o.cjs')

/** `{ rebases: [{ address, target }], binds: [{ address, symbol, addend, library }] }`, unslid. */
function fixupsOf(macho) {
  if (macho.chainedFixups !== undefined) return chained(macho)
  const { rebase, bind, lazyBind } = macho.dyldInfo
  return {
    rebases: rebases(macho, part(macho, rebase)),
    binds: [...binds(macho, part(macho, bind)), ...binds(macho, part(macho, lazyBind))]
  }
}

function part(macho, { offset, size }) {
  return macho.file.subarray(offset, offset + size)
}

function rebases(macho, code) {
  const found = []
  let [at, segment, offset] = [0, 0, 0]
  const emit = (count, skip) => {
    for (let i = 0; i < count; i++) {
      const { address, fileOffset } = macho.segments[segment]
      const target = Number(macho.file.readBigUInt64LE(fileOffset + offset))
      found.push({ address: address + offset, target })
      offset += 8 + skip
    }
  }
  const next = () => {
    const [value, after] = uleb(code, at)
    at = after
    return value
  }
  while (at < code.length) {
    const [opcode, immediate] = [code[at] & 0xf0, code[at] & 15]
    at++
    if (opcode === 0x20) {
      segment = immediate
      offset = next()
    } else if (opcode === 0x30) offset += next()
    else if (opcode === 0x40) offset += immediate * 8
    else if (opcode === 0x50) emit(immediate, 0)
    else if (opcode === 0x60) emit(next(), 0)
    else if (opcode === 0x70) emit(1, next())
    else if (opcode === 0x80) {
      const count = next()
      emit(count, next())
    }
  }
  return found
}

function binds(macho, code) {
  const found = []
  let [at, segment, offset, symbol, addend, library] = [0, 0, 0, '', 0, 0]
  const next = () => {
    const [value, after] = uleb(code, at)
    at = after
    // Offsets may step back: they are 64-bit two's complement.
    return value >= 2 ** 63 ? value - 2 ** 64 : value
  }
  const emit = (skip) => {
    found.push({ address: macho.segments[segment].address + offset, symbol, addend, library })
    offset += 8 + skip
  }
  while (at < code.length) {
    const [opcode, immediate] = [code[at] & 0xf0, code[at] & 15]
    at++
    if (opcode === 0x10) library = immediate
    else if (opcode === 0x20) library = next()
    else if (opcode === 0x30) library = immediate === 0 ? 0 : immediate - 16
    else if (opcode === 0x40) {
      symbol = text(code, at)
      at += symbol.length + 1
    } else if (opcode === 0x60) addend = next()
    else if (opcode === 0x70) {
      segment = immediate
      offset = next()
    } else if (opcode === 0x80) offset += next()
    else if (opcode === 0x90) emit(0)
    else if (opcode === 0xa0) emit(next())
    else if (opcode === 0xb0) emit(immediate * 8)
    else if (opcode === 0xc0) {
      const count = next()
      const skip = next()
      for (let i = 0; i < count; i++) emit(skip)
    }
  }
  return found
}

function chained(macho) {
  const bytes = part(macho, macho.chainedFixups)
  const imports = chainedImports(bytes)
  const found = { rebases: [], binds: [] }
  const starts = bytes.readUInt32LE(4)
  for (let i = 0; i < bytes.readUInt32LE(starts); i++) {
    const info = bytes.readUInt32LE(starts + 4 + i * 4)
    if (info === 0) continue
    const at = starts + info
    const [pageSize, format] = [bytes.readUInt16LE(at + 4), bytes.readUInt16LE(at + 6)]
    // DYLD_CHAINED_PTR_64 holds addresses, DYLD_CHAINED_PTR_64_OFFSET offsets from the image; our
    // images start at 0, so that they come to the same.
    if (format !== 2 && format !== 6) throw new Error(`unknown chained pointer format ${format}`)
    for (let page = 0; page < bytes.readUInt16LE(at + 20); page++) {
      const start = bytes.readUInt16LE(at + 22 + page * 2)
      if (start !== 0xffff) chain(macho, macho.segments[i], page * pageSize + start, imports, found)
    }
  }
  return found
}

function chain(macho, segment, start, imports, found) {
  for (let offset = start, step = 1; step !== 0; offset += step * 4) {
    const value = macho.file.readBigUInt64LE(segment.fileOffset + offset)
    const address = segment.address + offset
    if (value >> 63n === 1n) {
      const { symbol, library, addend } = imports[Number(value & 0xffffffn)]
      found.binds.push({
        address,
        symbol,
        library,
        addend: addend + Number((value >> 24n) & 0xffn)
      })
    } else {
      if ((value >> 36n) & 0xffn) throw new Error('a tagged pointer')
      found.rebases.push({ address, target: Number(value & 0xfffffffffn) })
    }
    step = Number((value >> 51n) & 0xfffn)
  }
}

function chainedImports(bytes) {
  const [table, names, count, format] = [8, 12, 16, 20].map((at) => bytes.readUInt32LE(at))
  const width = [0, 4, 8, 16][format]
  return Array.from({ length: count }, (_, i) => {
    const at = table + i * width
    if (format === 3) {
      return {
        symbol: text(bytes, names + bytes.readUInt32LE(at + 4)),
        library: bytes.readInt16LE(at),
        addend: Number(bytes.readBigUInt64LE(at + 8))
      }
    }
    return {
      symbol: text(bytes, names + (bytes.readUInt32LE(at) >>> 9)),
      library: bytes.readInt8(at),
      addend: format === 2 ? bytes.readInt32LE(at + 4) : 0
    }
  })
}

module.exports = { fixupsOf }
