// What a newcomer meets who has not read anything: the words that Node prints for an error that
// nobody has caught, each with the thing that is wrong and the cure, and `null` where that is the answer.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import {
  fixture,
  needsLinux,
  needsPython,
  needsRoot,
  pythonPath,
  startServer
} from '../support/holders.mjs'
import { hostBinary, hostTag, install, installBinary, root } from '../support/install.mjs'
import { after, openToAll, stranger } from '../support/through.mjs'

const { version } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'))
const here = `${process.platform}-${process.arch}`
const binary = fs.readFileSync(hostBinary)
const name = `socket-owner-${hostTag}`

const APP = `
  import { findPidByLocalTcpPort } from 'socket-owner'
  console.log(await findPidByLocalTcpPort(Number(process.argv[2] ?? 3000)))`

/** Runs a newcomer's program; `error` is the line of the error that ended it. */
async function run(folder, { app = APP, through = [], node = process.execPath, args = [] } = {}) {
  const file = path.join(folder, 'app.mjs')
  fs.writeFileSync(file, app)
  const [command, ...rest] = [...through, node, file, ...args]
  const child = spawn(command, rest, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  const [printed, said] = await Promise.all(
    [child.stdout, child.stderr].map((stream) => stream.setEncoding('utf8').toArray())
  )
  const error = said.join('').match(/^(Type)?Error.*$/m)?.[0]
  return { printed: printed.join(''), error }
}

test('without the binary package the error names it and the cure', async (t) => {
  const { error } = await run(install(t))

  assert.equal(
    error,
    `Error [ERR_BINARY_MISSING]: socket-owner needs the package ${name}, which is not installed. ` +
      'It is an optional dependency: reinstall on this system, without --omit=optional or ' +
      `--no-optional. Or add it yourself: npm install ${name}@${version}.`
  )
})

test('node_modules from another system are recognised by what is in them', async (t) => {
  const folder = install(t)
  const foreign = process.platform === 'darwin' ? 'linux-x64-gnu' : 'darwin-arm64'
  installBinary(folder, foreign, binary)

  const { error } = await run(folder)

  assert.equal(
    error,
    `Error [ERR_BINARY_MISSING]: socket-owner needs the package ${name}, which is not installed. ` +
      `node_modules has socket-owner-${foreign} instead, so it came from another system: ` +
      `reinstall on this one. Or add it yourself: npm install ${name}@${version}.`
  )
})

test('a binary for another CPU is told by its own bytes', async (t) => {
  const folder = install(t)
  const foreign = Buffer.from(binary)
  const isArm = process.arch === 'arm64'
  if (process.platform === 'linux') foreign.writeUInt16LE(isArm ? 0x3e : 0xb7, 18)
  else if (process.platform === 'darwin') foreign.writeUInt32LE(isArm ? 0x01000007 : 0x0100000c, 4)
  else foreign.writeUInt16LE(isArm ? 0x8664 : 0xaa64, foreign.readUInt32LE(0x3c) + 4)
  installBinary(folder, hostTag, foreign)

  const { error } = await run(folder)

  assert.equal(
    error,
    `Error [ERR_BINARY_LOAD]: socket-owner's binary ${name} does not load: it was built for ` +
      `${process.platform}-${isArm ? 'x64' : 'arm64'}, but this is ${here}. ` +
      'It was installed on another machine: reinstall on this one.'
  )
})

test('a binary for macOS in the place of one for Linux is told, and the other way round', async (t) => {
  const folder = install(t)
  const head = Buffer.alloc(4096)
  head.writeUInt32LE(process.platform === 'linux' ? 0xfeedfacf : 0x464c457f, 0)
  head.writeUInt32LE(0x0100000c, 4)
  head.writeUInt16LE(0xb7, 18)
  installBinary(folder, hostTag, head)

  const { error } = await run(folder)

  const foreign = process.platform === 'linux' ? 'darwin' : 'linux'
  assert.match(error, new RegExp(`does not load: it was built for ${foreign}-arm64, but this`))
})

test('a glibc that is too old is named as such', {
  skip: needsLinux || (hostTag.endsWith('-gnu') ? false : 'needs glibc')
}, async (t) => {
  const folder = install(t)
  // The name of a version that it needs, as the dynamic linker reads it.
  const text = binary.toString('latin1')
  const [needed] = text.match(/GLIBC_2\.\d\d(?=\0)/)
  installBinary(folder, hostTag, Buffer.from(text.replaceAll(needed, 'GLIBC_9.99'), 'latin1'))

  const { error } = await run(folder)

  assert.match(
    error,
    /^Error \[ERR_BINARY_LOAD\]: .*: version `GLIBC_9\.99' not found \(required by .*\)\. This system's glibc is older than the one it was built for\. The published binary needs 2\.17 or later: update the system, or use a newer base image\.$/
  )
})

test('a Node.js that may load no addon is named as such', async (t) => {
  const folder = install(t)
  installBinary(folder, hostTag, binary)

  const { error } = await run(folder, { through: [process.execPath, '--no-addons'], node: '--' })

  assert.equal(
    error,
    `Error [ERR_BINARY_LOAD]: socket-owner's binary ${name} does not load: ` +
      'addons are disabled in this Node.js. Start it without --no-addons.'
  )
})

test('on another system a colleague loads the package and reads what to do', async (t) => {
  const elsewhere = "Object.defineProperty(process, 'platform', { value: 'freebsd' })\n"
  const folder = install(t)
  fs.writeFileSync(path.join(folder, 'elsewhere.cjs'), elsewhere)
  const through = [process.execPath, '--require', './elsewhere.cjs']

  const { error } = await run(folder, { through, node: '--' })

  assert.equal(
    error,
    `Error [ERR_UNSUPPORTED_PLATFORM]: socket-owner has no back end for freebsd-${process.arch}. ` +
      'It works on macOS, Linux and Windows, each on x64 and arm64; on other systems, catch this ' +
      'error (ERR_UNSUPPORTED_PLATFORM) and continue without it.'
  )
})

test('a sandbox that lets nobody look is named, with the call that it refuses', {
  skip: needsLinux || needsPython || needsRoot
}, async (t) => {
  const folder = install(t)
  installBinary(folder, hostTag, binary)
  const mask = after('mount -t tmpfs -o size=4k none /proc/$$/net')
  const withoutDiag = [pythonPath, fixture('no_sock_diag.py'), 'EPERM']

  const { error } = await run(folder, {
    through: ['unshare', '--mount', ...mask, ...withoutDiag]
  })

  assert.match(error, /^Error: EPERM: socket 'sock_diag': not permitted, perhaps by a sandbox/)
})

test('a socket that has gone is null, no error', async (t) => {
  const folder = install(t)
  installBinary(folder, hostTag, binary)
  const app = `
    import net from 'node:net'
    import { findPeerPid } from 'socket-owner'
    const server = net.createServer(async (socket) => {
      socket.destroy()
      console.log(await findPeerPid(socket))
      server.close()
    })
    server.listen(0, '127.0.0.1', () => net.connect(server.address().port, '127.0.0.1'))`

  assert.deepEqual(await run(folder, { app }), { printed: 'null\n', error: undefined })
})

test("another user's process is null, no error", { skip: needsLinux || needsRoot }, async (t) => {
  const copy = openToAll(t)
  const server = await startServer(t, '127.0.0.1')
  const args = [String(server.said.port)]

  const asRoot = await run(copy.root, { args })
  const asStranger = await run(copy.root, { args, through: stranger, node: copy.node })

  assert.deepEqual(asRoot, { printed: `${server.pid}\n`, error: undefined })
  assert.deepEqual(asStranger, { printed: 'null\n', error: undefined })
})

test('a request in the place of its socket is told with what to pass', async (t) => {
  const app = `
    import http from 'node:http'
    import { findPeerPid } from 'socket-owner'
    const server = http.createServer(async (request) => console.log(await findPeerPid(request)))
    server.listen(0, '127.0.0.1', () => http.get(server.address()).on('error', () => {}))`

  const { error } = await run(install(t), { app })

  assert.equal(
    error,
    'TypeError [ERR_INVALID_ARG_TYPE]: The "socket" argument must be a connected socket such as a ' +
      'net.Socket (for a request, pass request.socket), or an object with localAddress, localPort, ' +
      'remoteAddress and remotePort. Received an instance of IncomingMessage'
  )
})
