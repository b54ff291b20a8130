// Loads a Mach-O addon into this process: maps its segments, fills in its pointers, makes its
// thread-local variables and unwind tables known, runs its initializers. What dyld does on a Mac.
'use strict'

const fs = require('node:fs')
const { readFrames, writeFrames } = require('./dwarf.cjs')
const { fixupsOf } = require('../../../scripts/lib/mach-o-fixups.cjs')
const { exportsOf, parse } = require('../../../scripts/lib/mach-o.cjs')
const { compactFrames } = require('./unwind.cjs')

const ENTRY = '_napi_register_module_v1'
const PAGE_BYTES = 16384

/** The exports of the addon in `file`, registered in this environment. */
function loadAddon(host, file) {
  const path = fs.realpathSync(file)
  let entry = host.begin(path)
  if (entry === 0n) {
    try {
      entry = loadImage(host, fs.readFileSync(path))
    } finally {
      host.end(path, entry)
    }
  }
  return host.register(entry, {})
}

function loadImage(host, file) {
  const macho = parse(file)
  if (macho.cpu !== hostCpu()) throw new Error(`the binary is for ${macho.cpu}`)
  const bytes = Math.max(...macho.segments.map((each) => each.address + each.size))
  const memory = host.reserve(BigInt(Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES))
  const image = { macho, bytes: Buffer.from(memory), base: host.addressOf(memory) }
  for (const { address, fileOffset, fileSize } of macho.segments) {
    file.copy(image.bytes, address, fileOffset, fileOffset + fileSize)
  }
  bind(host, image)
  makeThreadLocals(host, image)
  const frames = makeFrames(host, image)
  for (const { name, address, size, protection } of macho.segments) {
    if (name === '__LINKEDIT') continue
    host.protect(image.base + BigInt(address), BigInt(pages(size)), BigInt(protection))
  }
  host.registerFrames(frames)
  for (const address of initializers(image)) host.call(address)
  const entry = exportsOf(macho).find(({ name }) => name === ENTRY)
  return image.base + BigInt(entry.address)
}

/** The real one: tests set `process.arch` to that of a Mac. */
function hostCpu() {
  return process.config.variables.host_arch
}

function pages(bytes) {
  return Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES
}

function bind(host, image) {
  const { rebases, binds } = fixupsOf(image.macho)
  for (const { address, target } of rebases) {
    image.bytes.writeBigUInt64LE(image.base + BigInt(target), address)
  }
  const missing = new Set()
  for (const { address, symbol, addend } of binds) {
    const found = host.symbol(symbol)
    if (found === 0n) missing.add(symbol)
    image.bytes.writeBigUInt64LE(found + BigInt(addend), address)
  }
  if (missing.size > 0) throw new Error(`the host has no ${[...missing].join(', ')}`)
}

// S_THREAD_LOCAL_REGULAR 0x11 and _ZEROFILL 0x12 are a thread's first values, one behind the other;
// S_THREAD_LOCAL_VARIABLES 0x13 the descriptors, whose second word becomes the image's key.
function makeThreadLocals(host, image) {
  const [initial] = sections(image, 0x11)
  const [zeroed] = sections(image, 0x12)
  const first = initial ?? zeroed
  if (first === undefined) return
  const last = zeroed ?? initial
  const bytes = last.address + last.size - first.address
  const start = image.base + BigInt(first.address)
  const key = host.threadLocals(start, BigInt(initial?.size ?? 0), BigInt(bytes))
  for (const { address, size } of sections(image, 0x13)) {
    for (let at = address; at < address + size; at += 24) {
      image.bytes.writeBigUInt64LE(key, at + 8)
    }
  }
}

// The compact table's frames and, for the functions that it cannot describe, the DWARF ones. They go
// into one table: of tables whose ranges overlap, libgcc's unwinder searches one only.
function makeFrames(host, image) {
  const frames = []
  const [compact] = sections(image, undefined, '__unwind_info')
  if (compact !== undefined) frames.push(...compactFrames(image, compact))
  const [dwarf] = sections(image, undefined, '__eh_frame')
  if (dwarf !== undefined) frames.push(...readFrames(image, dwarf))
  const table = writeFrames(image.macho.cpu, frames)
  const memory = host.reserve(BigInt(pages(table.length)))
  table.copy(Buffer.from(memory))
  return host.addressOf(memory)
}

function initializers(image) {
  const found = []
  for (const { address, size } of sections(image, 0x09)) {
    for (let at = address; at < address + size; at += 8) found.push(image.bytes.readBigUInt64LE(at))
  }
  // S_INIT_FUNC_OFFSETS: 32-bit offsets in place of pointers.
  for (const { address, size } of sections(image, 0x16)) {
    for (let at = address; at < address + size; at += 4) {
      found.push(image.base + BigInt(image.bytes.readUInt32LE(at)))
    }
  }
  return found
}

function sections(image, type, name) {
  const all = image.macho.segments.flatMap((segment) => segment.sections)
  return all.filter((each) => (name === undefined ? each.type === type : each.name === name))
}

module.exports = { hostCpu, loadAddon }
