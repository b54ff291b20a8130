// index.d.ts compiles under the strictest options for every way in which TypeScript finds modules, and
// its examples print what they say.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import ts from 'typescript'
import { blocksInComments } from '../support/blocks.mjs'
import { startNode, startServer } from '../support/holders.mjs'
import { hostBinary, hostTag, install, installBinary, root } from '../support/install.mjs'

const strict = [
  ...['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2022'],
  ...['--lib', 'es2022', '--types', 'node']
]
const folder = path.join(root, '__test__', 'repo', 'typings')
const files = ['usage.mts', 'usage.cts'].map((name) => path.join(folder, name))

/** What the compiler says of our own files. Those of @types/node are read, and not checked each time. */
function complaints(moduleOptions) {
  const { options, errors } = ts.parseCommandLine([...strict, ...moduleOptions])
  const program = ts.createProgram(files, options)
  const own = program.getSourceFiles().filter(({ fileName }) => !/node_modules/.test(fileName))
  assert.ok(own.some(({ fileName }) => path.resolve(fileName) === path.join(root, 'index.d.ts')))
  const found = [program.getGlobalDiagnostics(), program.getConfigFileParsingDiagnostics()]
  for (const file of own) {
    found.push(program.getSyntacticDiagnostics(file), program.getSemanticDiagnostics(file))
  }
  return [...errors, ...program.getOptionsDiagnostics(), ...found.flat()].map(
    ({ messageText, file, start }) => {
      const where = file && file.getLineAndCharacterOfPosition(start).line + 1
      return `${file?.fileName}:${where}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
    }
  )
}

for (const moduleOptions of [
  ['--module', 'node16'],
  ['--module', 'nodenext'],
  ['--module', 'preserve', '--moduleResolution', 'bundler']
]) {
  test(`the typings hold for ${moduleOptions.slice(1).join(' ')}`, () => {
    assert.deepEqual(complaints(moduleOptions), [])
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
      // Once connected, only the lookup keeps the program.
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
