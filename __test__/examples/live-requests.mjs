// examples/electron started as its user starts it, and what a user sees in its window. ELECTRON=real
// takes Electron itself, which downloads its binary when it is installed; without it a stand-in runs
// the same main.js and preload.js with a real Chromium as the window. The tests are the same.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import http from 'node:http'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { needsChromium, STUCK_MS } from '../support/chromium.mjs'
import { temporaryFolder } from '../support/install.mjs'
import { installApp } from '../support/packed.mjs'

export const isReal = process.env.ELECTRON === 'real'
export const skip = isReal ? false : needsChromium
export const node = fs.realpathSync(process.execPath)
/** What the app calls it. */
export const nodeName = path.basename(node, '.exe')
export const isWindows = process.platform === 'win32'

const standIn = fileURLToPath(new URL('stand-in-electron.mjs', import.meta.url))
const requireFrom = (folder) => createRequire(path.join(folder, 'x.js'))

/** Makes `electron` in a folder, with what Electron's own distribution has beside it. */
export function writeStandIn(folder, tools) {
  const file = path.join(folder, 'electron')
  const command = `exec '${process.execPath}' --inspect=0 '${standIn}'`
  fs.writeFileSync(file, `#!/bin/sh\n${command} "$(dirname "$0")" '${tools}' "$@"\n`, {
    mode: 0o755
  })
  fs.mkdirSync(path.join(folder, 'resources'))
  return file
}

/** The app installed, with what drives it. Where a stand-in runs, Electron and its builder are left out. */
export function installExample(t) {
  const omit = isReal ? [] : ['dev']
  return installApp(t, { from: 'examples/electron', packages: ['playwright-core@1'], omit })
}

/** What `npm start` in the app's folder starts. `tools` has playwright-core. */
function electronOf(t, folder, tools) {
  return isReal ? requireFrom(folder)('electron') : writeStandIn(temporaryFolder(t), tools)
}

/** The app as `npm start` starts it; `folder` has what drives it. */
export function startInstalled(t, folder, appFolder = folder) {
  const executable = electronOf(t, folder, folder)
  return startApp(t, { executable, args: [appFolder], tools: folder })
}

/** The app at work: its window's page, what went wrong in it, its proxy, and a server to ask. */
export async function startApp(t, { executable, args = [], tools }) {
  const asked = []
  const server = http.createServer((request, response) => {
    asked.push(request.url)
    if (request.url === '/never') return
    response.statusCode = Number(request.url.match(/status=(\d+)/)?.[1] ?? 200)
    response.end('hello')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'socket-owner-electron-'))
  const env = { ...process.env, PROXY_PORT: '0', TMPDIR: temporary }
  const { _electron } = requireFrom(tools)('playwright-core')
  const electron = await _electron.launch({
    executablePath: executable,
    args,
    env,
    chromiumSandbox: true,
    timeout: STUCK_MS
  })
  t.after(async () => {
    await electron.close()
    // Its processes may write for a moment longer.
    fs.rmSync(temporary, { recursive: true, force: true, maxRetries: 10 })
  })
  const page = await electron.firstWindow({ timeout: STUCK_MS })
  const faults = []
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('console', (message) => faults.push(message.text()))
  page.setDefaultTimeout(STUCK_MS)
  const address = page.locator('#address', { hasText: 'http' })
  const proxy = await address.textContent()
  const origin = `http://127.0.0.1:${server.address().port}`
  return { electron, page, faults, proxy, origin, asked }
}

/** Sends its requests one after the other over one connection, and ends when its input does. */
const CLIENT = `
  const http = require('node:http')
  const [proxy, ...urls] = process.argv.slice(1)
  const agent = new http.Agent({ keepAlive: true })
  const send = (url) => new Promise((done) => {
    http.get(proxy, { path: url, agent }, (answer) => answer.resume().on('end', done))
  })
  urls.reduce((before, url) => before.then(() => send(url)), Promise.resolve())
  process.stdin.resume().on('end', () => process.exit())`

/** A program that sends these and stays. */
export function startClient(t, { proxy }, urls, program = node) {
  const child = spawn(program, ['--eval', CLIENT, proxy, ...urls], {
    stdio: ['pipe', 'inherit', 'inherit']
  })
  t.after(() => child.kill('SIGKILL'))
  return child
}

/** Runs curl to its end. */
export async function runCurl(proxy, args) {
  // The user's own settings must not bypass the proxy.
  const env = { ...process.env, no_proxy: '', NO_PROXY: '' }
  const stdio = ['ignore', 'pipe', 'inherit']
  const child = spawn('curl', ['--silent', '--proxy', proxy, ...args], { stdio, env })
  const printed = child.stdout.setEncoding('utf8').toArray()
  const [code] = await once(child, 'close')
  return { pid: child.pid, code, body: (await printed).join('') }
}

export const rows = (page) => page.locator('#requests > li:visible')

/** Waits until so many requests have come to their end. */
export async function ended(page, count) {
  const isDone = (wanted) => {
    const times = [...document.querySelectorAll('#requests .time')]
    return times.filter((time) => time.textContent !== '').length >= wanted
  }
  await page.waitForFunction(isDone, count)
}
