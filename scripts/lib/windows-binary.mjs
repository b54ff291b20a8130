// Checks whether a Windows binary is fit to publish, by its bytes and not by the build's
// intentions: it must be a 64-bit library for its CPU, loadable anywhere in memory, with data that
// cannot be executed, depend only on Windows' own libraries, export only Node's entry point, and
// contain no path of the build machine.
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { debugTypesOf, exportsOf, importsOf, parsePe } from './pe.mjs'

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..')
const LARGEST_BYTES = 450 * 1024
const ENTRY = 'napi_register_module_v1'
const MINIMUM_WINDOWS = 10

/** The functions we use of each library; `null`: any that the standard or the C library needs. */
const LIBRARIES = [
  [
    /^iphlpapi\.dll$/,
    ['FreeMibTable', 'GetExtendedTcpTable', 'GetExtendedUdpTable', 'GetUnicastIpAddressTable']
  ],
  [/^ntdll\.dll$/, null],
  [/^kernel32\.dll$/, null],
  // For random numbers and thread parking in Rust's standard library; part of every Windows 10.
  [/^bcryptprimitives\.dll$/, ['ProcessPrng']],
  [/^api-ms-win-core-synch-l1-2-0\.dll$/, null],
  // The C libraries that are part of Windows: the old one, and Windows 10's. Not vcruntime140.dll.
  [/^msvcrt\.dll$/, null],
  [/^api-ms-win-crt-[a-z]+-l1-1-0\.dll$/, null]
]

// <winnt.h>.
const IS_DLL = 0x2000
const RELOCATIONS_STRIPPED = 0x0001
const PROTECTIONS = { DYNAMIC_BASE: 0x40, NX_COMPAT: 0x100, HIGH_ENTROPY_VA: 0x20 }
const CODEVIEW = 2
const [EXECUTABLE, WRITABLE] = [0x20000000, 0x80000000]

/** Returns what is wrong with the binary, one sentence per problem; an empty array if it is fit. */
export function checkWindowsBinary(file, arch) {
  try {
    const pe = parsePe(file)
    return [
      ...wrongShape(pe, arch),
      ...wrongProtection(pe),
      ...wrongLinks(pe),
      ...wrongStrings(file)
    ]
  } catch (error) {
    return [`cannot be read: ${error.message}`]
  }
}

function wrongShape(pe, arch) {
  const problems = []
  if (pe.machine !== arch) problems.push(`is for ${pe.machine}, not for ${arch}`)
  if ((pe.characteristics & IS_DLL) === 0) problems.push('is no library')
  if (pe.majorSystem > MINIMUM_WINDOWS) problems.push(`needs Windows ${pe.majorSystem}`)
  if (pe.symbolCount > 0) problems.push('has symbols: it is not stripped')
  for (const name of ['delayedImports', 'certificates', 'clr']) {
    if (pe.directories[name].size > 0) problems.push(`has a directory of ${name}`)
  }
  // Microsoft's linker adds other entries, which name nothing.
  if (debugTypesOf(pe).includes(CODEVIEW)) problems.push('names a file of symbols')
  const end = Math.max(...pe.sections.map((each) => each.fileOffset + each.fileSize))
  if (end !== pe.file.length) problems.push('has bytes behind its last section, or too few')
  if (pe.file.length > LARGEST_BYTES) {
    const sizes = pe.sections.map(({ name, fileSize }) => `  ${name} ${fileSize}`).join('\n')
    problems.push(`has ${pe.file.length} bytes, more than ${LARGEST_BYTES}:\n${sizes}`)
  }
  return problems
}

function wrongProtection(pe) {
  const problems = Object.entries(PROTECTIONS)
    .filter(([, bit]) => (pe.dllCharacteristics & bit) === 0)
    .map(([name]) => `lacks ${name}`)
  const isFixed = (pe.characteristics & RELOCATIONS_STRIPPED) !== 0
  if (isFixed || pe.directories.relocations.size === 0) problems.push('cannot be moved in memory')
  for (const { name, flags } of pe.sections) {
    const isBoth = (flags & EXECUTABLE) !== 0 && (flags & WRITABLE) !== 0
    if (isBoth) problems.push(`${name} is writable and executable`)
  }
  return problems
}

function wrongLinks(pe) {
  const problems = []
  for (const { library, names } of importsOf(pe)) {
    const known = LIBRARIES.find(([pattern]) => pattern.test(library))
    if (known === undefined) problems.push(`loads ${library}`)
    const strangers = known?.[1] ? names.filter((name) => !known[1].includes(name)) : []
    for (const name of strangers) problems.push(`imports ${name} of ${library}`)
  }
  const exported = exportsOf(pe)
  for (const name of exported) if (name !== ENTRY) problems.push(`exports ${name}`)
  if (!exported.includes(ENTRY)) problems.push(`does not export ${ENTRY}`)
  return problems
}

// A path is recognised by its beginning; std contains a few of its own (/rustc/<hash>/library/…,
// library/…).
function wrongStrings(file) {
  const bytes = file.toString('latin1')
  const places = ['/root/', '/home/', '/Users/', '/tmp/', '/builds?/', '/opt/', '/usr/']
  places.push('[A-Z]:[\\\\/](?:Users|actions|rust|cargo)[\\\\/]', '\\.cargo[\\\\/]')
  places.push('index\\.crates\\.io', '(?<![\\w/])src[\\\\/]', '\\.pdb')
  for (const own of [os.homedir(), root]) {
    if (own.length > 1) places.push(own.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  }
  const found = bytes.match(new RegExp(`(?:${places.join('|')})[\\x21-\\x7e]{0,80}`, 'g'))
  return (found ?? []).map((text) => `holds a path of the build machine: ${text}`)
}
