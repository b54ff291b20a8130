// The user of the machine in the pictures: starts the Electron example and works with other programs
// meanwhile. Then each view is photographed.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import path from 'node:path'
import { openPage } from '../../support/chromium.mjs'
import { startElectron } from '../fake-electron.mjs'
import { HOLDERS, REQUESTS } from './programs.mjs'

const [folder, pictures, colorScheme] = process.argv.slice(2)
const SITE = '203.0.113.20'

function start([place, [command, ...args]], env = {}) {
  const cwd = path.join(process.env.HOME, place)
  const settings = { cwd, env: { ...process.env, ...env }, stdio: ['pipe', 'ignore', 'inherit'] }
  return spawn(command, args, settings)
}

/** From here on every host is the same site. */
function joinSite() {
  const connect = net.connect.bind(net)
  const toSite = () => connect(80, SITE)
  http.globalAgent.createConnection = toSite
  net.connect = (_port, _host, onConnect) => toSite().on('connect', onConnect)
}

async function showRequests(page, proxy) {
  joinSite()
  for (const [place, command, goesOn] of REQUESTS) {
    const child = start([place, command], { http_proxy: proxy })
    if (goesOn) await page.locator('.time.open').waitFor()
    else await once(child, 'exit')
  }
  // A browser without requests of its own accord.
  const bypass = '*.google.com,*.googleapis.com'
  const browser = await openPage(folder, { proxy: { server: proxy, bypass } })
  await browser.page.goto('http://www.example.org/')
  await page.locator('.path', { hasText: '/favicon.ico' }).waitFor()
  await browser.close()
  await page.locator('.request', { hasText: '/v2/readings' }).click()
  await page.locator('#detail').waitFor()
  await page.locator('#requests').evaluate((list) => list.scrollTo(0, 0))
}

async function showSockets(page) {
  for (const holder of HOLDERS) start(holder)
  const browser = await openPage(folder)
  await browser.page.goto(`http://${SITE}/`)
  await page.locator('#to-sockets').click()
  await page.locator('[data-column=state]').click()
  const server = page.locator('.socket', { hasText: '127.0.0.1:3000' }).first()
  await server.click()
  await page.locator('#socket-fields .note').waitFor()
  await page.locator('.socket', { hasText: '127.0.0.1:8000' }).first().waitFor()
  await page
    .locator('.socket', { hasText: `${SITE}:80` })
    .first()
    .waitFor()
}

async function photograph(page, name) {
  await page.mouse.move(0, 0)
  await page.evaluate(() => document.activeElement?.blur())
  await page.screenshot({ path: path.join(pictures, name) })
}

process.env.PROXY_PORT = '8080'
const { page } = await openPage(folder, { colorScheme })
page.on('pageerror', (error) => console.error(error))
await startElectron(folder, page)
await page.setViewportSize({ width: 1120, height: 640 })
await showRequests(page, await page.locator('#address').textContent())
await photograph(page, 'live-requests.png')
await showSockets(page)
await photograph(page, 'sockets.png')
process.exit()
