// The command: `npx socket-owner 3000`.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { connect, listen, quietPort, startServer } from '../support/holders.mjs'
import { install, root, temporaryFolder } from '../support/install.mjs'

const command = path.join(root, 'bin', 'socket-owner.js')
const node = fs.realpathSync(process.execPath)

async function run(args, { flags = [], file = command } = {}) {
  const child = spawn(process.execPath, [...flags, file, ...args])
  const [stdout, stderr] = [child.stdout, child.stderr].map((stream) =>
    stream.setEncoding('utf8').toArray()
  )
  const [code] = await once(child, 'close')
  return { code, stdout: (await stdout).join(''), stderr: (await stderr).join('') }
}

test('a port is told with the pid and the program of its owner', async (t) => {
  const server = await startServer(t, '127.0.0.1')

  const told = await run([String(server.said.port)])

  const stdout = `${server.said.port}: pid ${server.pid}, ${node}\n`
  assert.deepEqual(told, { code: 0, stdout, stderr: '' })
})

test('who listens is told, not who is connected from the same port', async (t) => {
  const elsewhere = await startServer(t, '127.0.0.1')
  const port = await quietPort()
  const client = await connect(t, '127.0.0.1', elsewhere.said.port, { localPort: port })
  const alone = await run([String(port)])
  const listener = await startServer(t, '::1', { values: { port } })

  const both = await run([String(port)])

  assert.equal(client.localPort, port)
  assert.equal(alone.stdout, `${port}: pid ${process.pid}, ${node}\n`)
  assert.equal(both.stdout, `${port}: pid ${listener.pid}, ${node}\n`)
})

test('of several ports each has its line, and exit code 1 says that one has nobody', async (t) => {
  const server = await listen(t, '127.0.0.1')
  const free = await quietPort()

  const told = await run([String(free), String(server.port)])

  const lines = [
    `${free}: nobody that you may see has this port`,
    `${server.port}: pid ${process.pid}, ${node}`
  ]
  assert.deepEqual(told, { code: 1, stdout: `${lines.join('\n')}\n`, stderr: '' })
})

test('--json gives the same as an array', async (t) => {
  const server = await listen(t, '127.0.0.1')
  const free = await quietPort()

  const { code, stdout } = await run(['--json', String(server.port), String(free)])

  assert.equal(code, 1)
  assert.deepEqual(JSON.parse(stdout), [
    { port: server.port, pid: process.pid, path: node },
    { port: free, pid: null, path: null }
  ])
})

test('a hostile name is harmless on a terminal, and whole in the JSON', async (t) => {
  const hostile = path.join(temporaryFolder(t), 'good\u001b[2J\u202e\u2028\u009b\n\u{E0001}name')
  fs.copyFileSync(node, hostile)
  fs.chmodSync(hostile, 0o755)
  const server = await startServer(t, '127.0.0.1', { node: hostile })

  const line = await run([String(server.said.port)])
  const json = await run([String(server.said.port), '--json'])

  assert.ok(line.stdout.endsWith('/good\ufffd[2J\ufffd\ufffd\ufffd\ufffd\ufffdname\n'), line.stdout)
  assert.equal(JSON.parse(json.stdout)[0].path, hostile)
  assert.doesNotMatch(json.stdout.replaceAll('\n', ''), /[\p{C}\p{Zl}\p{Zp}]/u)
})

for (const args of [
  ['0'],
  ['65536'],
  ['3000x'],
  ['-1'],
  ['1e3'],
  [''],
  ['--jsn', '80'],
  ['\u001bc']
]) {
  test(`${JSON.stringify(args)} is refused`, async () => {
    const { code, stdout, stderr } = await run(args)

    const [named] = args[0] === '\u001bc' ? ['\ufffdc'] : args
    const message = `${named} is neither a port (1 to 65535) nor an option; see --help`
    assert.deepEqual(
      { code, stdout, stderr },
      { code: 2, stdout: '', stderr: `socket-owner: ${message}\n` }
    )
  })
}

test('without a port it says how it is used, with --help at length', async () => {
  const none = await run([])
  const help = await run(['3000', '--help'])
  const version = await run(['-v'])

  const stderr = 'socket-owner: which port? For example: socket-owner 3000\n'
  assert.deepEqual(none, { code: 2, stdout: '', stderr })
  assert.equal(help.code, 0)
  assert.match(help.stdout, /^Usage: socket-owner <port>\.\.\. \[--json\]\n/)
  const { version: own } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'))
  assert.deepEqual(version, { code: 0, stdout: `${own}\n`, stderr: '' })
})

test('where it can not look it says why in one line', async (t) => {
  const preload = path.join(temporaryFolder(t), 'elsewhere.js')
  fs.writeFileSync(preload, "Object.defineProperty(process, 'platform', { value: 'freebsd' })")
  const folder = install(t)
  const home = path.join(folder, 'node_modules', 'socket-owner')
  fs.cpSync(path.join(root, 'bin'), path.join(home, 'bin'), { recursive: true })

  const unsupported = await run(['80'], { flags: ['--require', preload] })
  const missing = await run(['80'], { file: path.join(home, 'bin', 'socket-owner.js') })

  assert.equal(unsupported.code, 2)
  assert.match(unsupported.stderr, /^socket-owner has no back end for freebsd.+\n$/)
  assert.equal(missing.code, 2)
  assert.match(missing.stderr, /^socket-owner needs .+ is not installed\. .+ npm install .+\n$/)
})
