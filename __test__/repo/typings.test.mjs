// index.d.ts compiles under the strictest options for every way in which TypeScript finds modules, and
// its examples print what they say.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { blocksInComments } from '../support/blocks.mjs'
import { startServer } from '../support/holders.mjs'
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
  assert.equal(functions.length, 4)
  const shown = functions.map((name) => examples.filter(({ code }) => code.includes(`${name}(`)))
  assert.deepEqual(
    shown.map(({ length }) => length),
    functions.map(() => 1)
  )
  assert.equal(examples.length, functions.length)
})

for (const { language, code } of examples) {
  test(`the example runs: ${code.split('\n')[0]}`, async (t) => {
    assert.equal(language, 'js')
    const holder = await startServer(t, '127.0.0.1')
    const [, says] = code.match(/\/\/ (.+)\n/)
    const folder = install(t)
    installBinary(folder, hostTag, fs.readFileSync(hostBinary))
    const program = `
      import net from 'node:net'
      import { findPeerPid, findPidByLocalTcpPort } from 'socket-owner'
      import { getProcessInfo, getProcessPath } from 'socket-owner'
      // Once connected, only the look-up keeps the program.
      const server = net.createServer((socket) => {
        for (const each of [socket, server, client]) each.unref()
      })
      let client
      ${code.replace('3000', holder.said.port)}
      if (server.listenerCount('connection') > 1) {
        server.listen(0, '127.0.0.1', () => {
          client = net.connect(server.address().port, '127.0.0.1')
        })
      }`
    const file = path.join(folder, 'example.mjs')
    fs.writeFileSync(file, program)
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
