// The command: `npx socket-owner 3000`, what it tells of ports.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { node, runCommand } from '../support/command.mjs'
import {
  connect,
  listen,
  needsLinux,
  needsProgram,
  needsRoot,
  needsUnix,
  quietPort,
  startNode,
  startServer
} from '../support/holders.mjs'
import { install, root, temporaryFolder } from '../support/install.mjs'
import { after as afterCommands, openToAll, stranger } from '../support/through.mjs'

const SINCE = /, since 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d$/
const isWindows = process.platform === 'win32'
const first = ({ stdout }) => stdout.split('\n')[0]

test('a port is told with the pid and program of its owner, its command line, folder, user and start', async (t) => {
  const server = await startServer(t, '127.0.0.1')

  const { code, stdout, stderr } = await runCommand([String(server.said.port)])

  const [owner, ...more] = stdout.trimEnd().split('\n')
  const rest = more.pop()
  assert.equal(owner, `${server.said.port}: pid ${server.pid}, ${node}`)
  assert.match(rest, SINCE)
  if (isWindows) {
    // It tells neither folder nor user, and Wine no command line either.
    assert.match(rest, /^ {2}listening on 127\.0\.0\.1, since /)
    assert.ok(more.every((line) => line.startsWith(`  ${process.execPath} -e `)))
  } else {
    const [command, folder, ...none] = more
    assert.ok(command.startsWith(`  ${process.execPath} -e `), command)
    assert.equal(folder, '  in /') // Where the holders of these tests run.
    assert.match(rest, /^ {2}listening on 127\.0\.0\.1, user \S+, since /)
    assert.deepEqual(none, [])
  }
  assert.deepEqual([code, stderr], [0, ''])
})

test('who listens is told, not who is connected from the same port', async (t) => {
  const elsewhere = await startServer(t, '127.0.0.1')
  const port = await quietPort()
  const client = await connect(t, '127.0.0.1', elsewhere.said.port, { localPort: port })
  const alone = await runCommand([String(port)])
  const listener = await startServer(t, '::1', { values: { port } })

  const both = await runCommand([`:${port}`])
  const all = await runCommand(['--all', String(port)])

  assert.equal(client.localPort, port)
  assert.equal(first(alone), `${port}: pid ${process.pid}, ${node}`)
  assert.equal(first(both), `${port}: pid ${listener.pid}, ${node}`)
  assert.equal(both.stdout.match(/pid/g).length, 1)
  for (const pid of [listener.pid, process.pid]) assert.ok(all.stdout.includes(`: pid ${pid}, `))
})

test('of several ports each is told, free ones that follow each other in one line', async (t) => {
  const server = await listen(t, '127.0.0.1')
  const free = await quietPort()

  const told = await runCommand([`${free}-${free}`, String(server.port), String(free)])
  const range = await runCommand([`${server.port}-${server.port}`])

  assert.equal(told.stdout.split('\n')[0], `${free}: free`)
  assert.equal(told.stdout.split('\n')[1], `${server.port}: pid ${process.pid}, ${node}`)
  assert.equal(told.stdout.match(/free/g).length, 1)
  assert.equal(told.code, 1)
  assert.equal(range.code, 0)
})

test('a range is every port in it', { skip: needsRoot }, async (t) => {
  const server = await startServer(t, '127.0.0.1', { values: { port: 3003 }, through: ownNetwork })
  const through = ['nsenter', `--net=/proc/${server.pid}/ns/net`]

  const { stdout, code } = await runCommand(['3000-3010'], { through })

  const told = stdout.split('\n').filter((line) => /^\d/.test(line))
  const owner = `3003: pid ${server.pid}, ${node}`
  assert.deepEqual(told, ['3000-3002: free', owner, '3004-3010: free'])
  assert.equal(code, 1)
})

const ownNetwork = ['unshare', '--net', ...afterCommands('ip link set lo up')]

test('a port of UDP is told as such, and one of both protocols twice', async (t) => {
  const server = await startNode(t, holdBoth)
  const { port } = server.said
  const lines = async (...args) =>
    (await runCommand([String(port), ...args])).stdout
      .split('\n')
      .filter((line) => /^\d/.test(line))

  const [tcp, udp] = [
    `${port}: pid ${server.pid}, ${node}`,
    `${port} (udp): pid ${server.pid}, ${node}`
  ]
  assert.deepEqual((await lines()).sort(), [udp, tcp].sort())
  assert.deepEqual(await lines('--tcp'), [tcp])
  assert.deepEqual(await lines('--udp'), [udp])
  assert.equal((await lines('--tcp', '--udp')).length, 2)
})

async function holdBoth({ say, hear, require }) {
  const server = require('node:net').createServer().listen(0, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
  const { port } = server.address()
  const udp = require('node:dgram').createSocket('udp4').bind(port, '127.0.0.1')
  udp.once('listening', () => say({ port }))
  await hear()
}

test('--json gives every holder with its whole record', async (t) => {
  const server = await listen(t, '127.0.0.1')
  const free = await quietPort()

  const { code, stdout } = await runCommand(['--json', String(server.port), String(free)])

  const [{ process: record, ...owner }, none] = JSON.parse(stdout)
  assert.equal(code, 1)
  assert.deepEqual(owner, {
    port: server.port,
    protocol: 'tcp',
    state: 'listening',
    addresses: ['127.0.0.1'],
    pid: process.pid,
    pids: [process.pid],
    uid: process.getuid?.() ?? null
  })
  const folder = isWindows ? null : process.cwd()
  assert.deepEqual([record.pid, record.path, record.cwd], [process.pid, node, folder])
  // Wine does not tell them.
  assert.ok(Array.isArray(record.args) || (isWindows && record.args === null))
  assert.deepEqual(none, {
    port: free,
    protocol: null,
    state: null,
    addresses: [],
    pid: null,
    pids: [],
    uid: null,
    process: null
  })
})

test('a hostile name and hostile arguments are harmless on a terminal, and whole in the JSON', {
  skip: needsUnix
}, async (t) => {
  const hostile = path.join(temporaryFolder(t), 'good\u001b[2J\u202e\u2028\u009b\n\u{E0001}name')
  fs.copyFileSync(node, hostile)
  fs.chmodSync(hostile, 0o755)
  const server = await startServer(t, '127.0.0.1', { node: hostile })

  const line = await runCommand([String(server.said.port)])
  const table = await runCommand([])
  const json = await runCommand([String(server.said.port), '--json'])

  assert.ok(first(line).endsWith('/good\ufffd[2J\ufffd\ufffd\ufffd\ufffd\ufffdname'), line.stdout)
  const [{ process: record }] = JSON.parse(json.stdout)
  assert.equal(record.path, hostile)
  assert.equal(record.args[0], hostile)
  for (const { stdout } of [line, table, json]) {
    assert.doesNotMatch(stdout.replaceAll('\n', ''), /[\p{C}\p{Zl}\p{Zp}]/u)
  }
})

test('a hidden holder is told from a free port, with what would show it', {
  skip: needsLinux || needsRoot
}, async (t) => {
  const copy = openToAll(t)
  fs.cpSync(path.join(root, 'bin'), path.join(copy.root, 'bin'), { recursive: true })
  const server = await startServer(t, '127.0.0.1')
  const { port } = server.said
  const free = await quietPort()
  const file = path.join(copy.root, 'bin', 'socket-owner.js')
  const withoutPtrace = ['setpriv', '--bounding-set=-sys_ptrace', '--inh-caps=-sys_ptrace']
  const others = await startServer(t, '127.0.0.1', { through: stranger, node: copy.node })

  const asStranger = await runCommand([String(port), String(free)], {
    through: stranger,
    node: copy.node,
    file
  })
  const asLittleRoot = await runCommand([String(others.said.port)], { through: withoutPtrace })

  const start = 'in use by a process of user'
  assert.deepEqual(asStranger, {
    code: 1,
    stdout: `${port}: ${start} root that is hidden from you; run this with sudo to see it\n${free}: free\n`,
    stderr: ''
  })
  assert.match(
    asLittleRoot.stdout,
    / that is hidden from you; run this as root with CAP_SYS_PTRACE to see it\n$/
  )
})

for (const args of [
  ['0'],
  ['65536'],
  ['3000x'],
  ['-1'],
  ['1e3'],
  [''],
  [':'],
  ['3010-3000'],
  ['3000-'],
  ['--jsn', '80'],
  ['\u001bc']
]) {
  test(`${JSON.stringify(args)} is refused`, async () => {
    const { code, stdout, stderr } = await runCommand(args)

    const [named] = args[0] === '\u001bc' ? ['\ufffdc'] : args
    const message = `${named} is neither a port (1 to 65535) nor an option; see --help`
    assert.deepEqual(
      { code, stdout, stderr },
      { code: 2, stdout: '', stderr: `socket-owner: ${message}\n` }
    )
  })
}

test('--help says how it is used, --version which one it is', async () => {
  const help = await runCommand(['3000', '--help'])
  const version = await runCommand(['-v'])

  assert.equal(help.code, 0)
  assert.match(help.stdout, /^Usage: socket-owner \[port\]\.\.\. \[options\]\n/)
  const { version: own } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'))
  assert.deepEqual(version, { code: 0, stdout: `${own}\n`, stderr: '' })
})

test('where it can not look it says why in one line', async (t) => {
  const preload = path.join(temporaryFolder(t), 'elsewhere.js')
  fs.writeFileSync(preload, "Object.defineProperty(process, 'platform', { value: 'freebsd' })")
  const folder = install(t)
  const home = path.join(folder, 'node_modules', 'socket-owner')
  fs.cpSync(path.join(root, 'bin'), path.join(home, 'bin'), { recursive: true })

  const unsupported = await runCommand(['80'], { flags: ['--require', preload] })
  const missing = await runCommand(['80'], { file: path.join(home, 'bin', 'socket-owner.js') })

  assert.equal(unsupported.code, 2)
  assert.match(unsupported.stderr, /^socket-owner has no back end for freebsd.+\n$/)
  assert.equal(missing.code, 2)
  assert.match(missing.stderr, /^socket-owner needs .+ is not installed\. .+ npm install .+\n$/)
})

test('a reader that has heard enough is no error', { skip: needsProgram('sh') }, async (t) => {
  await listen(t, '127.0.0.1')
  const through = ['sh', '-c', '"$@" | true; exit 0', 'sh']

  assert.deepEqual(await runCommand([], { through }), { code: 0, stdout: '', stderr: '' })
})
