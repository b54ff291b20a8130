// examples/electron as it is given to users: packed by electron-builder, on a Mac for both CPUs in one
// app, then started from there. In Electron, or in what stands for it: see live-requests.mjs.

import assert from 'node:assert/strict'
import path from 'node:path'
import { before, test } from 'node:test'
import { temporaryFolder } from '../support/install.mjs'
import { installApp, run } from '../support/packed.mjs'
import {
  ended,
  isReal,
  nodeName,
  runCurl,
  skip,
  startApp,
  startClient,
  writeStandIn
} from './live-requests.mjs'

/** What electron-builder makes here, and what is started of it. */
const beside = process.arch === 'x64' ? '' : `-${process.arch}`
const TARGETS = {
  // Ad hoc is the signature of who has no certificate; Apple silicon starts nothing unsigned.
  darwin: {
    args: ['--mac', 'dir', '--universal', '-c.mac.identity=-'],
    made: 'mac-universal/Live Requests.app/Contents/MacOS/Live Requests'
  },
  linux: {
    args: ['--linux', 'dir', `--${process.arch}`],
    made: `linux${beside}-unpacked/live-requests`
  },
  win32: {
    args: ['--win', 'dir', `--${process.arch}`],
    made: `win${beside}-unpacked/Live Requests.exe`
  }
}
const isMac = process.platform === 'darwin'

let tools
let executable

before(async () => {
  if (skip) return
  const file = { after: (end) => process.on('exit', end) }
  tools = await installApp(file, { packages: ['playwright-core@1', 'electron-builder@26'] })
  // As its own developer packs it where that is possible, else without Electron's binary.
  const omit = isReal ? [] : ['dev']
  const app = await installApp(file, { from: 'examples/electron', omit })
  executable = await pack(file, app)
})

/** Returns the packed app's program. */
async function pack(t, app) {
  const target = TARGETS[process.platform]
  if (isReal) {
    await run('npm', ['run', 'dist', '--', ...target.args], { cwd: app })
  } else {
    const electron = temporaryFolder(t)
    writeStandIn(electron, tools)
    const builder = path.join(tools, 'node_modules', 'electron-builder', 'cli.js')
    const standIn = ['-c.electronVersion=45.4.1', `-c.electronDist=${electron}`]
    await run(process.execPath, [builder, '--projectDir', app, ...target.args, ...standIn])
  }
  return path.join(app, 'dist', target.made)
}

test('the packed app names its clients', { skip }, async (t) => {
  const started = await startApp(t, { executable, tools })
  const { page, proxy, origin, faults } = started

  const client = startClient(t, started, [`${origin}/one`])
  await ended(page, 1)
  const curl = await runCurl(proxy, [`${origin}/two`])
  await ended(page, 2)

  assert.equal(curl.body, 'hello')
  assert.deepEqual(await page.locator('.path').allTextContents(), ['/two', '/one'])
  const names = ['curl', nodeName]
  assert.deepEqual(await page.locator('.name').allTextContents(), names)
  const pids = [curl, client].map(({ pid }) => `pid ${pid}`)
  assert.deepEqual(await page.locator('.pid').allTextContents(), pids)
  assert.ok(await page.locator('#problem').isHidden())
  assert.deepEqual(faults, [])
})

if (isMac) {
  test('a Mac of either CPU runs it, with its own binary', { skip }, async () => {
    const architectures = async (file) => (await run('lipo', ['-archs', file])).stdout.trim()
    const resources = path.join(path.dirname(executable), '..', 'Resources')
    const binaries = path.join(resources, 'app.asar.unpacked', 'node_modules')

    const both = (await architectures(executable)).split(' ').sort()
    assert.deepEqual(both, ['arm64', 'x86_64'])
    for (const [cpu, name] of Object.entries({ arm64: 'arm64', x64: 'x86_64' })) {
      const tag = `darwin-${cpu}`
      const file = path.join(binaries, `socket-owner-${tag}`, `socket-owner.${tag}.node`)
      assert.equal(await architectures(file), name)
    }
  })
}
