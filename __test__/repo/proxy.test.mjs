// The proxy of examples/, run as `npm start` runs it, with real programs as its clients.

import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { inspect, promisify } from 'node:util'
import { needsProgram, needsUnix } from '../support/holders.mjs'
import { root, temporaryFolder } from '../support/install.mjs'

const demo = path.join(root, 'examples', 'demo.js')
const run = promisify(execFile)

const isWindows = process.platform === 'win32'
const python = isWindows ? 'python' : 'python3'

/** The file behind a name on PATH, or undefined. */
function programFile(name) {
  return process.env.PATH.split(path.delimiter)
    .map((folder) => path.join(folder, isWindows ? `${name}.exe` : name))
    .find((file) => fs.existsSync(file))
}

/** On Windows what PATH has may be a starter of another file of that name, in any case. */
function assertNames(told, file) {
  if (!isWindows) assert.equal(told, fs.realpathSync(file))
  else assert.equal(path.basename(told).toLowerCase(), path.basename(file).toLowerCase())
}

/** The demo kept open on any free port: its lines as they come, and its two addresses. */
async function openDemo(t, before = []) {
  const child = spawn(process.execPath, [...before, demo, '--port', '0'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe']
  })
  t.after(() => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const nextLine = async () => (await lines.next()).value
  const [proxy, origin] = (await nextLine())
    .match(/http:\S+\//g)
    .filter((url, i, all) => all.indexOf(url) === i)
  return { child, lines, nextLine, proxy, origin }
}

const missing = (name) => `${name} is not installed here; going on without it`

/** A child's pid together with its end, so that the line about it can be compared. */
async function request(program, args) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const body = child.stdout.setEncoding('utf8').toArray()
  await once(child, 'exit')
  return { pid: child.pid, body: (await body).join('') }
}

test('the demo names each program, and ends with a table of them', async () => {
  const { stdout } = await run(process.execPath, [demo], { cwd: root })

  const lines = stdout.split('\n')
  const about = (ending) => lines.find((line) => line.endsWith(ending))
  const named = /^((?:\/|[A-Z]:\\).+) \(pid \d+ in \d+ µs\): (GET|CONNECT) /
  const node = fs.realpathSync(process.execPath)
  assert.equal(about('/node').match(named)[1], node)
  for (const [name, endings] of [
    ['curl', ['/curl', '/curl-again', ': CONNECT ']],
    ['wget', ['/wget']]
  ]) {
    const file = programFile(name)
    if (file === undefined) {
      assert.ok(lines.includes(missing(name)))
      continue
    }
    for (const ending of endings) {
      const line = lines.find((each) => each.endsWith(ending) || each.includes(ending))
      assertNames(line.match(named)[1], file)
    }
  }
  // Which file a Python on PATH runs is for its launcher to know; on Windows it may only offer itself.
  if (programFile(python) !== undefined && !lines.includes(missing(python))) {
    assert.match(about('/python').match(named)[1], /python/)
  }

  const table = lines.filter((line) => line.startsWith('│')).slice(1)
  const programs = new Set(lines.map((line) => line.match(named)?.[1]).filter(Boolean))
  assert.equal(table.length, programs.size)
  for (const program of programs) assert.ok(table.some((row) => row.includes(inspect(program))))
})

test('kept open, it names the pid of a program of your own, and ends with the table', async (t) => {
  const { child, nextLine, lines, proxy, origin } = await openDemo(t)
  const client = `
    const http = require('node:http')
    http.get(process.argv[1], { path: process.argv[2] }, (response) => response.pipe(process.stdout))`

  const { pid, body } = await request(process.execPath, ['--eval', client, proxy, origin])
  const line = await nextLine()

  assert.equal(body, 'hello\n')
  const node = fs.realpathSync(process.execPath)
  assert.ok(line.startsWith(`${node} (pid ${pid} in `))
  assert.ok(line.endsWith(`: GET ${origin}`))
  // Its terminal alone can send it one there.
  if (isWindows) return
  child.kill('SIGINT')
  const rest = []
  for await (const each of lines) rest.push(each)
  assert.ok(rest.some((row) => row.includes(`'${node}'`)))
})

const noCurl = needsProgram('curl')

test('a tunnel is named by its client too', { skip: noCurl }, async (t) => {
  const { nextLine, proxy, origin } = await openDemo(t)

  const { pid, body } = await request('curl', ['-s', '--proxytunnel', '-x', proxy, origin])
  const line = await nextLine()

  assert.equal(body, 'hello\n')
  const [told] = line.split(` (pid ${pid} in `)
  assertNames(told, programFile('curl'))
  assert.ok(line.endsWith(`: CONNECT ${new URL(origin).host}`))
})

test('a hostile name is made harmless before it is printed', {
  skip: needsUnix || noCurl
}, async (t) => {
  const { nextLine, proxy, origin } = await openDemo(t)
  const hostile = path.join(temporaryFolder(t), 'good\u001b[2J\u202e\u2028\nname')
  fs.copyFileSync(fs.realpathSync(programFile('curl')), hostile)
  fs.chmodSync(hostile, 0o755)

  const { body } = await request(hostile, ['-s', '-x', proxy, origin])
  const line = await nextLine()

  assert.equal(body, 'hello\n')
  assert.ok(line.includes('/good\ufffd[2J\ufffd\ufffd\ufffdname (pid '))
})

test('a request that is not for a proxy, and one for nobody, are answered as errors', async (t) => {
  const { nextLine, proxy } = await openDemo(t)
  const closed = http.createServer().listen(0, '127.0.0.1')
  await once(closed, 'listening')
  const nobody = `http://127.0.0.1:${closed.address().port}/`
  closed.close()
  await once(closed, 'close')

  for (const [target, status] of [
    ['/not-absolute', 400],
    ['ftp://127.0.0.1/', 400],
    [nobody, 502]
  ]) {
    const [response] = await once(http.get(proxy, { path: target, agent: false }), 'response')
    response.resume()
    assert.equal(response.statusCode, status)
    assert.match(await nextLine(), new RegExp(`\\(pid ${process.pid} in `))
  }
})

test('on an unsupported platform it goes on without names and says so once', async (t) => {
  const preload = path.join(temporaryFolder(t), 'windows.js')
  fs.writeFileSync(preload, "Object.defineProperty(process, 'platform', { value: 'freebsd' })")
  const { child, nextLine, proxy, origin } = await openDemo(t, ['--require', preload])
  const warnings = child.stderr.setEncoding('utf8').toArray()

  for (let i = 0; i < 3; i += 1) {
    const [response] = await once(http.get(proxy, { path: origin, agent: false }), 'response')
    response.resume()
    assert.equal(response.statusCode, 200)
    assert.match(await nextLine(), /^unknown program \(not found/)
  }
  child.kill('SIGINT')

  assert.match((await warnings).join(''), /^socket-owner has no back end for freebsd-\w+\. .*\n$/)
})
