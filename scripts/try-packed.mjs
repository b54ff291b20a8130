// Packs the main package and this system's binary package, installs both tarballs into an empty
// folder, and asks who owns a listener of its own: `node scripts/try-packed.mjs`.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const isWindows = process.platform === 'win32'
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'socket-owner-packed-'))

const program = `
const assert = require('node:assert/strict')
const net = require('node:net')
const { findPeerPid, findPidByLocalTcpPort, getProcessPath } = require('socket-owner')
const server = net.createServer(async (socket) => {
  const { address, port } = server.address()
  assert.equal(await findPidByLocalTcpPort(port, { address }), process.pid)
  assert.equal(await findPeerPid(socket), process.pid)
  assert.equal(require('node:fs').realpathSync(await getProcessPath(process.pid)), process.execPath)
  console.log('its own listener, its own peer and its own path, found by', process.versions)
  process.exit()
})
process.on('unhandledRejection', (error) => { console.error(error); process.exit(1) })
server.listen(0, '127.0.0.1', () => net.connect(server.address().port, '127.0.0.1'))
`

try {
  const packages = [pack(root), pack(path.join(root, 'npm', platform()))]
  fs.writeFileSync(path.join(folder, 'package.json'), '{ "private": true }')
  fs.writeFileSync(path.join(folder, 'main.cjs'), program)
  run('npm', ['install', '--no-audit', '--no-fund', ...packages])
  run(process.execPath, ['main.cjs'])
} finally {
  fs.rmSync(folder, { recursive: true, force: true })
}

function pack(from) {
  const args = ['pack', '--silent', '--pack-destination', folder]
  const name = execFileSync('npm', args, { cwd: from, encoding: 'utf8', shell: isWindows }).trim()
  return path.join(folder, name)
}

function platform() {
  const system = `${process.platform}-${process.arch}`
  if (process.platform !== 'linux') return system
  // The dynamic loader's name reveals the C library.
  const isMusl = fs.readdirSync('/lib').some((name) => name.startsWith('ld-musl-'))
  return `${system}-${isMusl ? 'musl' : 'gnu'}`
}

function run(command, args) {
  // npm is a script on Windows, which only a shell can start.
  const shell = isWindows && command === 'npm'
  execFileSync(command, args, { cwd: folder, stdio: 'inherit', shell })
}
