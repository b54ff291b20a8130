// Reads those parts of a PE file (the format of Windows' programs and libraries) that the check of
// our binaries needs, by the offsets in Microsoft's "PE Format". Reads outside the file throw.

const MACHINES = new Map([
  [0x8664, 'x64'],
  [0xaa64, 'arm64'],
  [0x14c, 'ia32']
])
const PE32_PLUS = 0x20b
/** Positions in the optional header's list of directories. */
const DIRECTORIES = {
  exports: 0,
  imports: 1,
  certificates: 4,
  relocations: 5,
  debug: 6,
  delayedImports: 13,
  clr: 14
}

/** Parses the headers. */
export function parsePe(file) {
  if (file.toString('latin1', 0, 2) !== 'MZ') throw new Error('it does not begin with MZ')
  const at = file.readUInt32LE(0x3c)
  if (file.toString('latin1', at, at + 4) !== 'PE\0\0') throw new Error('it has no PE header')
  const optional = at + 24
  if (file.readUInt16LE(optional) !== PE32_PLUS) throw new Error('it is no 64-bit file')
  const sectionCount = file.readUInt16LE(at + 6)
  const firstSection = optional + file.readUInt16LE(at + 20)
  const count = file.readUInt32LE(optional + 108)
  const directory = (index) => ({
    address: index < count ? file.readUInt32LE(optional + 112 + index * 8) : 0,
    size: index < count ? file.readUInt32LE(optional + 116 + index * 8) : 0
  })
  return {
    file,
    machine: MACHINES.get(file.readUInt16LE(at + 4)) ?? 'another CPU',
    symbolCount: file.readUInt32LE(at + 12),
    characteristics: file.readUInt16LE(at + 22),
    majorSystem: file.readUInt16LE(optional + 48),
    dllCharacteristics: file.readUInt16LE(optional + 70),
    directories: Object.fromEntries(
      Object.entries(DIRECTORIES).map(([name, index]) => [name, directory(index)])
    ),
    sections: Array.from({ length: sectionCount }, (_, i) => section(file, firstSection + i * 40))
  }
}

function section(file, at) {
  return {
    name: file.toString('latin1', at, at + 8).replace(/\0+$/, ''),
    size: file.readUInt32LE(at + 8),
    address: file.readUInt32LE(at + 12),
    fileSize: file.readUInt32LE(at + 16),
    fileOffset: file.readUInt32LE(at + 20),
    flags: file.readUInt32LE(at + 36)
  }
}

/** Returns the offset in the file of what will be loaded at that address. */
function offsetOf({ sections }, address) {
  const home = sections.find(
    (each) => address >= each.address && address < each.address + each.fileSize
  )
  if (home === undefined) throw new Error(`no section has the address ${address}`)
  return address - home.address + home.fileOffset
}

function textAt(pe, address) {
  const at = offsetOf(pe, address)
  return pe.file.toString('latin1', at, pe.file.indexOf(0, at))
}

/** Returns the names of the exported functions. */
export function exportsOf(pe) {
  const { address } = pe.directories.exports
  if (address === 0) return []
  const at = offsetOf(pe, address)
  const [functions, names] = [pe.file.readUInt32LE(at + 20), pe.file.readUInt32LE(at + 24)]
  if (functions !== names) throw new Error('it exports functions without a name')
  const list = names === 0 ? 0 : offsetOf(pe, pe.file.readUInt32LE(at + 32))
  return Array.from({ length: names }, (_, i) => textAt(pe, pe.file.readUInt32LE(list + i * 4)))
}

/** Returns `{ library, names }` for each library whose functions are bound at load time. */
export function importsOf(pe) {
  const { address } = pe.directories.imports
  const found = []
  if (address === 0) return found
  for (let at = offsetOf(pe, address); ; at += 20) {
    const [byName, library] = [pe.file.readUInt32LE(at), pe.file.readUInt32LE(at + 12)]
    if (library === 0) return found
    const list = byName !== 0 ? byName : pe.file.readUInt32LE(at + 16)
    found.push({ library: textAt(pe, library).toLowerCase(), names: namesOf(pe, list) })
  }
}

function namesOf(pe, list) {
  const names = []
  for (let at = offsetOf(pe, list); ; at += 8) {
    const [low, high] = [pe.file.readUInt32LE(at), pe.file.readUInt32LE(at + 4)]
    if (low === 0 && high === 0) return names
    // If the topmost bit is set, the entry is a number instead of a name.
    names.push(high >= 0x80000000 ? `#${low}` : textAt(pe, low + 2))
  }
}

/** Returns the types of the entries in the debug directory. */
export function debugTypesOf(pe) {
  const { address, size } = pe.directories.debug
  const at = size === 0 ? 0 : offsetOf(pe, address)
  const count = Math.floor(size / 28)
  return Array.from({ length: count }, (_, i) => pe.file.readUInt32LE(at + i * 28 + 12))
}
