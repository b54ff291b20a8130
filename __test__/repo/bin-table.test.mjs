// The command without a port: the table of who listens, or of all sockets, in the width of a terminal.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import text from '../../bin/text.js'
import { listSockets } from '../../index.js'
import { runCommand } from '../support/command.mjs'
import {
  connect,
  listen,
  needsLinux,
  needsProgram,
  needsRoot,
  startNode,
  startServer
} from '../support/holders.mjs'
import { root } from '../support/install.mjs'
import { openToAll, ownNetwork, stranger } from '../support/through.mjs'

const { commandLine, fit, width } = text

/** The table's rows as objects, by the words of its head. */
function rowsOf(stdout) {
  const [head, ...lines] = stdout.trimEnd().split('\n')
  const names = head.split(/ +/)
  const starts = names.map((name) => head.indexOf(name))
  return lines.map((line) =>
    Object.fromEntries(names.map((name, i) => [name, line.slice(starts[i], starts[i + 1]).trim()]))
  )
}

async function holdSeveral({ say, hear, require }) {
  const net = require('node:net')
  const server = net.createServer().listen(3003, '::1')
  await new Promise((done) => server.once('listening', done))
  const client = net.connect(3003, '::1')
  await new Promise((done) => server.once('connection', done))
  const udp = require('node:dgram').createSocket('udp4').bind(53, '127.0.0.1')
  await new Promise((done) => udp.once('listening', done))
  const low = net.createServer().listen(80, '127.0.0.1')
  await new Promise((done) => low.once('listening', done))
  say({ clientPort: client.localPort })
  await hear()
}

const skip = needsRoot

test('who listens is told in order, and --all tells connections too', { skip }, async (t) => {
  const holder = await startNode(t, holdSeveral, { through: ownNetwork })
  const through = ['nsenter', `--net=/proc/${holder.pid}/ns/net`]

  const listening = await runCommand([], { through })
  const all = await runCommand(['--all'], { through })

  const row = (PROTO, LOCAL) => ({ PROTO, LOCAL, PID: String(holder.pid), PROGRAM: 'node' })
  const told = rowsOf(listening.stdout)
  assert.deepEqual(
    told.map(({ COMMAND: _, ...rest }) => rest),
    [row('tcp', '127.0.0.1:80'), row('tcp', '[::1]:3003'), row('udp', '127.0.0.1:53')]
  )
  assert.ok(told.every(({ COMMAND }) => COMMAND.startsWith(`${process.execPath} -e `)))
  assert.deepEqual([listening.code, listening.stderr], [0, ''])
  const client = `[::1]:${holder.said.clientPort}`
  assert.deepEqual(
    rowsOf(all.stdout).map(({ LOCAL, REMOTE, STATE }) => [LOCAL, REMOTE, STATE]),
    [
      ['127.0.0.1:80', '', 'LISTEN'],
      ['[::1]:3003', '', 'LISTEN'],
      ['[::1]:3003', client, 'ESTABLISHED'],
      [client, '[::1]:3003', 'ESTABLISHED'],
      ['127.0.0.1:53', '', 'bound']
    ]
  )
})

test('--tcp, --udp and --pid narrow it, --pid tells connections too', { skip }, async (t) => {
  const holder = await startNode(t, holdSeveral, { through: ownNetwork })
  const through = ['nsenter', `--net=/proc/${holder.pid}/ns/net`]
  const count = async (...args) =>
    rowsOf((await runCommand(args, { through })).stdout)
      .map(({ PROTO }) => PROTO)
      .join(' ')

  assert.equal(await count('--tcp'), 'tcp tcp')
  assert.equal(await count('--udp'), 'udp')
  assert.equal(await count('--udp', '--tcp'), 'tcp tcp udp')
  assert.equal(await count('--pid', String(holder.pid)), 'tcp tcp tcp tcp udp')
  assert.equal(await count(`--pid=${holder.pid}`, '--udp'), 'udp')
  const nobody = await runCommand(['--pid', '2147483647'], { through })
  const stderr = 'socket-owner: no sockets that you may see\n'
  assert.deepEqual(nobody, { code: 1, stdout: '', stderr })
})

test('--json gives the rows as they are', async (t) => {
  const server = await listen(t, '127.0.0.1')
  const client = await connect(t, '127.0.0.1', server.port)

  const { stdout, code } = await runCommand(['--json', '--pid', String(process.pid)])

  const ofTest = (sockets) =>
    sockets.filter(({ localPort }) => [server.port, client.localPort].includes(localPort))
  const order = (one, other) =>
    one.localPort - other.localPort || (one.state < other.state ? 1 : -1)
  const own = ofTest(await listSockets({ pid: process.pid }))
  assert.deepEqual(ofTest(JSON.parse(stdout)).sort(order), own.sort(order))
  assert.equal(own.length, 3)
  assert.equal(code, 0)
})

test('a hidden holder has its user, and the end says who would see it', {
  skip: needsLinux || needsRoot
}, async (t) => {
  const copy = openToAll(t)
  fs.cpSync(path.join(root, 'bin'), path.join(copy.root, 'bin'), { recursive: true })
  const server = await startServer(t, '127.0.0.1')
  const file = path.join(copy.root, 'bin', 'socket-owner.js')

  const told = await runCommand([], { through: stranger, node: copy.node, file })

  const row = rowsOf(told.stdout).find(({ LOCAL }) => LOCAL === `127.0.0.1:${server.said.port}`)
  assert.deepEqual([row.PID, row.PROGRAM, row.COMMAND], ['-', 'hidden (user root)', ''])
  assert.equal(told.stderr, 'Some processes are hidden from you; run this with sudo to see them\n')
  assert.equal(told.code, 0)
})

test('a terminal gets lines as wide as it is', { skip: needsProgram('script') }, async (t) => {
  await startServer(t, '127.0.0.1')
  const line = `script -qec "stty cols 60; exec '$1' '$2'" /dev/null`

  const { stdout } = await runCommand([], { through: ['sh', '-c', line, 'sh'] })

  const widths = stdout.trimEnd().split('\r\n').map(width)
  assert.equal(Math.max(...widths), 60)
})

for (const word of ['0', '2147483648', 'x', '', '-5', '1.5']) {
  test(`--pid ${JSON.stringify(word)} is refused`, async () => {
    const stderr = `socket-owner: --pid needs a pid, not ${word || 'nothing'}; see --help\n`
    assert.deepEqual(await runCommand(['--pid', word]), { code: 2, stdout: '', stderr })
  })
}

test('text is cut by columns, wide characters being two and accents none', () => {
  for (const [given, columns, fitted] of [
    ['short', 5, 'short'],
    ['longer', 5, 'long…'],
    ['日本語', 6, '日本語'],
    ['日本語', 5, '日本…'],
    ['日本語', 4, '日…'],
    ['e\u0301e\u0301', 2, 'e\u0301e\u0301'],
    ['🙂🙂', 3, '🙂…'],
    ['ab', 1, '…'],
    ['ab', 0, '']
  ]) {
    assert.equal(fit(given, columns), fitted)
    assert.ok(width(fitted) <= columns)
  }
})

test('arguments are told as one would type them', () => {
  const args = ['/bin/x', '--port=80', '', 'two words', "it's", 'a\nb\u001b[2J', '$HOME']
  const typed = "/bin/x --port=80 '' 'two words' 'it'\\''s' 'a\ufffdb\ufffd[2J' '$HOME'"
  assert.equal(commandLine(args), typed)
})
