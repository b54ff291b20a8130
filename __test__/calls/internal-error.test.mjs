// A panic of the native side is an error of that lookup: the process lives and the next call works.
// The binary is built with the feature that panics when asked for port 65535 or pid 2147483647.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { test } from 'node:test'
import { cargoBuild } from '../../scripts/lib/native.mjs'
import { hostTag, install, installBinary, requireIn, root } from '../support/install.mjs'

/** Not optimised, like cargo's tests: what they share is compiled once. */
const buildPanicking = () => cargoBuild(['--features', 'panic-on-purpose'])

function installPanicking(t) {
  const folder = install(t)
  installBinary(folder, hostTag, fs.readFileSync(buildPanicking()))
  return requireIn(folder)('socket-owner')
}

function isInternalError(error) {
  assert.ok(error instanceof Error)
  assert.equal(error.code, 'ERR_INTERNAL')
  assert.match(error.message, /^A bug in socket-owner stopped this lookup; the next call works\. /)
  assert.ok(error.cause instanceof Error)
  return true
}

test('a panic rejects what it was asked with, and the next call works', async (t) => {
  const owner = installPanicking(t)
  const server = net.createServer().listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const { port } = server.address()

  for (let i = 0; i < 2; i += 1) {
    const panicking = owner.findPidByLocalTcpPort(65535, { state: 'listening' })
    const together = owner.findPidByLocalTcpPort(port)
    await assert.rejects(panicking, isInternalError)
    await assert.rejects(together, isInternalError)
    assert.equal(await owner.findPidByLocalTcpPort(port), process.pid)

    await assert.rejects(owner.getProcessPath(2147483647), isInternalError)
    assert.equal(await owner.getProcessPath(process.pid), fs.realpathSync(process.execPath))
  }
})

test('no panic of ours is left in the release library: it would carry the name of its file', () => {
  const left = sourcesIn(path.join(root, `socket-owner.${hostTag}.node`))
  const planted = sourcesIn(buildPanicking())

  assert.deepEqual(left, [])
  assert.ok(planted.includes('src/lib.rs'), `${planted}`)
})

/** The source files of the package that a library names; a dependency's follow a slash. */
function sourcesIn(library) {
  const text = fs.readFileSync(library, 'latin1')
  const names = fs.readdirSync(path.join(root, 'src'), { recursive: true })
  const sources = names.map((name) => path.join('src', name)).filter((name) => /\.rs$/.test(name))
  return sources.filter((name) => text.replaceAll(`/${name}`, '').includes(name))
}
