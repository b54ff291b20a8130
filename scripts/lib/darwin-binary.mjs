// Checks whether a macOS binary is fit to publish, by its bytes and not by the build's intentions:
// it must be a thin library for its CPU, load only libSystem, contain no path of the build machine,
// export and import no more than allowed, and have a signature that matches its pages. An arm64 Mac
// kills a process that touches a page that does not match.
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import machO from './mach-o.cjs'
import fixups from './mach-o-fixups.cjs'

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..')
const LARGEST_BYTES = 460 * 1024
const LIBSYSTEM = '/usr/lib/libSystem.B.dylib'
const MINIMUM_MACOS = '11.0'
const ENTRY = '_napi_register_module_v1'
const libsystemSymbols = readList('libsystem-symbols.txt')
const nodeApiSymbols = readList('node-api-8-symbols.txt')

/** Returns what is wrong with the binary, one sentence per problem; an empty array if it is fit. */
export function checkDarwinBinary(file, arch) {
  try {
    const macho = machO.parse(file)
    return [
      ...wrongShape(macho, arch),
      ...wrongLinks(macho, arch),
      ...wrongSymbols(macho),
      ...wrongStrings(file),
      ...wrongSignature(macho)
    ]
  } catch (error) {
    return [`cannot be read: ${error.message}`]
  }
}

function wrongShape(macho, arch) {
  const problems = []
  if (macho.cpu !== arch) problems.push(`is for ${macho.cpu}, not for ${arch}`)
  if (macho.filetype !== 6 && macho.filetype !== 8) problems.push('is no library or bundle')
  if (macho.platform !== 1) problems.push('is not for macOS')
  if (macho.minimumOs !== MINIMUM_MACOS) {
    problems.push(`needs macOS ${macho.minimumOs}, not ${MINIMUM_MACOS}`)
  }
  for (const command of ['LC_LOAD_DYLINKER', 'LC_RPATH', 'LC_DYLD_ENVIRONMENT']) {
    if (macho.commands.includes(command)) problems.push(`carries ${command}`)
  }
  for (const { name, protection } of macho.segments) {
    if ((protection & 6) === 6) problems.push(`${name} is writable and executable`)
  }
  const end = Math.max(...macho.segments.map((each) => each.fileOffset + each.fileSize))
  if (end !== macho.file.length) problems.push('has bytes behind its last segment, or too few')
  if (macho.file.length > LARGEST_BYTES) {
    problems.push(`has ${macho.file.length} bytes, more than ${LARGEST_BYTES}:\n${sizes(macho)}`)
  }
  return problems
}

function wrongLinks(macho, arch) {
  const problems = macho.libraries
    .filter((name) => name !== LIBSYSTEM)
    .map((name) => `loads ${name}`)
  if (!macho.libraries.includes(LIBSYSTEM)) problems.push(`does not load ${LIBSYSTEM}`)
  const wanted = `@rpath/socket-owner.darwin-${arch}.node`
  if (macho.installName !== wanted) {
    problems.push(`has the install name ${macho.installName}, not ${wanted}`)
  }
  return problems
}

function wrongSymbols(macho) {
  const problems = []
  const exported = machO.exportsOf(macho).map((each) => each.name)
  for (const name of exported) if (name !== ENTRY) problems.push(`exports ${name}`)
  if (!exported.includes(ENTRY)) problems.push(`does not export ${ENTRY}`)
  const bound = fixups.fixupsOf(macho).binds.map((each) => each.symbol)
  const undefinedOnes = macho.symbols.filter((each) => each.undefined).map((each) => each.name)
  for (const name of new Set([...bound, ...undefinedOnes])) {
    const known = libsystemSymbols.has(name) || nodeApiSymbols.has(name)
    if (!known) problems.push(`imports ${name}, which is neither listed public API nor Node-API 8`)
  }
  for (const { name } of macho.symbols.filter((each) => !each.external)) {
    problems.push(`keeps the local symbol ${name}: it is not stripped`)
  }
  return problems
}

// A path is recognised by its beginning; std contains a few of its own (/rustc/<hash>/library/… ,
// /usr/lib/…).
function wrongStrings(file) {
  const bytes = file.toString('latin1')
  const places = ['/root/', '/home/', '/Users/', '/tmp/', '/private/', '/builds?/', '/opt/']
  places.push('/usr/(?!lib/libSystem\\.B\\.dylib)', '\\.cargo/', 'index\\.crates\\.io')
  for (const own of [os.homedir(), root]) {
    if (own.length > 1) places.push(own.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  }
  const found = bytes.match(new RegExp(`(?:${places.join('|')})[\\x21-\\x7e]{0,80}`, 'g'))
  return (found ?? []).map((text) => `holds a path of the build machine: ${text}`)
}

// <Kernel/kern/cs_blobs.h>; all numbers in it are big-endian.
function wrongSignature({ file, signature }) {
  if (signature === undefined) return ['has no code signature']
  const blob = file.subarray(signature.offset, signature.offset + signature.size)
  if (blob.readUInt32BE(0) !== 0xfade0cc0) return ['has a signature that is no blob']
  const problems = []
  const directory = blob.subarray(blob.readUInt32BE(16))
  if (directory.readUInt32BE(0) !== 0xfade0c02) return ['has a signature without a code directory']
  if ((directory.readUInt32BE(12) & 2) === 0) problems.push('is not signed ad hoc')
  const [hashes, count, limit] = [16, 28, 32].map((at) => directory.readUInt32BE(at))
  const [hashBytes, hashType, pageBytes] = [directory[36], directory[37], 1 << directory[39]]
  if (hashType !== 2 || hashBytes !== 32)
    return [...problems, 'has page hashes that are no SHA-256']
  if (limit !== signature.offset || count !== Math.ceil(limit / pageBytes)) {
    problems.push('has a signature that does not cover all that stands before it')
  }
  for (let page = 0; page < count; page++) {
    const end = Math.min((page + 1) * pageBytes, limit)
    const digest = createHash('sha256')
      .update(file.subarray(page * pageBytes, end))
      .digest()
    const at = hashes + page * hashBytes
    if (!digest.equals(directory.subarray(at, at + hashBytes))) {
      problems.push(`has another hash for page ${page} than its signature says`)
    }
  }
  return problems
}

function sizes(macho) {
  const lines = macho.segments.flatMap((segment) =>
    segment.sections.length > 0
      ? segment.sections.map(({ name, size }) => `${segment.name},${name} ${size}`)
      : [`${segment.name} ${segment.fileSize}`]
  )
  return lines.map((line) => `  ${line}`).join('\n')
}

function readList(name) {
  const text = fs.readFileSync(new URL(name, import.meta.url), 'utf8')
  return new Set(text.split('\n').filter((line) => line !== '' && !line.startsWith('#')))
}
