// DWARF unwind tables: reads an image's __eh_frame, whose pointers are relative to where they stand,
// and writes one table of frames with absolute ones. A frame is
// `{ start, bytes, lsda, personality, initial, code }`: addresses are BigInts, `initial` and `code`
// are the call frame instructions of its common entry and its own.
'use strict'

const { text, uleb } = require('../../../scripts/lib/mach-o.cjs')

const RETURN_REGISTER = { x64: 16, arm64: 30 }
// Encodings: DW_EH_PE_absptr 0, sdata4 0x0b, pcrel 0x10, indirect 0x80.
const ABSOLUTE = 0

function readFrames(image, section) {
  const frames = []
  const end = section.address + section.size
  for (let at = section.address; at < end; ) {
    const length = image.bytes.readUInt32LE(at)
    if (length === 0) break
    const back = image.bytes.readUInt32LE(at + 4)
    if (back !== 0) frames.push(readFrame(image, at, at + 4 + length, at + 4 - back))
    at += 4 + length
  }
  return frames
}

function readFrame(image, at, end, cieAt) {
  const cie = readCie(image, cieAt)
  const [start, afterStart] = pointer(image, at + 8, cie.pointers)
  const bytes = Number(image.bytes.readBigUInt64LE(afterStart))
  const [extra, afterExtra] = uleb(image.bytes, afterStart + 8)
  const lsda = cie.lsdas === undefined ? undefined : pointer(image, afterExtra, cie.lsdas)[0]
  const code = image.bytes.subarray(afterExtra + extra, end)
  return { start, bytes, lsda, personality: cie.personality, initial: cie.initial, code }
}

function readCie(image, at) {
  const { bytes } = image
  const end = at + 4 + bytes.readUInt32LE(at)
  const augmentation = text(bytes, at + 9)
  if (!augmentation.startsWith('z')) throw new Error(`unknown augmentation '${augmentation}'`)
  // Code and data alignment are 1 and -8 in all that LLVM writes for these CPUs.
  const factors = at + 9 + augmentation.length + 1
  if (bytes[factors] !== 1 || bytes[factors + 1] !== 0x78) throw new Error('unknown alignments')
  const [extra, start] = uleb(bytes, factors + 3)
  const cie = { initial: bytes.subarray(start + extra, end), pointers: ABSOLUTE }
  let next = start
  for (const letter of augmentation.slice(1)) {
    const encoding = bytes[next++]
    if (letter === 'P') [cie.personality, next] = pointer(image, next, encoding)
    else if (letter === 'L') cie.lsdas = encoding
    else if (letter === 'R') cie.pointers = encoding
    else throw new Error(`unknown augmentation '${augmentation}'`)
  }
  return cie
}

/** The address and the offset behind it; 0 stays 0, it means that there is none. */
function pointer(image, at, encoding) {
  const is4 = (encoding & 15) === 0x0b
  if (!is4 && (encoding & 15) !== 0) throw new Error(`unknown pointer encoding ${encoding}`)
  const value = is4 ? BigInt(image.bytes.readInt32LE(at)) : image.bytes.readBigInt64LE(at)
  const after = at + (is4 ? 4 : 8)
  if (value === 0n) return [undefined, after]
  const here = encoding & 0x10 ? image.base + BigInt(at) : 0n
  const address = value + here
  if (!(encoding & 0x80)) return [address, after]
  return [image.bytes.readBigUInt64LE(Number(address - image.base)), after]
}

/** The bytes of an `.eh_frame`, ended by a zero length. */
function writeFrames(cpu, frames) {
  const table = { entries: [], length: 0, cies: new Map(), returns: RETURN_REGISTER[cpu] }
  for (const frame of frames) writeFrame(table, frame)
  return Buffer.concat([...table.entries, Buffer.alloc(8)])
}

function writeFrame(table, { start, bytes, lsda, personality, initial, code }) {
  const cie = cieFor(table, personality, initial ?? Buffer.alloc(0))
  const head = Buffer.alloc(20)
  head.writeUInt32LE(table.length + 4 - cie, 0)
  head.writeBigUInt64LE(start, 4)
  head.writeBigUInt64LE(BigInt(bytes), 12)
  const extra = personality === undefined ? [0] : [8, ...absolute(lsda ?? 0n)]
  append(table, Buffer.concat([head, Buffer.from(extra), code]))
}

function cieFor(table, personality, initial) {
  const key = `${personality} ${initial.toString('hex')}`
  const known = table.cies.get(key)
  if (known !== undefined) return known
  const at = table.length
  table.cies.set(key, at)
  const [augmentation, data] =
    personality === undefined
      ? ['zR', [ABSOLUTE]]
      : ['zPLR', [ABSOLUTE, ...absolute(personality), ABSOLUTE, ABSOLUTE]]
  const head = [0, 0, 0, 0, 1, ...Buffer.from(augmentation), 0, 1, 0x78, table.returns]
  append(table, Buffer.concat([Buffer.from([...head, data.length, ...data]), initial]))
  return at
}

/** Filled up to eight bytes with zeros, which are no-operations. */
function append(table, body) {
  const length = Math.ceil((body.length + 4) / 8) * 8
  const entry = Buffer.alloc(length)
  entry.writeUInt32LE(length - 4, 0)
  body.copy(entry, 4)
  table.entries.push(entry)
  table.length += length
}

function absolute(address) {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(address)
  return bytes
}

module.exports = { readFrames, writeFrames }
