// The shipped binary is fit, and the program that says so notices each way in which it might not be.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { checkDarwinBinary } from '../../scripts/lib/darwin-binary.mjs'
import machO from '../../scripts/lib/mach-o.cjs'
import fixups from '../../scripts/lib/mach-o-fixups.cjs'

const { arch } = process
const shipped = new URL(
  `../../npm/darwin-${arch}/socket-owner.darwin-${arch}.node`,
  import.meta.url
)
const whole = fs.readFileSync(shipped)
const macho = machO.parse(whole)
const LC = { loadDylib: 0xc, idDylib: 0xd, loadDylinker: 0xe, rpath: 0x8000001c, uuid: 0x1b }

test('the binary is fit to be shipped', () => {
  assert.deepEqual(checkDarwinBinary(whole, arch), [])
})

test('it has one form of fix-ups, and the binary that panics has the other', () => {
  const home = path.join(
    process.env.MAC_APP_PANICKING,
    'node_modules',
    `socket-owner-darwin-${arch}`
  )
  const panicking = fs.readFileSync(path.join(home, `socket-owner.darwin-${arch}.node`))
  const other = machO.parse(panicking)

  assert.deepEqual([macho.chainedFixups, other.dyldInfo], [undefined, undefined])
  const [found, otherFound] = [macho, other].map(fixups.fixupsOf)
  for (const { rebases } of [found, otherFound]) assert.ok(rebases.length > 100)
  const symbols = ({ binds }) => [...new Set(binds.map(({ symbol }) => symbol))].sort()
  // What the older form needs to bind a function at its first call.
  const lazy = symbols(found).filter((symbol) => symbol !== 'dyld_stub_binder')
  assert.deepEqual(symbols(otherFound), lazy)
})

test('one flipped bit anywhere that is signed is noticed', () => {
  const { offset } = macho.signature
  for (let i = 0; i < 50; i++) {
    const copy = Buffer.from(whole)
    // Behind the load commands, so that it stays readable.
    copy[8192 + Math.floor(((offset - 8193) * i) / 49)] ^= 1 << (i % 8)
    assert.ok(has(copy, /has another hash for page \d+/), `flip ${i}`)
  }
})

test('a flipped bit in the page hashes is noticed', () => {
  const copy = Buffer.from(whole)
  const directory = macho.signature.offset + copy.readUInt32BE(macho.signature.offset + 16)
  copy[directory + copy.readUInt32BE(directory + 16)] ^= 1
  assert.deepEqual(checkDarwinBinary(copy, arch), [
    'has another hash for page 0 than its signature says'
  ])
})

test('a second library is noticed', () => {
  const copy = addCommand(dylib(LC.loadDylib, '/usr/lib/libiconv.2.dylib'))
  assert.ok(has(copy, /^loads \/usr\/lib\/libiconv/))
})

test('another library in place of libSystem is noticed', () => {
  const copy = replaced('/usr/lib/libSystem.B.dylib', '/usr/lib/libsystem.C.dylib')
  assert.ok(has(copy, /^does not load/))
})

test('an install name that is a path is noticed', () => {
  const name = `@rpath/socket-owner.darwin-${arch}.node`
  assert.ok(has(replaced(name, name.replace('@rpath', '/build')), /has the install name/))
})

test('a run path and a dynamic linker are noticed', () => {
  const linker = addCommand(dylib(LC.loadDylinker, '/usr/lib/dyld', 12))
  assert.ok(has(linker, /^carries LC_LOAD_DYLINKER/))
  assert.ok(has(addCommand(dylib(LC.rpath, '@loader_path', 12)), /^carries LC_RPATH/))
})

test('a binary for the other CPU is noticed', () => {
  const other = arch === 'x64' ? 'arm64' : 'x64'
  assert.ok(has(whole, new RegExp(`^is for ${arch}, not for ${other}`), other))
})

test('a fat or foreign or cut file is noticed', () => {
  const fat = Buffer.concat([Buffer.from('cafebabe00000001', 'hex'), whole])
  for (const file of [fat, Buffer.from('\x7fELF'.padEnd(64)), Buffer.alloc(0)]) {
    assert.ok(has(file, /^cannot be read: not a thin/))
  }
  assert.notDeepEqual(checkDarwinBinary(whole.subarray(0, 300000), arch), [])
  assert.notDeepEqual(checkDarwinBinary(whole.subarray(0, whole.length - 1), arch), [])
})

test('another minimum version and platform are noticed', () => {
  const at = commandAt(0x32)
  const newer = Buffer.from(whole)
  newer.writeUInt32LE(14 << 16, at + 12)
  assert.ok(has(newer, /^needs macOS 14.0/))
  const phone = Buffer.from(whole)
  phone.writeUInt32LE(2, at + 8)
  assert.ok(has(phone, /^is not for macOS/))
})

test('another export is noticed', () => {
  const copy = Buffer.from(whole)
  const { offset, size } = macho.exportsTrie
  const at = copy.indexOf('_napi_register_module_v1', offset)
  assert.ok(at > offset && at < offset + size)
  copy.write('_napi_register_module_v9', at)
  assert.ok(has(copy, /^exports _napi_register_module_v9/))
  assert.ok(has(copy, /^does not export _napi_register_module_v1/))
})

test('an import that is neither listed nor Node-API 8 is noticed', () => {
  for (const [from, to] of [
    ['_proc_listpids', '_proc_private0'],
    ['_napi_create_error', '_napi_create_er0ry']
  ]) {
    assert.ok(has(replaced(from, to), new RegExp(`^imports ${to},`)), to)
  }
})

test('a path of the build machine is noticed', () => {
  for (const place of ['/home/u/', '/Users/u', '/root/.c', '/tmp/abc', '.cargo/r']) {
    const copy = Buffer.from(whole)
    copy.write(place, copy.indexOf('napi-3.'))
    assert.ok(has(copy, /^holds a path of the build machine/), place)
  }
})

test('a missing signature is noticed', () => {
  const copy = Buffer.from(whole)
  copy.writeUInt32LE(LC.uuid, commandAt(0x1d))
  assert.ok(has(copy, /^has no code signature/))
})

test('a segment that is writable and executable is noticed', () => {
  const copy = Buffer.from(whole)
  copy.writeUInt32LE(7, 32 + 60)
  assert.ok(has(copy, /^__TEXT is writable and executable/))
})

test('a binary that grew is noticed, and its sections are named', () => {
  const copy = Buffer.concat([whole, Buffer.alloc(471041 - whole.length)])
  assert.ok(has(copy, /has 471041 bytes, more than 471040:\n {2}__TEXT,__text \d+/))
})

function has(file, problem, cpu = arch) {
  return checkDarwinBinary(file, cpu).some((each) => problem.test(each))
}

/** Every occurrence, so that the load commands, the tries and the symbol table agree. */
function replaced(from, to) {
  assert.equal(from.length, to.length)
  const copy = Buffer.from(whole)
  let count = 0
  for (let at = copy.indexOf(from); at >= 0; at = copy.indexOf(from, at + 1), count++) {
    copy.write(to, at)
  }
  assert.ok(count > 0, from)
  return copy
}

function commandAt(id) {
  let at = 32
  for (let i = 0; i < whole.readUInt32LE(16); i++) {
    if (whole.readUInt32LE(at) === id) return at
    at += whole.readUInt32LE(at + 4)
  }
  throw new Error(`no load command ${id}`)
}

/** A load command with a name at `nameAt`, as those of libraries, run paths and linkers are. */
function dylib(id, name, nameAt = 24) {
  const command = Buffer.alloc(Math.ceil((nameAt + name.length + 1) / 8) * 8)
  command.writeUInt32LE(id, 0)
  command.writeUInt32LE(command.length, 4)
  command.writeUInt32LE(nameAt, 8)
  command.write(name, nameAt)
  return command
}

/** In the room of commands that nobody needs: LC_UUID, LC_FUNCTION_STARTS, LC_DATA_IN_CODE. */
function addCommand(command) {
  const kept = []
  for (let at = 32, i = 0; i < whole.readUInt32LE(16); at += whole.readUInt32LE(at + 4), i++) {
    const isNeeded = ![0x1b, 0x26, 0x29].includes(whole.readUInt32LE(at))
    if (isNeeded) kept.push(whole.subarray(at, at + whole.readUInt32LE(at + 4)))
  }
  const commands = Buffer.concat([...kept, command])
  const copy = Buffer.from(whole)
  const end = 32 + copy.readUInt32LE(20)
  assert.ok(32 + commands.length <= end)
  copy.fill(0, 32, end)
  commands.copy(copy, 32)
  copy.writeUInt32LE(kept.length + 1, 16)
  copy.writeUInt32LE(commands.length, 20)
  return copy
}
