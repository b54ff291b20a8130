// Apple's linkers keep unwind information in a compact table that only Apple's unwinder reads. This
// gives it as DWARF call frame instructions, which libgcc's unwinder takes, so that a panic inside
// the image is caught as on a Mac. The encodings are those of <mach-o/compact_unwind_encoding.h>; like them,
// the frames hold at calls only, which is where panics come from.
'use strict'

const HAS_LSDA = 0x40000000
// DWARF's register numbers.
const X64 = { frame: 6, stack: 7, returns: 16, saved: [0, 3, 12, 13, 14, 15] }
const ARM64 = { frame: 29, stack: 31, returns: 30, firstVector: 64 }
const DEF_CFA = 0x0c
const OFFSET = 0x80
const OFFSET_EXTENDED = 0x05

/** The frames of all functions that the compact table describes by itself; see dwarf.cjs. */
function compactFrames(image, section) {
  const table = image.bytes.subarray(section.address, section.address + section.size)
  const lsdas = readLsdas(table)
  const frames = []
  for (const { start, end, encoding } of functions(table)) {
    const rules =
      image.macho.cpu === 'x64' ? x64Rules(image, start, encoding) : arm64Rules(encoding)
    if (rules === null) continue
    const lsda = encoding & HAS_LSDA ? image.base + BigInt(lsdas.get(start)) : undefined
    const personality = lsda === undefined ? undefined : personalityOf(image, table, encoding)
    frames.push({
      start: image.base + BigInt(start),
      bytes: end - start,
      lsda,
      personality,
      code: code(rules)
    })
  }
  return frames
}

/** A frame's rules as call frame instructions. */
function code({ register, size, saved }) {
  const bytes = [DEF_CFA, ...uleb(register), ...uleb(size)]
  for (const [register, words] of saved) {
    if (register < 64) bytes.push(OFFSET | register, ...uleb(words))
    else bytes.push(OFFSET_EXTENDED, ...uleb(register), ...uleb(words))
  }
  return Buffer.from(bytes)
}

function* functions(table) {
  const [common, commonCount, , , index, indexCount] = header(table)
  const entries = []
  for (let i = 0; i < indexCount - 1; i++) {
    const [start, page] = [0, 4].map((at) => table.readUInt32LE(index + i * 12 + at))
    if (page !== 0) entries.push(...pageEntries(table, page, start, common, commonCount))
  }
  const last = table.readUInt32LE(index + (indexCount - 1) * 12)
  for (const [i, { start, encoding }] of entries.entries()) {
    yield { start, end: entries[i + 1]?.start ?? last, encoding }
  }
}

function header(table) {
  if (table.readUInt32LE(0) !== 1) throw new Error('unknown version of __unwind_info')
  return [4, 8, 12, 16, 20, 24].map((at) => table.readUInt32LE(at))
}

function pageEntries(table, page, base, common, commonCount) {
  const kind = table.readUInt32LE(page)
  const entries = page + table.readUInt16LE(page + 4)
  const count = table.readUInt16LE(page + 6)
  const encodings = kind === 3 ? page + table.readUInt16LE(page + 8) : 0
  return Array.from({ length: count }, (_, i) => {
    if (kind === 2) {
      const at = entries + i * 8
      return { start: table.readUInt32LE(at), encoding: table.readUInt32LE(at + 4) }
    }
    const entry = table.readUInt32LE(entries + i * 4)
    const which = entry >>> 24
    const at = which < commonCount ? common + which * 4 : encodings + (which - commonCount) * 4
    return { start: base + (entry & 0xffffff), encoding: table.readUInt32LE(at) }
  })
}

function readLsdas(table) {
  const [, , , , index, indexCount] = header(table)
  const [from, to] = [0, indexCount - 1].map((i) => table.readUInt32LE(index + i * 12 + 8))
  const found = new Map()
  for (let at = from; at < to; at += 8) {
    found.set(table.readUInt32LE(at), table.readUInt32LE(at + 4))
  }
  return found
}

function personalityOf(image, table, encoding) {
  const number = (encoding >>> 28) & 3
  if (number === 0) return undefined
  const pointer = table.readUInt32LE(header(table)[2] + (number - 1) * 4)
  return image.bytes.readBigUInt64LE(pointer)
}

/** `null`: no frame here, or one in __eh_frame. Offsets are in words below the CFA. */
function x64Rules(image, start, encoding) {
  const mode = (encoding >>> 24) & 15
  const offset = (encoding >>> 16) & 255
  if (mode === 1) {
    const rules = {
      register: X64.frame,
      size: 16,
      saved: [
        [X64.frame, 2],
        [X64.returns, 1]
      ]
    }
    for (let i = 0; i < 5; i++) {
      const register = X64.saved[(encoding >>> (3 * i)) & 7]
      if (register !== 0) rules.saved.push([register, 2 + offset - i])
    }
    return rules
  }
  if (mode !== 2 && mode !== 3) return null
  const adjust = ((encoding >>> 13) & 7) * 8
  const size = mode === 2 ? offset * 8 : image.bytes.readUInt32LE(start + offset) + adjust
  const registers = permutation((encoding >>> 10) & 7, encoding & 0x3ff)
  const saved = registers.map((register, i) => [register, 1 + registers.length - i])
  return { register: X64.stack, size, saved: [[X64.returns, 1], ...saved] }
}

// Which of six registers were pushed, and in which order, as one number in a mixed radix: the
// register at position i is one of the 6 - i that are left.
function permutation(count, number) {
  const left = [3, 12, 13, 14, 15, X64.frame]
  let rest = number
  return Array.from({ length: count }, (_, i) => {
    let weight = 1
    for (let j = i + 1; j < count; j++) weight *= 6 - j
    const which = Math.floor(rest / weight)
    rest -= which * weight
    return left.splice(which, 1)[0]
  })
}

function arm64Rules(encoding) {
  const mode = (encoding >>> 24) & 15
  if (mode === 2)
    return { register: ARM64.stack, size: ((encoding >>> 12) & 0xfff) * 16, saved: [] }
  if (mode !== 4) return null
  const saved = [
    [ARM64.frame, 2],
    [ARM64.returns, 1]
  ]
  let words = 3
  for (let pair = 0; pair < 9; pair++) {
    if (!(encoding & [1, 2, 4, 8, 16, 0x100, 0x200, 0x400, 0x800][pair])) continue
    const first = pair < 5 ? 19 + pair * 2 : ARM64.firstVector + 8 + (pair - 5) * 2
    saved.push([first, words++], [first + 1, words++])
  }
  return { register: ARM64.frame, size: 16, saved }
}

function uleb(value) {
  return value < 128 ? [value] : [(value % 128) + 128, ...uleb(Math.floor(value / 128))]
}

module.exports = { compactFrames }
