// The configuration of examples/electron: valid as electron-builder itself checks it, and a Linux app
// packed by it, with a stand-in for Electron's own files, has its binary outside of the archive.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { before, test } from 'node:test'
import { documentBlocks } from '../support/blocks.mjs'
import { needsLinux } from '../support/holders.mjs'
import { hostTag, temporaryFolder } from '../support/install.mjs'
import { installApp, run } from '../support/packed.mjs'

const block = documentBlocks('docs/electron.md')
let tools
let app
let require

before(async () => {
  const file = { after: (end) => process.on('exit', end) }
  // The builder apart from the app: the app's own packages are what is packed.
  tools = await installApp(file, { packages: ['electron-builder@26'] })
  app = await installApp(file, { from: 'examples/electron', omit: ['dev'] })
  require = createRequire(path.join(tools, 'x.js'))
})

test('the configuration is valid, and one with a wrong word is not', async () => {
  const { validateConfiguration } = require('app-builder-lib/out/util/config/config.js')
  const text = fs.readFileSync(path.join(app, 'electron-builder.yml'), 'utf8')
  const configuration = require('js-yaml').load(text)
  const quiet = { isEnabled: false }

  assert.deepEqual(configuration.mac.target[0].arch, ['x64', 'arm64', 'universal'])
  await validateConfiguration(configuration, quiet)
  const wrong = { ...configuration, mac: { ...configuration.mac, x64ArchFile: '*' } }
  await assert.rejects(validateConfiguration(wrong, quiet), /configuration\.mac should be/)
})

test('what docs/electron.md shows of it stands in it', () => {
  const [, ...lines] = block('yaml # electron-builder.yml').trim().split('\n')
  const text = fs.readFileSync(path.join(app, 'electron-builder.yml'), 'utf8')

  assert.notEqual(lines.length, 0)
  for (const line of lines) assert.ok(text.includes(`${line}\n`), line)
})

test('a packed app has its binary where it can be loaded', { skip: needsLinux }, async (t) => {
  const electron = temporaryFolder(t)
  fs.writeFileSync(path.join(electron, 'electron'), '#!/bin/sh\n', { mode: 0o755 })
  fs.mkdirSync(path.join(electron, 'resources'))
  const standIn = ['-c.electronVersion=45.4.1', `-c.electronDist=${electron}`]
  const builder = path.join(tools, 'node_modules', 'electron-builder', 'cli.js')
  const architecture = `--${process.arch}`

  const args = [builder, '--projectDir', app, '--linux', 'dir', architecture, ...standIn]
  await run(process.execPath, args, { cwd: tools })

  const unpacked = process.arch === 'x64' ? 'linux-unpacked' : `linux-${process.arch}-unpacked`
  const resources = path.join(app, 'dist', unpacked, 'resources')
  const binary = `node_modules/socket-owner-${hostTag}/socket-owner.${hostTag}.node`
  assert.ok(fs.existsSync(path.join(resources, 'app.asar.unpacked', binary)))
  const { listPackage } = require('@electron/asar')
  const packed = listPackage(path.join(resources, 'app.asar'), {})
  const own = fs.readdirSync(app).filter((name) => name.endsWith('.js'))
  const ofPage = fs.readdirSync(path.join(app, 'page')).map((name) => `page/${name}`)
  assert.ok(own.includes('main.js') && ofPage.includes('page/page.js'))
  for (const name of [...own, ...ofPage]) assert.ok(packed.includes(`/${name}`), name)
  assert.ok(packed.includes('/node_modules/socket-owner/index.js'))
  assert.ok(packed.includes('/page/lists.css'))
})
