// examples/dns with real resolvers: each asks in its own way, and each is told by its program.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import dgram from 'node:dgram'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { needsProgram, needsPython, needsRoot, pythonPath } from '../support/holders.mjs'
import { root, temporaryFolder } from '../support/install.mjs'
import { after, ownNetwork } from '../support/through.mjs'
import { runClient, startExample } from './started.mjs'

const file = 'examples/dns/server.js'
const node = fs.realpathSync(process.execPath)

/** Answers every question with 192.0.2.7, as another machine's name server would. */
async function startUpstream(t, host = '127.0.0.1') {
  const server = dgram.createSocket('udp4')
  server.on('message', (query, { port, address }) => server.send(answerTo(query), port, address))
  await once(server.bind(0, host), 'listening')
  t.after(() => server.close())
  return `${host}:${server.address().port}`
}

/** One A record; for other types, no record. */
function answerTo(query) {
  const end = query.indexOf(0, 12) + 5
  const header = Buffer.from(query.subarray(0, 12))
  const isA = query.readUInt16BE(end - 4) === 1
  header.writeUInt16BE(0x8180, 2)
  header.writeUInt16BE(isA ? 1 : 0, 6)
  header.writeUInt32BE(0, 8)
  const record = Buffer.from('c00c00010001000000000004c0000207', 'hex')
  return Buffer.concat([header, query.subarray(12, end), isA ? record : Buffer.alloc(0)])
}

const portOf = ({ first }) => Number(first.match(/ -p (\d+) /)[1])
const startServer = async (t, options = {}) =>
  startExample(t, root, file, { env: { UPSTREAM: await startUpstream(t) }, ...options })

const NODE_RESOLVER = `
  const { Resolver } = require('node:dns').promises
  const resolver = new Resolver()
  resolver.setServers(['127.0.0.1:' + process.argv[1]])
  resolver.resolve4('node.example').then((found) => console.log(found.join()))`

test('dig is told by its program', { skip: needsProgram('dig') }, async (t) => {
  const server = await startServer(t)
  const port = portOf(server)

  const { pid, body } = await runClient('dig', [
    ...['@127.0.0.1', '-p', String(port), '+short', 'dig.example', 'A']
  ])

  assert.equal(body, '192.0.2.7\n')
  assert.match(
    await server.nextLine(),
    new RegExp(`^A dig\\.example from /.*dig \\(pid ${pid}\\)$`)
  )
})

test("Node's own resolver is told by its program", async (t) => {
  const server = await startServer(t)
  const args = ['--eval', NODE_RESOLVER, String(portOf(server))]

  const { pid, body } = await runClient(node, args)

  assert.equal(body, '192.0.2.7\n')
  assert.equal(await server.nextLine(), `A node.example from ${node} (pid ${pid})`)
})

test('one that sends from an unconnected socket is told too, once for each question', async (t) => {
  const server = await startServer(t)
  const client = dgram.createSocket('udp4')
  t.after(() => client.close())
  const query = Buffer.from('abcd01000001000000000000026d65076578616d706c650000010001', 'hex')

  for (let i = 0; i < 2; i += 1) {
    client.send(query, portOf(server), '127.0.0.1')
    const [answer] = await once(client, 'message')
    assert.equal(answer.toString('hex', answer.length - 4), 'c0000207')
    assert.equal(await server.nextLine(), `A me.example from ${node} (pid ${process.pid})`)
  }
})

test('what is no question is not answered, and the next one is', async (t) => {
  const server = await startServer(t)
  const client = dgram.createSocket('udp4')
  t.after(() => client.close())
  const query = 'abcd01000001000000000000026d65076578616d706c650000010001'
  const wrong = [
    '',
    'abcd',
    query.replace('0100', '8180'),
    query.slice(0, -10),
    query.replace('026d65', '7f6d65'),
    query.replace('026d65', `7f${'61'.repeat(127)}`),
    query.replace('026d65', 'c00c')
  ]
  for (const bytes of wrong) client.send(Buffer.from(bytes, 'hex'), portOf(server), '127.0.0.1')
  const hostile = query.replace('026d65', '021b5b')
  client.send(Buffer.from(hostile, 'hex'), portOf(server), '127.0.0.1')

  const [answer] = await once(client, 'message')

  assert.equal(answer.readUInt16BE(0), 0xabcd)
  const line = `A \u{FFFD}[.example from ${node} (pid ${process.pid})`
  assert.equal(await server.nextLine(), line)
})

/** Programs that ask whom /etc/resolv.conf names, on port 53: each prints what it was told. */
const SYSTEM_CLIENTS = {
  lookup: [
    node,
    '--eval',
    `require('node:dns').lookup('lookup.example', 4, (_, found) => console.log(found))`
  ],
  python: [
    pythonPath,
    '-c',
    `import socket; print(socket.getaddrinfo('python.example', 80, socket.AF_INET)[0][4][0])`
  ],
  dig: ['dig', '+short', 'dig.example', 'A']
}

test("programs that ask the system's way are told by theirs", {
  skip: needsRoot || needsPython || needsProgram('dig')
}, async (t) => {
  // A network of its own, where nobody else has port 53, and its own idea of the name server.
  const configuration = path.join(temporaryFolder(t), 'resolv.conf')
  fs.writeFileSync(configuration, 'nameserver 127.0.0.1\n')
  const mounted = after(`mount --bind ${configuration} /etc/resolv.conf`)
  const upstream = await startUpstreamIn(t, ['unshare', '--mount', ...mounted, ...ownNetwork])
  const inside = ['nsenter', '--net', '--mount', `--target=${upstream.pid}`]
  const server = await startExample(t, root, file, {
    through: [...inside, `--wd=${root}`],
    env: { PORT: '53', UPSTREAM: upstream.address }
  })

  for (const [name, command] of Object.entries(SYSTEM_CLIENTS)) {
    const { pid, body } = await runClient(...[inside[0], [...inside.slice(1), ...command]])

    assert.equal(body, '192.0.2.7\n')
    const [program] = command
    const file = fs.realpathSync(program === 'dig' ? '/usr/bin/dig' : program)
    assert.equal(await server.nextLine(), `A ${name}.example from ${file} (pid ${pid})`)
  }
})

/** The same server, in a process that begins so. */
async function startUpstreamIn(t, through) {
  const body = `
    const { answerTo } = { answerTo: ${answerTo} }
    const server = require('node:dgram').createSocket('udp4')
    server.on('message', (query, { port, address }) => server.send(answerTo(query), port, address))
    server.bind(0, '127.0.0.1', () => console.log(process.pid, server.address().port))`
  const [command, ...args] = [...through, node, '--eval', body]
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  for await (const line of createInterface({ input: child.stdout })) {
    const [pid, port] = line.split(' ')
    return { pid, address: `127.0.0.1:${port}` }
  }
}

test('where apps can not be told names are resolved all the same', async (t) => {
  const server = await startServer(t, { isElsewhere: true })

  const args = ['--eval', NODE_RESOLVER, String(portOf(server))]
  const { body } = await runClient(node, args)

  assert.equal(body, '192.0.2.7\n')
  assert.equal(await server.nextLine(), 'A node.example from an unknown program')
  server.child.kill()
  assert.match((await server.stderr).join(''), /^socket-owner has no back end for freebsd.+\n$/)
})
