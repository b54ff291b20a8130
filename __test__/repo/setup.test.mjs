// A machine without a Rust that can build the binary is told so in one line.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { needsUnix } from '../support/holders.mjs'
import { root, temporaryFolder } from '../support/install.mjs'

const [, wanted] = fs
  .readFileSync(path.join(root, 'Cargo.toml'), 'utf8')
  .match(/^rust-version = "(\d+\.\d+)/m)
const advice = `install Rust ${wanted} or newer: https://rustup.rs\n`

/** Runs the build with these programs alone on PATH. */
async function buildWith(t, programs) {
  const folder = temporaryFolder(t)
  for (const [name, text] of Object.entries(programs)) {
    fs.writeFileSync(path.join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 })
  }
  const stdio = ['ignore', 'inherit', 'pipe']
  const args = [path.join(root, 'scripts', 'build.mjs')]
  const child = spawn(process.execPath, args, { env: { PATH: folder }, stdio })
  const said = child.stderr.setEncoding('utf8').toArray()
  const [code] = await once(child, 'exit')
  return { code, said: (await said).join('') }
}

const rustc = (release) => `echo 'release: ${release}'; echo 'host: x86_64-unknown-linux-gnu'`

test('without Rust', async (t) => {
  assert.deepEqual(await buildWith(t, {}), { code: 1, said: `No Rust was found; ${advice}` })
})

test('with a Rust that is too old', { skip: needsUnix }, async (t) => {
  const programs = { cargo: 'true', rustc: rustc('1.63.0') }
  const said = `Rust 1.63 is too old; ${advice}`
  assert.deepEqual(await buildWith(t, programs), { code: 1, said })
})

test('with a Rust that is new enough but fails to build', { skip: needsUnix }, async (t) => {
  const programs = { cargo: 'test "$1" = --version', rustc: rustc(`${wanted}.0`) }
  assert.deepEqual(await buildWith(t, programs), { code: 1, said: 'cargo build failed\n' })
})
