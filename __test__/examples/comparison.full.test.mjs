// The lines of docs/comparison.md: what others answer to the question, and what ours answers, about the
// same sockets. These are the only ones there, in a network namespace of their own.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { before, test } from 'node:test'
import { documentBlocks } from '../support/blocks.mjs'
import { needsProgram, needsRoot, startNode } from '../support/holders.mjs'
import { installApp, run } from '../support/packed.mjs'
import { networkOf, ownNetwork } from '../support/through.mjs'

const block = documentBlocks('docs/comparison.md')
/** By question: their way and ours, the variable of the answer, and what is the same in both. */
const WAYS = {
  'find-process': {
    theirs: block("js import findProcess from 'find-process'"),
    ours: block('js import { findPidByLocalTcpPort }', 'From find-process'),
    answer: 'pid'
  },
  portToPid: {
    theirs: block('js import { portToPid }'),
    ours: block('js import { findPidByLocalTcpPort }', 'portToPid'),
    answer: 'pid'
  },
  allPortsWithPid: {
    theirs: block('js import { allPortsWithPid }'),
    ours: block('js import { listSockets }', 'allPortsWithPid'),
    answer: '[...pids].sort()'
  },
  portBindings: {
    theirs: block('js import { portBindings }'),
    ours: block('js import { listSockets }', 'portBindings'),
    answer: 'bindings.map(({ host, pid }) => [host, pid]).sort()'
  },
  pidToPorts: {
    theirs: block('js import { pidToPorts }'),
    ours: block('js import { listSockets }', 'pidToPorts'),
    answer: '[...ports].sort()'
  },
  systeminformation: {
    theirs: block("js import si from 'systeminformation'"),
    ours: block('js import { listSockets }', 'From systeminformation'),
    // What the page says is another there.
    answer: `connections.map((each) => [
      each.protocol.slice(0, 3), each.localAddress, each.localPort,
      each.peerPort === '*' || each.peerPort === 'null' ? '' : each.peerAddress + ' ' + each.peerPort,
      each.protocol.startsWith('udp') ? '' : each.state, each.pid
    ].join(' ')).filter((row) => !/^udp.* \\d+  /.test(row)).sort()`
  }
}
const psutil = block('python import psutil')
const likePsutil = block('js import { listSockets }', 'From psutil')
const onePort = [block('sh lsof', 'One port'), block('sh npx', 'One port')]
const everySocket = {
  lsof: block('sh lsof', 'Every socket'),
  ss: block('sh ss'),
  ours: block('sh npx', 'Every socket')
}

const skip = needsRoot || needsProgram('ss') || needsProgram('lsof')
let folder

before(async () => {
  if (skip) return
  const packages = ['find-process@2', 'pid-port@2', 'systeminformation@5']
  folder = await installApp({ after: (end) => process.on('exit', end) }, { packages })
})

/** Holds a socket of each kind on port 3000 and others. */
async function holdSockets({ say, hear, require }) {
  const net = require('node:net')
  const dgram = require('node:dgram')
  const until = (emitter, event) => new Promise((done) => emitter.once(event, done))
  const connect = async (...ends) => until(net.connect(...ends), 'connect')
  for (const [port, host] of [
    [3000, '127.0.0.1'],
    [3000, '::1'],
    [4000, '::'],
    [5000, '0.0.0.0']
  ]) {
    await until(net.createServer().listen(port, host), 'listening')
  }
  for (const [port, host] of [
    [3000, '127.0.0.1'],
    [3000, '::1'],
    [4000, '127.0.0.1']
  ]) {
    await connect(port, host)
  }
  await until(dgram.createSocket('udp4').bind(6000, '127.0.0.1'), 'listening')
  const client = dgram.createSocket('udp4')
  client.connect(6000, '127.0.0.1')
  await until(client, 'connect')
  say({})
  await hear()
}

const startHolder = (t) => startNode(t, holdSockets, { through: ownNetwork })

/** Runs a program among the holder's sockets and returns what it prints. */
async function inside(holder, command, options = {}) {
  const [program, ...args] = [...networkOf(holder), ...command]
  const settings = { cwd: folder, env: { ...process.env, npm_config_offline: 'true' }, ...options }
  return (await run(program, args, settings)).stdout
}

/** What a block of JavaScript answers. */
async function evaluate(holder, code, answer) {
  const file = path.join(folder, 'way.mjs')
  const text = code.replaceAll('48213', holder.pid)
  fs.writeFileSync(file, `${text}\nconsole.log(JSON.stringify(${answer}))\n`)
  return JSON.parse(await inside(holder, [process.execPath, file]))
}

for (const [name, { theirs, ours, answer }] of Object.entries(WAYS)) {
  test(`${name} and ours give the same answer`, { skip }, async (t) => {
    const holder = await startHolder(t)

    const [found, expected] = [
      await evaluate(holder, ours, answer),
      await evaluate(holder, theirs, answer)
    ]

    assert.deepEqual(found, expected)
    assert.ok(JSON.stringify(found).includes(String(holder.pid)) || name === 'pidToPorts')
    assert.ok(JSON.stringify(found).length > 3)
  })
}

test('psutil and ours give the same answer', {
  skip: skip || needsProgram('python3')
}, async (t) => {
  const holder = await startHolder(t)
  const modules = path.join(folder, 'python')
  await run('python3', [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--root-user-action=ignore',
    `--target=${modules}`,
    'psutil'
  ])
  const code = `${psutil}\nimport json\nprint(json.dumps(sorted(connections)))\n`

  const env = { ...process.env, PYTHONPATH: modules }
  const expected = JSON.parse(await inside(holder, ['python3', '-c', code], { env }))
  const byText = '.sort((a, b) => a[0] - b[0] || (a[1] < b[1] ? -1 : 1))'
  const found = await evaluate(holder, likePsutil, `connections${byText}`)

  assert.deepEqual(found, expected)
  assert.equal(found.length, 12)
})

test('lsof and our command give the same pid', { skip }, async (t) => {
  const holder = await startHolder(t)
  const [lsof, ours] = onePort

  const pids = (await inside(holder, ['sh', '-c', lsof])).trim()
  const told = await inside(holder, ['sh', '-c', ours])

  assert.deepEqual([...new Set(pids.split('\n'))], [String(holder.pid)])
  assert.match(told, new RegExp(`^3000: pid ${holder.pid}, /`))
})

test('lsof, ss and our command list the same sockets', { skip }, async (t) => {
  const holder = await startHolder(t)
  const lines = async (command) =>
    (await inside(holder, ['sh', '-c', command])).trim().split('\n').slice(1)
  /** Local port, remote port, pid. */
  const byLsof = (await lines(everySocket.lsof)).map((line) => {
    const [, pid, local, remote = ''] = line.match(
      /^\S+ +(\d+) .* [^>]*:(\d+)(?:->\S*:(\d+))?(?: |$)/
    )
    return [local, remote, pid].join(' ')
  })
  const bySs = (await lines(everySocket.ss)).map((line) => {
    const [, local, remote, pid] = line.match(/:(\d+) +\S+:(\d+|\*) .*pid=(\d+)/)
    return [local, remote === '*' ? '' : remote, pid].join(' ')
  })
  const byOurs = (await lines(everySocket.ours)).map((line) => {
    const cells = line.match(/^\w+ +\S+:(\d+) +(?:\S+:(\d+) +)?(?:[a-zA-Z_]+ +)?(\d+) /)
    const [, local, remote = '', pid] = cells ?? assert.fail(line)
    return [local, remote, pid].join(' ')
  })

  assert.equal(byOurs.length, 12)
  assert.deepEqual(byOurs.sort(), byLsof.sort())
  assert.deepEqual(byOurs, bySs.sort())
})

test('the lines for an accepted connection run', { skip }, async () => {
  const program = block('js import { findPeerProcess }')
  const around = `
    console.log(process.pid, process.execPath)
    server.on('connection', async (socket) => {
      await findPeerProcess(socket)
      setImmediate(() => process.exit())
    })
    server.listen(0, '127.0.0.1', () => net.connect(server.address().port, '127.0.0.1'))`
  const file = path.join(folder, 'accepted.mjs')
  const opening = "import net from 'node:net'\nconst server = net.createServer()\n"
  fs.writeFileSync(file, opening + program + around)

  const { stdout } = await run(process.execPath, [file], { cwd: folder })

  const [own, found, ...rest] = stdout.trim().split('\n')
  assert.equal(found, own)
  assert.deepEqual(rest, [])
})
