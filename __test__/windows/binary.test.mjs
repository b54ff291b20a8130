// The check that a Windows binary must pass before it is shipped, tried on the real ones and on copies
// that are broken in one way each. Runs anywhere; both binaries have to be built.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { exportsOf, importsOf, parsePe } from '../../scripts/lib/pe.mjs'
import { checkWindowsBinary } from '../../scripts/lib/windows-binary.mjs'

const npm = fileURLToPath(new URL('../../npm', import.meta.url))
const binaries = ['x64', 'arm64']
  .map((arch) => [arch, path.join(npm, `win32-${arch}`, `socket-owner.win32-${arch}.node`)])
  .filter(([, file]) => fs.existsSync(file))
const [[arch, file]] = binaries
const binary = fs.readFileSync(file)
const pe = parsePe(binary)
const header = binary.readUInt32LE(0x3c)
const optional = header + 24
const sections = optional + binary.readUInt16LE(header + 20)

/** What the check says of a copy that is changed. */
function saysOf(change, isFor = arch) {
  const copy = Buffer.from(binary)
  return checkWindowsBinary(change(copy) ?? copy, isFor)
}

test('what was built is fit', () => {
  for (const [arch, file] of binaries) {
    assert.deepEqual(checkWindowsBinary(fs.readFileSync(file), arch), [], file)
  }
})

test('it exports the entry and imports the tables', () => {
  const ours = importsOf(pe).find(({ library }) => library === 'iphlpapi.dll')

  assert.deepEqual(exportsOf(pe), ['napi_register_module_v1'])
  assert.ok(ours.names.includes('GetExtendedTcpTable'))
})

/** Ways to break it. An offset is the header's. */
const clear = (at, bits) => (copy) => {
  copy[at] &= ~bits
}
const short = (at, value) => (copy) => {
  copy.writeUInt16LE(value, at)
}
const number = (at, value) => (copy) => {
  copy.writeUInt32LE(value, at)
}
const text = (added) => (copy) => {
  copy.write(added, pe.sections[0].fileOffset + 64)
}
const swap = (one, other) => (copy) => {
  const at = copy.indexOf(one, 'latin1')
  assert.ok(at > 0 && one.length === other.length, one)
  copy.write(other, at, 'latin1')
}
function withCodeView(copy) {
  const [{ address, fileOffset }] = pe.sections
  number(fileOffset + 64 + 12, 2)(copy)
  number(optional + 160, address + 64)(copy)
  number(optional + 164, 28)(copy)
}
const CODE_THAT_CAN_BE_WRITTEN = 0xe0000020

const BROKEN = [
  ['for another CPU', short(header + 4, arch === 'x64' ? 0xaa64 : 0x8664), /^is for/],
  ['that is a program', clear(header + 23, 0x20), /^is no library$/],
  ['without DYNAMIC_BASE', clear(optional + 70, 0x40), /^lacks DYNAMIC_BASE$/],
  ['without NX_COMPAT', clear(optional + 71, 1), /^lacks NX_COMPAT$/],
  ['without HIGH_ENTROPY_VA', clear(optional + 70, 0x20), /^lacks HIGH_ENTROPY_VA$/],
  ['without relocations', number(optional + 156, 0), /^cannot be moved/],
  ['whose code can be written', number(sections + 36, CODE_THAT_CAN_BE_WRITTEN), /is writable/],
  ['with symbols', number(header + 12, 1), /^has symbols/],
  ['that names its symbols', withCodeView, /^names a file of symbols$/],
  ['for a later Windows', short(optional + 48, 11), /^needs Windows 11$/],
  ['that loads a stranger', swap('iphlpapi.dll', 'stranger.dll'), /^loads stranger\.dll$/],
  ['with a strange import', swap('FreeMibTable', 'FreeAnything'), /^imports FreeAnything/],
  ['with another entry', swap('module_v1\0', 'module_v2\0'), /export/],
  ['with a path', text('/home/somebody/src'), /^holds a path/],
  ['with a panic', text(' src/windows/mod.rs'), /^holds a path/],
  ['cut off', (copy) => copy.subarray(0, copy.length - 512), /too few$|^cannot be read/],
  ['with a tail', (copy) => Buffer.concat([copy, Buffer.alloc(8)]), /^has bytes behind/],
  ['too large', (copy) => Buffer.concat([copy, Buffer.alloc(200_000)]), /bytes, more than/],
  ['of 32 bits', short(optional, 0x10b), /no 64-bit file$/],
  ['of another system', () => Buffer.from('\x7fELF and so on'), /begin with MZ$/],
  ['without a byte', () => Buffer.alloc(0), /^cannot be read/]
]

for (const [what, change, says] of BROKEN) {
  test(`a binary ${what} is not`, () => {
    const problems = saysOf(change)
    assert.ok(
      problems.some((problem) => says.test(problem)),
      problems.join('\n')
    )
  })
}
