// The README's JavaScript examples run and print what they say.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { documentBlocks } from '../support/blocks.mjs'
import { hostBinary, hostTag, install, installBinary } from '../support/install.mjs'

const block = documentBlocks('README.md')

/** Each JavaScript example and what a line of its output must look like. */
const EXAMPLES = [
  [block("js const http = require('node:http')"), /^GET \/ from pid \d+, (\/|[A-Z]:\\).*node\S*$/],
  [
    block("js import { findPidByLocalTcpPort } from 'socket-owner'"),
    /^(no process that I can see|process \d+ has port 3000)$/
  ]
]

/** Listens wherever is free, and sends one request there from a program of its own. */
const PRELOAD = `
  const net = require('node:net')
  const { spawn } = require('node:child_process')
  const { listen } = net.Server.prototype
  net.Server.prototype.listen = function () {
    return listen.call(this, 0, '127.0.0.1', () => {
      const client = "require('node:http').get(process.argv[1], (r) => r.resume())"
      const url = 'http://127.0.0.1:' + this.address().port
      const child = spawn(process.execPath, ['--eval', client, url], { env: {} })
      child.once('exit', () => this.close())
    })
  }`

test("the README's JavaScript examples run and print what they say", async (t) => {
  const folder = install(t)
  installBinary(folder, hostTag, fs.readFileSync(hostBinary))
  fs.writeFileSync(path.join(folder, 'preload.js'), PRELOAD)

  for (const [code, expected] of EXAMPLES) {
    const said = code.trimEnd().split('\n').at(-1).replace('// ', '')
    assert.match(said, expected)
    const isModule = code.includes('import ')
    const file = path.join(folder, `example.${isModule ? 'mjs' : 'cjs'}`)
    fs.writeFileSync(file, code)
    const child = spawn(process.execPath, ['--require', './preload.js', file], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit']
    })
    const printed = child.stdout.setEncoding('utf8').toArray()
    const [exitCode] = await once(child, 'exit')
    assert.equal(exitCode, 0)
    assert.match((await printed).join('').trim(), expected)
  }
})
