// index.d.ts compiles under the strictest options for every way in which TypeScript finds modules, and
// its examples print what they say.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { blocksInComments } from '../support/blocks.mjs'
import { startNode, startServer } from '../support/holders.mjs'
import { hostBinary, hostTag, install, installBinary, root } from '../support/install.mjs'

const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc')
const strict = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2022']
const folder = path.join('__test__', 'repo', 'typings')
const files = [path.join(folder, 'usage.mts'), path.join(folder, 'usage.cts')]

for (const moduleOptions of [
  ['--module', 'node16'],
  ['--module', 'nodenext'],
  ['--module', 'preserve', '--moduleResolution', 'bundler']
]) {
  test(`the typings hold for ${moduleOptions.slice(1).join(' ')}`, async () => {
    const options = [...strict, '--types', 'node', '--lib', 'es2022', ...moduleOptions]
    const child = spawn(process.execPath, [tsc, ...options, ...files], { cwd: root })
    const printed = child.stdout.setEncoding('utf8').toArray()
    const [code] = await once(child, 'exit')

    assert.equal((await printed).join(''), '')
    assert.equal(code, 0)
  })
}

const typings = fs.readFileSync(path.join(root, 'index.d.ts'), 'utf8')
const examples = blocksInComments(typings)

test('every function has an example', () => {
  const functions = [...typings.matchAll(/^export function (\w+)/gm)].map(([, name]) => name)
  assert.equal(functions.length, 8)
  const shown = functions.map((name) => examples.filter(({ code }) => code.includes(`${name}(`)))
  assert.deepEqual(
    shown.map(({ length }) => length),
    functions.map(() => 1)
  )
  assert.equal(examples.length, functions.length)
})

async function bindForever({ say, hear, require }) {
  const socket = require('node:dgram').createSocket('udp4')
  socket.bind(0, '127.0.0.1', () => say({ port: socket.address().port }))
  await hear()
}

/** What stands around an example: a server and its client, a datagram, or nothing. */
function programOf(code) {
  const names = 'findPeerPid, findPeerProcess, findUdpPeerPid, listSockets'
  const more = 'findPidByLocalTcpPort, findPidByLocalUdpPort, getProcessInfo, getProcessPath'
  const scene = code.includes('server.on(') ? TCP_SCENE : code.includes('udp.on(') ? UDP_SCENE : ''
  return `
    import dgram from 'node:dgram'
    import net from 'node:net'
    import { ${names} } from 'socket-owner'
    import { ${more} } from 'socket-owner'
    ${scene.replace('EXAMPLE', code) || code}`
}

const TCP_SCENE = `
    const server = net.createServer((socket) => {
      // Once connected, only the look-up keeps the program.
      for (const each of [socket, server, client]) each.unref()
    })
    EXAMPLE
    let client
    server.listen(0, '127.0.0.1', () => {
      client = net.connect(server.address().port, '127.0.0.1')
    })`

const UDP_SCENE = `
    const udp = dgram.createSocket('udp4')
    const client = dgram.createSocket('udp4')
    udp.on('message', () => [udp, client].map((each) => each.unref()))
    EXAMPLE
    udp.bind(0, '127.0.0.1', () => client.send('?', udp.address().port, '127.0.0.1'))`

for (const { language, code } of examples) {
  test(`the example runs: ${code.split('\n')[0]}`, async (t) => {
    assert.equal(language, 'js')
    const isUdp = code.includes('5353')
    const holder = await (isUdp ? startNode(t, bindForever) : startServer(t, '127.0.0.1'))
    const [, says] = code.match(/\/\/ (.+)\n/)
    const folder = install(t)
    installBinary(folder, hostTag, fs.readFileSync(hostBinary))
    const file = path.join(folder, 'example.mjs')
    fs.writeFileSync(file, programOf(code.replace(/3000|5353/, holder.said.port)))
    const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] })
    const printed = (await child.stdout.setEncoding('utf8').toArray()).join('').trim()

    const year = String(new Date().getFullYear())
    const shape = says
      .replace(/\/\S+\/node\b/, 'PATH')
      .replace(/\b\d{5}\b/, 'PID')
      .replace(/\b20\d\d\b/, 'YEAR')
    const told = printed
      .replace(fs.realpathSync(process.execPath), 'PATH')
      .replace(new RegExp(`\\b(${holder.pid}|${child.pid}|${process.pid})\\b`), 'PID')
      .replace(year, 'YEAR')
    assert.equal(told, shape)
  })
}
