// Each cause for which the binary does not load, made for real: the message names that cause and its
// cure alone, and the process lives.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { needsLinux, needsRoot, needsUnix } from '../support/holders.mjs'
import { hostBinary, hostTag, install, installBinary } from '../support/install.mjs'
import { after, openToAll, stranger } from '../support/through.mjs'

const binary = fs.readFileSync(hostBinary)
const name = `socket-owner-${hostTag}`
const here = `${process.platform}-${process.arch}`
const AGAIN = 'Reinstall on this system; on Linux it needs glibc 2.17 or musl 1.2, or later.'
const APP = `
  require('socket-owner').getProcessPath(process.pid).then(
    (found) => console.log(JSON.stringify(['found', found !== null])),
    ({ code, message }) => console.log(JSON.stringify([code, message]))
  )`

/** What a program with the package in `folder` meets, as `[code, message]`. */
async function meet(
  folder,
  { app = APP, through = [], flags = [], node = process.execPath, env = {} } = {}
) {
  const file = path.join(folder, 'app.cjs')
  fs.writeFileSync(file, app)
  const [command, ...args] = [...through, node, ...flags, file]
  const child = spawn(command, args, {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const [printed, said] = await Promise.all(
    [child.stdout, child.stderr].map((stream) => stream.setEncoding('utf8').toArray())
  )
  assert.notEqual(printed.join(''), '', said.join(''))
  return JSON.parse(printed.join(''))
}

const FOUND = ['found', true]
const broken = (reason, cure) => [
  'ERR_BINARY_LOAD',
  `socket-owner's binary ${name} does not load: ${reason}. ${cure}`
]

function installed(t, bytes = binary) {
  const folder = install(t)
  return { folder, file: installBinary(folder, hostTag, bytes) }
}

const LFS = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 416304\n`

for (const [what, bytes, reason, cure] of [
  ['an empty file', '', 'it is empty', AGAIN],
  ['a page of a proxy', '<html>404 not found</html>\n', 'it is not a native library', AGAIN],
  ['a head that ends too soon', binary.subarray(0, 30), 'it is not a native library', AGAIN],
  [
    'a Git LFS pointer',
    LFS,
    'it is a Git LFS pointer, not the file itself',
    'Fetch the file: git lfs pull.'
  ]
]) {
  test(`${what} is told`, async (t) => {
    const { folder } = installed(t, bytes)

    assert.deepEqual(await meet(folder), broken(reason, cure))
  })
}

// glibc and musl map such a file, and the process dies of SIGBUS.
for (const share of [0.02, 0.3, 0.5, 0.8, 0.99]) {
  test(`a binary cut off after ${share} of it is told before it is mapped`, async (t) => {
    const bytes = Math.floor(binary.length * share)
    const { folder } = installed(t, binary.subarray(0, bytes))

    const [code, message] = await meet(folder)

    assert.equal(code, 'ERR_BINARY_LOAD')
    assert.match(message, new RegExp(`does not load: it is truncated to ${bytes} of \\d+ bytes\\.`))
  })
}

// Windows maps it all the same: what is missing is padding.
test('a binary that lacks its last byte is told too', { skip: needsUnix }, async (t) => {
  const { folder } = installed(t, binary.subarray(0, -1))

  assert.match((await meet(folder))[1], /it is truncated to/)
})

/** The head of a library for another system: all that tells it. */
function headOf(system) {
  const head = Buffer.alloc(4096)
  const [platform, arch] = system.split('-')
  const isArm = arch === 'arm64'
  if (platform === 'linux') {
    head.writeUInt32LE(0x464c457f, 0)
    head.writeUInt16LE(isArm ? 0xb7 : 0x3e, 18) // e_machine
  } else if (platform === 'darwin') {
    head.writeUInt32LE(0xfeedfacf, 0)
    head.writeUInt32LE(isArm ? 0x0100000c : 0x01000007, 4) // cputype
  } else {
    head.write('MZ', 0)
    head.writeUInt32LE(0x80, 0x3c) // e_lfanew
    head.write('PE\0\0', 0x80)
    head.writeUInt16LE(isArm ? 0xaa64 : 0x8664, 0x84) // Machine
  }
  return head
}

const systems = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64', 'win32-arm64']
for (const system of systems.filter((each) => each !== here)) {
  test(`a library for ${system} is told`, async (t) => {
    const { folder } = installed(t, headOf(system))

    const reason = `it was built for ${system}, but this is ${here}`
    const cure = 'It was installed on another machine: reinstall on this one.'
    assert.deepEqual(await meet(folder), broken(reason, cure))
  })
}

test('a library for a CPU of another kind is told', { skip: needsLinux }, async (t) => {
  const foreign = Buffer.from(binary)
  foreign.writeUInt16LE(0xf3, 18) // e_machine: RISC-V
  const { folder } = installed(t, foreign)

  assert.match((await meet(folder))[1], /it was built for another system, but this is linux-/)
})

test('a mount without the right to run programs is told', { skip: needsRoot }, async (t) => {
  const { folder, file } = installed(t)
  const home = path.dirname(file)
  const mount = `mount --bind '${home}' '${home}'; mount -o remount,bind,noexec '${home}'`

  const met = await meet(folder, { through: ['unshare', '--mount', ...after(mount)] })

  const cure =
    'Remount it without noexec, install on another file system, or copy the file to one and set ' +
    'SOCKET_OWNER_BINARY to the path of that copy.'
  assert.deepEqual(met, broken(`${home} is mounted noexec`, cure))
})

const LISTENER = `
  const { findPidByLocalTcpPort } = require('socket-owner')
  const server = require('node:net').createServer().listen(0, async () => {
    const found = await findPidByLocalTcpPort(server.address().port)
    console.log(JSON.stringify(['found', found === process.pid]))
    server.close()
  })`

test('a file system that may only be read is no cause', { skip: needsRoot }, async (t) => {
  const { folder } = installed(t)
  // The folder is made a mount of its own, since another than the root's may be above it.
  const mount = `
    mount --bind '${folder}' '${folder}'
    for place in '${folder}' /; do
      mount -o remount,bind,ro "$place"
      if touch "$place/written" 2>/dev/null; then exit 1; fi
    done`

  const met = await meet(folder, {
    app: LISTENER,
    through: ['unshare', '--mount', ...after(mount)]
  })

  assert.deepEqual(met, FOUND)
})

for (const [what, closed] of [
  ['file', (file) => file],
  ['folder', (file) => path.dirname(file)]
]) {
  test(`a ${what} that this user may not read is told`, { skip: needsRoot }, async (t) => {
    const { node } = openToAll(t)
    const { folder, file } = installed(t)
    fs.chmodSync(folder, 0o755)
    fs.chmodSync(closed(file), 0)

    const [code, message] = await meet(folder, { through: stranger, node })

    assert.equal(code, 'ERR_BINARY_LOAD')
    assert.match(
      message,
      /is not allowed to (read it|enter .*)\. Allow .* to read it and to enter the folders above it/
    )
    assert.doesNotMatch(message, /optional|glibc/)
  })
}

test('a Node.js that loads no addons is told', async (t) => {
  const { folder } = installed(t)

  const met = await meet(folder, { flags: ['--no-addons'] })

  assert.deepEqual(
    met,
    broken('addons are disabled in this Node.js', 'Start it without --no-addons.')
  )
})

const isOption = (flag) => process.allowedNodeEnvironmentFlags.has(flag)
/** The permission model, by the name that this Node has for it. */
const permission = ['--permission', '--experimental-permission'].find(isOption)
const needsPermission = permission === undefined ? 'needs a permission model' : false

test("Node's permission model is told, addons and files apart", {
  skip: needsPermission
}, async (t) => {
  const { folder, file } = installed(t)
  const main = path.join(folder, 'node_modules', 'socket-owner', '*')
  const own = [`--allow-fs-read=${path.join(folder, 'app.cjs')}`, `--allow-fs-read=${main}`]
  const all = `--allow-fs-read=${path.join(folder, '*')}`

  const withoutAddons = await meet(folder, { flags: [permission, all] })
  const tooNarrow = await meet(folder, { flags: [permission, '--allow-addons', ...own] })
  const enough = await meet(folder, { flags: [permission, '--allow-addons', all] })

  const cure = 'Also start Node.js with --allow-addons.'
  assert.deepEqual(withoutAddons, broken("Node's permission model forbids addons", cure))
  const narrow = `Also start Node.js with --allow-fs-read=${path.join(path.dirname(file), '*')}.`
  assert.deepEqual(tooNarrow, broken("Node's permission model forbids reading it", narrow))
  assert.deepEqual(enough, FOUND)
})

test('SOCKET_OWNER_BINARY names the file, by whatever name, and nothing else is tried', async (t) => {
  const { folder } = installed(t)
  const elsewhere = path.join(folder, 'libowner.so')
  const named = (value) => meet(folder, { env: { SOCKET_OWNER_BINARY: value } })
  const refused = async (value, reason) => {
    const [code, message] = await named(value)
    assert.equal(code, 'ERR_BINARY_LOAD')
    const start = `socket-owner's binary ${value} (SOCKET_OWNER_BINARY) does not load: ${reason}. `
    assert.ok(message.startsWith(start), message)
  }

  await refused(elsewhere, 'the file does not exist')
  fs.writeFileSync(elsewhere, binary.subarray(0, binary.length / 2))
  await refused(elsewhere, `it is truncated to ${binary.length / 2} of ${binary.length} bytes`)
  await refused('libowner.so', 'it is not an absolute path')
  fs.writeFileSync(elsewhere, binary)
  fs.rmSync(path.join(folder, 'node_modules', name), { recursive: true })
  assert.deepEqual(await named(elsewhere), FOUND)
  assert.equal((await named(''))[0], 'ERR_BINARY_MISSING')
})

test('a package whose file was left out is told', async (t) => {
  const { folder, file } = installed(t)
  fs.rmSync(file)

  assert.deepEqual(await meet(folder), [
    'ERR_BINARY_MISSING',
    `socket-owner needs the package ${name}, which is installed without its file ` +
      `socket-owner.${hostTag}.node. Whatever copied node_modules left it out: ` +
      'copy .node files too, or reinstall.'
  ])
})

test('a package that a tracer left behind is told', async (t) => {
  const folder = install(t)
  fs.rmSync(path.join(folder, 'node_modules', 'socket-owner', 'index.d.ts'))

  assert.deepEqual(await meet(folder), [
    'ERR_BINARY_MISSING',
    `socket-owner needs the package ${name}, which was left behind when node_modules was traced or ` +
      `pruned. Copy node_modules/${name} too (docs/bundlers.md).`
  ])
})
