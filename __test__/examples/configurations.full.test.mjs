// The lines and configurations of docs/electron.md that electron-builder.full.test.mjs does not check: each
// does what the page says of it. esbuild stands for a package with a binary for each system.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { documentBlocks } from '../support/blocks.mjs'
import { hostTag, temporaryFolder } from '../support/install.mjs'
import { installApp, run } from '../support/packed.mjs'
import { skip, writeStandIn } from './live-requests.mjs'

const block = documentBlocks('docs/electron.md')

test('the lines that start the example start it', { skip }, async (t) => {
  const [enter, install, start] = block('sh cd examples').trim().split('\n')
  const from = enter.replace('cd ', '')
  // What the second line does, with the packed package in the place of the published one.
  assert.equal(install, 'npm install')
  const folder = await installApp(t, { from, packages: ['playwright-core@1'] })
  const electron = temporaryFolder(t)
  writeStandIn(electron, folder)

  // Electron's own package takes its binary from there, and is happy with any.
  const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'socket-owner-electron-'))
  const env = { ...process.env, ELECTRON_OVERRIDE_DIST_PATH: electron, TMPDIR: temporary }
  const stdio = ['ignore', 'ignore', 'pipe']
  const options = { cwd: folder, env: { ...env, PROXY_PORT: '0' }, stdio, detached: true }
  const app = spawn('sh', ['-c', start], options)
  t.after(() => {
    process.kill(-app.pid, 'SIGKILL')
    // Its processes may write for a moment longer.
    fs.rmSync(temporary, { recursive: true, force: true, maxRetries: 10 })
  })
  const said = []
  for await (const line of createInterface({ input: app.stderr })) {
    said.push(line)
    if (line.startsWith('DevTools listening')) return
  }
  assert.fail(said.join('\n'))
})

test("Forge's line keeps the binary out of the archive", async (t) => {
  const folder = await installApp(t, { packages: ['@electron/asar@3'] })
  const require = createRequire(path.join(folder, 'x.js'))
  fs.writeFileSync(path.join(folder, 'forge.config.js'), block('js // forge.config.js'))
  const { unpack } = require('./forge.config.js').packagerConfig.asar

  const archive = path.join(temporaryFolder(t), 'app.asar')
  await require('@electron/asar').createPackageWithOptions(folder, archive, { unpack })

  const binary = `node_modules/socket-owner-${hostTag}/socket-owner.${hostTag}.node`
  assert.ok(fs.existsSync(path.join(`${archive}.unpacked`, binary)))
  assert.ok(!fs.existsSync(path.join(`${archive}.unpacked`, 'node_modules/socket-owner')))
})

test('the line for the other architecture brings its binary', async (t) => {
  const folder = temporaryFolder(t)
  const manifest = { private: true, dependencies: { esbuild: '0.28' } }
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest))
  const [, ...args] = block('sh npm install --cpu').trim().split(' ')

  await run('npm', [...args, '--ignore-scripts', '--no-audit'], { cwd: folder })

  const brought = fs.readdirSync(path.join(folder, 'node_modules', '@esbuild'))
  assert.deepEqual(brought, ['linux-arm64'])
})

test("pnpm's lines bring the Macs' and Windows' binaries", async (t) => {
  const tools = await installApp(t, { packages: ['pnpm@10'] })
  const folder = temporaryFolder(t)
  const manifest = { private: true, dependencies: { esbuild: '0.28' } }
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest))
  fs.writeFileSync(path.join(folder, 'pnpm-workspace.yaml'), block('yaml # pnpm-workspace.yaml'))

  const pnpm = path.join(tools, 'node_modules', 'pnpm', 'bin', 'pnpm.cjs')
  const where = [`--store-dir=${path.join(folder, 'store')}`, '--ignore-scripts']
  await run(process.execPath, [pnpm, 'install', ...where], { cwd: folder })

  const brought = fs.readdirSync(path.join(folder, 'node_modules', '.pnpm'))
  for (const name of ['darwin-arm64', 'darwin-x64', 'win32-arm64', 'win32-x64']) {
    assert.ok(
      brought.some((each) => each.startsWith(`@esbuild+${name}@`)),
      name
    )
  }
})
