// The package loads everywhere; only a call needs the binary, and says what is wrong with it.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { test } from 'node:test'
import byDefault from 'socket-owner'
import * as named from '../../index.js'
import { isMusl } from '../../lib/image.js'
import { needsLinux } from '../support/holders.mjs'
import {
  hostBinary,
  hostTag,
  install,
  installBinary,
  installCode,
  requireIn,
  root,
  temporaryFolder
} from '../support/install.mjs'

const { default: _, 'module.exports': __, ...imported } = named
const GONE = { destroyed: true }
const END = { address: '::1', port: 1 }

/** Runs a program in `folder` and gives what it printed as JSON. */
async function run(folder, program) {
  const stdio = ['ignore', 'pipe', 'inherit']
  const child = spawn(process.execPath, ['--eval', program], { cwd: folder, stdio })
  const printed = child.stdout.setEncoding('utf8').toArray()
  const [code] = await once(child, 'exit')
  assert.equal(code, 0)
  return JSON.parse((await printed).join(''))
}

/** A right call of each function. */
const callsOf = (owner) => [
  () => owner.findPeerPid(GONE),
  () => owner.findPeerProcess(GONE),
  () => owner.findUdpPeerPid(END, END),
  () => owner.findPidByLocalTcpPort(1),
  () => owner.findPidByLocalUdpPort(1),
  () => owner.listSockets(),
  () => owner.getProcessPath(1),
  () => owner.getProcessInfo(1)
]

/** Every function fails alike, twice, and each time with an error of its own. */
async function assertAllFail(owner, code, message, cause) {
  const calls = callsOf(owner)
  for (const call of [...calls, ...calls]) {
    await assert.rejects(call(), (error) => {
      assert.ok(error instanceof Error)
      assert.equal(error.name, 'Error')
      assert.equal(error.code, code)
      assert.match(error.message, message)
      assert.match(String(error.cause?.code), cause)
      assert.match(error.stack, /load\.test\.mjs/)
      return true
    })
  }
}

test('require, import of names and import of the default give the same functions', () => {
  const required = createRequire(import.meta.url)('socket-owner')

  assert.deepEqual({ ...required }, imported)
  assert.equal(Object.keys(imported).length, 8)
  assert.equal(byDefault, required)
  for (const [name, lookUp] of Object.entries(imported)) assert.equal(lookUp.name, name)
})

test('require loads no binary, the first call does', async () => {
  const program = `
    const owner = require('socket-owner')
    const binaries = () => Object.keys(require.cache).filter((name) => name.endsWith('.node'))
    const before = binaries()
    owner.getProcessPath(process.pid).then(() => {
      console.log(JSON.stringify({ before, after: binaries() }))
    })`

  assert.deepEqual(await run(root, program), { before: [], after: [hostBinary] })
})

test('the binary package is loaded where no checkout is', async (t) => {
  const folder = install(t)
  installBinary(folder, hostTag, fs.readFileSync(hostBinary))

  const owner = requireIn(folder)('socket-owner')

  assert.equal(await owner.getProcessPath(process.pid), fs.realpathSync(process.execPath))
})

test('a binary beside it counts only in a checkout', async (t) => {
  const folder = install(t)
  const home = path.join(folder, 'node_modules', 'socket-owner')
  fs.copyFileSync(hostBinary, path.join(home, path.basename(hostBinary)))

  await assertAllFail(requireIn(folder)('socket-owner'), 'ERR_BINARY_MISSING', /./, /./)
})

for (const [platform, arch] of [
  ['win32', 'ia32'],
  ['freebsd', 'x64'],
  ['linux', 'ia32'],
  ['darwin', 'riscv64']
]) {
  test(`on ${platform}-${arch} the package loads and every call is refused`, async () => {
    const program = `
      Object.defineProperty(process, 'platform', { value: '${platform}' })
      Object.defineProperty(process, 'arch', { value: '${arch}' })
      const owner = require('socket-owner')
      const [GONE, END] = [{ destroyed: true }, { address: '::1', port: 1 }]
      const calls = (${callsOf})(owner).map((call) => call())
      Promise.allSettled(calls).then((outcomes) => {
        const errors = outcomes.map(({ reason }) => [reason.code, reason.message])
        console.log(JSON.stringify(errors))
      })`

    const message =
      `socket-owner has no back end for ${platform}-${arch}. ` +
      'It works on macOS, Linux and Windows, each on x64 and arm64; ' +
      'on other systems, catch this error (ERR_UNSUPPORTED_PLATFORM) and continue without it.'
    const expected = ['ERR_UNSUPPORTED_PLATFORM', message]
    assert.deepEqual(await run(root, program), new Array(8).fill(expected))
  })
}

const SYSTEMS = [
  'darwin-arm64',
  'darwin-x64',
  'linux-arm64',
  'linux-x64',
  'win32-arm64',
  'win32-x64'
]

test('each supported platform asks for its own package, Linux for the one of its libc', async (t) => {
  const folder = install(t)
  const named = {}
  for (const system of SYSTEMS) {
    const [platform, arch] = system.split('-')
    const program = `
      Object.defineProperty(process, 'platform', { value: '${platform}' })
      Object.defineProperty(process, 'arch', { value: '${arch}' })
      require('socket-owner').getProcessPath(1).catch(({ code, message }) => {
        console.log(JSON.stringify([code, message.match(/the package (\\S+),/)[1]]))
      })`
    named[system] = await run(folder, program)
  }

  const libcName = hostTag.endsWith('-musl') ? 'musl' : 'gnu'
  assert.deepEqual(named, {
    'darwin-arm64': ['ERR_BINARY_MISSING', 'socket-owner-darwin-arm64'],
    'darwin-x64': ['ERR_BINARY_MISSING', 'socket-owner-darwin-x64'],
    'linux-arm64': ['ERR_BINARY_MISSING', `socket-owner-linux-arm64-${libcName}`],
    'linux-x64': ['ERR_BINARY_MISSING', `socket-owner-linux-x64-${libcName}`],
    'win32-arm64': ['ERR_BINARY_MISSING', 'socket-owner-win32-arm64'],
    'win32-x64': ['ERR_BINARY_MISSING', 'socket-owner-win32-x64']
  })
})

test('a package of another kind in its place does not load', async (t) => {
  for (const code of ['exports.advance = () => {}', 'module.exports = null']) {
    const folder = install(t)
    installCode(folder, code)
    const owner = requireIn(folder)('socket-owner')

    const message = /does not load: it is not the binary of this version of .*Install version \d/
    await assertAllFail(owner, 'ERR_BINARY_LOAD', message, /^undefined$/)
  }
})

test('a binary that does not load is not tried again', async (t) => {
  const folder = install(t)
  const file = installBinary(folder, hostTag, '404 not found\n')
  const owner = requireIn(folder)('socket-owner')
  await assert.rejects(owner.getProcessPath(1), { code: 'ERR_BINARY_LOAD' })
  fs.copyFileSync(hostBinary, file)

  await assertAllFail(owner, 'ERR_BINARY_LOAD', /not a native library/, /^ERR_DLOPEN_FAILED$/)
})

test('a binary that is installed after a call is there for the next', async (t) => {
  const folder = install(t)
  const owner = requireIn(folder)('socket-owner')
  await assertAllFail(owner, 'ERR_BINARY_MISSING', /not installed/, /^MODULE_NOT_FOUND$/)
  installBinary(folder, hostTag, fs.readFileSync(hostBinary))

  assert.equal(await owner.getProcessPath(process.pid), fs.realpathSync(process.execPath))
})

const RUN_OUT = `
  const fs = require('node:fs')
  const { Worker, isMainThread } = require('node:worker_threads')
  const owner = require('socket-owner')
  async function run() {
    const held = []
    try {
      for (;;) held.push(fs.openSync('/dev/null'))
    } catch {}
    const told = []
    for (let i = 0; i < 2; i += 1) {
      const { code, syscall, message } = await owner.getProcessPath(process.pid).catch((e) => e)
      told.push([code, syscall, message])
    }
    for (const each of held) fs.closeSync(each)
    const path = await owner.getProcessPath(process.pid)
    const inWorker = new Worker(
      "const { parentPort } = require('node:worker_threads');" +
      "require('socket-owner').getProcessPath(process.pid).then((path) => parentPort.postMessage(path))",
      { eval: true }
    )
    inWorker.on('message', (path2) => console.log(JSON.stringify({ told, path, path2 })))
  }
  run()`

test("out of descriptors is that call's alone, and the next one loads", {
  skip: needsLinux
}, async (t) => {
  const folder = install(t)
  installBinary(folder, hostTag, fs.readFileSync(hostBinary))
  const command = ['-c', `ulimit -n 64; exec "$0" --eval "$1"`, process.execPath, RUN_OUT]
  const child = spawn('sh', command, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  const printed = (await child.stdout.setEncoding('utf8').toArray()).join('')

  const { told, path: found, path2 } = JSON.parse(printed)

  for (const [code, syscall, message] of told) {
    assert.deepEqual([code, syscall], ['EMFILE', 'open'])
    assert.match(message, /^EMFILE: too many open files, open '.*'\. The next call will try again$/)
  }
  assert.equal(found, fs.realpathSync(process.execPath))
  assert.equal(path2, found)
})

test('no package.json is read to find the binary', { skip: needsLinux }, async (t) => {
  const folder = install(t)
  const file = installBinary(folder, hostTag, fs.readFileSync(hostBinary))
  fs.writeFileSync(path.join(path.dirname(file), 'package.json'), '{ spoiled')

  const owner = requireIn(folder)('socket-owner')

  assert.equal(await owner.getProcessPath(process.pid), fs.realpathSync(process.execPath))
})

test('arguments are checked first, then the signal, then the binary, then the socket', async (t) => {
  const owner = requireIn(install(t))('socket-owner')
  const aborted = { signal: AbortSignal.abort() }
  const wrong = { signal: 5 }

  for (const [call, wrongArgument, argument] of [
    [owner.findPidByLocalTcpPort, 0, 1],
    [owner.findPeerPid, {}, GONE],
    [owner.getProcessPath, 0, 1]
  ]) {
    await assert.rejects(call(wrongArgument, wrong), /^(Type|Range)Error: .*"(port|socket|pid)"/)
    await assert.rejects(call(wrongArgument, aborted), /^(Type|Range)Error: .*"(port|socket|pid)"/)
    await assert.rejects(call(argument, wrong), { code: 'ERR_INVALID_ARG_TYPE' })
    await assert.rejects(call(argument, aborted), { name: 'AbortError' })
    await assert.rejects(call(argument), { code: 'ERR_BINARY_MISSING' })
  }
  const state = { ...aborted, state: 'LISTEN' }
  await assert.rejects(owner.findPidByLocalTcpPort(1, state), { code: 'ERR_INVALID_ARG_VALUE' })
})

test('musl is told by the ELF interpreter', { skip: needsLinux }, (t) => {
  const folder = temporaryFolder(t)
  const elf = (interpreter) => {
    const name = Buffer.from(`${interpreter}\0`)
    const bytes = Buffer.alloc(64 + 2 * 56 + name.length)
    bytes.writeBigUInt64LE(64n, 32) // e_phoff
    bytes.writeUInt16LE(56, 54) // e_phentsize
    bytes.writeUInt16LE(2, 56) // e_phnum
    bytes.writeUInt32LE(6, 64) // PT_PHDR comes before
    bytes.writeUInt32LE(3, 64 + 56) // PT_INTERP
    bytes.writeBigUInt64LE(BigInt(64 + 2 * 56), 64 + 56 + 8) // p_offset
    bytes.writeBigUInt64LE(BigInt(name.length), 64 + 56 + 32) // p_filesz
    name.copy(bytes, 64 + 2 * 56)
    const file = path.join(folder, path.basename(interpreter))
    fs.writeFileSync(file, bytes)
    return file
  }

  assert.equal(isMusl(), hostTag.endsWith('-musl'))
  assert.equal(isMusl(elf('/lib/ld-musl-x86_64.so.1')), true)
  assert.equal(isMusl(elf('/lib/ld-musl-aarch64.so.1')), true)
  assert.equal(isMusl(elf('/lib64/ld-linux-x86-64.so.2')), false)
  assert.equal(isMusl(path.join(folder, 'absent')), false)
})
