// examples/electron: its main process with the real addon, its page in a real Chromium, and real
// programs that send requests through it.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import http from 'node:http'
import { createRequire } from 'node:module'
import path from 'node:path'
import { before, test } from 'node:test'
import { hostTag, temporaryFolder } from '../install.mjs'
import { installApp } from '../packed.mjs'
import { needsChromium, openPage } from './chromium.mjs'
import { electronPackage, startElectron } from './fake-electron.mjs'

const skip = needsChromium
const node = fs.realpathSync(process.execPath)
const ROW_HEIGHT_PX = 45

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

let folder

before(async () => {
  if (skip) return
  const file = { after: (end) => process.on('exit', end) }
  // Electron and its builder are for the user; they stay out of this installation.
  const packages = ['playwright-core@1']
  folder = await installApp(file, { from: 'examples/electron', packages, omit: ['dev'] })
  for (const [name, text] of Object.entries(electronPackage)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
    fs.writeFileSync(path.join(folder, name), text)
  }
  process.env.PROXY_PORT = '0'
})

/** The app, its page, what went wrong in it (a refused script too), and a server to ask. */
async function start(t, appFolder = folder) {
  const server = http.createServer((request, response) => {
    if (request.url === '/never') return
    response.statusCode = Number(request.url.match(/status=(\d+)/)?.[1] ?? 200)
    response.end('hello')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { page, close } = await openPage(folder)
  const faults = []
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('console', (message) => faults.push(message.text()))
  const electron = await startElectron(appFolder, page)
  t.after(async () => {
    electron.app.emit('window-all-closed')
    await close()
    server.closeAllConnections()
    server.close()
  })
  const proxy = await page.locator('#address').textContent()
  return { ...electron, page, faults, proxy, origin: `http://127.0.0.1:${server.address().port}` }
}

/** A program that sends these and stays. */
function startClient(t, { proxy }, urls, program = node) {
  const child = spawn(program, ['--eval', CLIENT, proxy, ...urls], {
    stdio: ['pipe', 'inherit', 'inherit']
  })
  t.after(() => child.kill('SIGKILL'))
  return child
}

const rows = (page) => page.locator('#requests > li:visible')

/** Waits until so many requests have come to their end. */
async function ended(page, count) {
  const isDone = (wanted) => {
    const times = [...document.querySelectorAll('#requests .time')]
    return times.filter((time) => time.textContent !== '').length >= wanted
  }
  await page.waitForFunction(isDone, count)
}

test('the page is isolated, and nothing leads out of it', { skip }, async (t) => {
  const { window, invoke, page, faults } = await start(t)

  const { preload, ...preferences } = window.options.webPreferences
  assert.deepEqual(preferences, { contextIsolation: true, sandbox: true, nodeIntegration: false })
  assert.equal(preload, path.join(folder, 'preload.js'))
  assert.deepEqual(window.openHandler({ url: 'https://example.org' }), { action: 'deny' })
  let isPrevented = false
  window.webContents.emit('will-navigate', { preventDefault: () => (isPrevented = true) })
  assert.ok(isPrevented)
  assert.throws(() => invoke('state', { sender: {} }), /not for this page/)
  assert.deepEqual(faults, [])
  await page.evaluate(() => {
    const script = document.createElement('script')
    script.textContent = 'hacked = 1'
    document.body.append(script)
  })
  assert.equal(await page.evaluate(() => 'hacked' in window), false)
})

test('a request is shown with its app, its pid and how it ended', { skip }, async (t) => {
  const started = await start(t)
  const { page, origin, faults } = started
  assert.match(await page.locator('#empty code').textContent(), /^curl --proxy http:\/\/127/)

  const client = startClient(t, started, [`${origin}/one?status=404`])
  await ended(page, 1)

  const row = rows(page).first()
  assert.equal(await row.locator('.name').textContent(), path.basename(node))
  assert.equal(await row.locator('.pid').textContent(), `pid ${client.pid}`)
  assert.equal(await row.locator('.host').innerText(), `GET\n${new URL(origin).host}`)
  assert.equal(await row.locator('.path').textContent(), '/one?status=404')
  assert.equal(await row.locator('.status').textContent(), '404')
  assert.equal(await page.locator('#apps .count').textContent(), '1')
  assert.ok(await page.locator('#empty').isHidden())
  await row.locator('button').click()
  const detail = await page.locator('#detail').innerText()
  assert.ok(detail.includes(node))
  assert.match(detail, new RegExp(`pid ${client.pid}, found in \\d+ µs`))
  assert.match(detail, new RegExp(`Running since\\s+\\d+/\\d+/${new Date().getFullYear()}`))
  await page.keyboard.press('Escape')
  assert.ok(await page.locator('#detail').isHidden())
  assert.deepEqual(faults, [])
})

test('a client that ends with its answer is known all the same', { skip }, async (t) => {
  const started = await start(t)
  const { page, proxy, origin } = started
  const client = `
    require('node:http').get(process.argv[1], { path: process.argv[2] }, () => process.exit())`
  const pids = []
  for (let i = 0; i < 8; i += 1) {
    const child = spawn(node, ['--eval', client, proxy, `${origin}/${i}`], { stdio: 'inherit' })
    pids.unshift(`pid ${child.pid}`)
    await once(child, 'exit')
  }
  await ended(page, pids.length)

  assert.deepEqual(await page.locator('.pid').allTextContents(), pids)
  const names = new Set(await page.locator('.name').allTextContents())
  assert.deepEqual([...names], [path.basename(node)])
})

test('a request under way is shown as such, a failed one too', { skip }, async (t) => {
  const started = await start(t)
  const { page, origin } = started

  const client = startClient(t, started, [`${origin}/never`])
  await page.locator('.name', { hasText: path.basename(node) }).waitFor()
  assert.equal(await page.locator('.time.open').count(), 1)
  client.kill('SIGKILL')
  await ended(page, 1)

  assert.equal(await page.locator('.time.open').count(), 0)
  assert.equal(await rows(page).first().locator('.status').textContent(), 'failed')
})

test('a tunnel is shown with its app until it ends', { skip }, async (t) => {
  const started = await start(t)
  const { page, proxy, origin } = started
  const { host } = new URL(origin)
  const connect = http.request(proxy, { method: 'CONNECT', path: host })
  connect.end()
  const [, socket] = await once(connect, 'connect')

  await page.locator('.status', { hasText: '200' }).waitFor()
  const row = rows(page).first()
  assert.equal(await row.locator('.pid').textContent(), `pid ${process.pid}`)
  assert.equal(await row.locator('.method').textContent(), 'CONNECT')
  assert.equal(await page.locator('.time.open').count(), 1)
  socket.destroy()
  await ended(page, 1)
})

test('hundreds of requests from several programs, and the filters', { skip }, async (t) => {
  const started = await start(t)
  const { page, origin, faults } = started
  const other = path.join(temporaryFolder(t), 'other-browser')
  fs.copyFileSync(node, other)
  const urls = (name) => Array.from({ length: 200 }, (_, i) => `${origin}/${name}/${i}`)

  startClient(t, started, urls('a'))
  startClient(t, started, urls('b'))
  startClient(t, started, urls('c'), other)
  await ended(page, 600)

  assert.equal(await rows(page).count(), 600)
  assert.equal(await page.locator('#all .count').textContent(), '600')
  const names = await page.locator('#apps .app').allInnerTexts()
  assert.ok(names.some((text) => /other-browser\s+200$/.test(text)))
  assert.equal(names.length, 2)
  await page.locator('#apps .app', { hasText: 'other-browser' }).click()
  assert.equal(await rows(page).count(), 200)
  await page.locator('#filter').fill('/C/19')
  assert.equal(await rows(page).count(), 11)
  await page.locator('#all').click()
  await page.locator('#filter').fill('')
  assert.equal(await rows(page).count(), 600)
  // The list scrolls, not the window.
  await rows(page).last().scrollIntoViewIfNeeded()
  assert.equal(await page.evaluate(() => document.scrollingElement.scrollTop), 0)
  assert.ok(await page.locator('#requests').evaluate((list) => list.scrollTop > 0))
  // One connection's requests stand in their order, the newest first.
  const paths = await page.locator('.path').allTextContents()
  const ofA = paths.filter((each) => each.startsWith('/a/'))
  assert.deepEqual(ofA, [...ofA.keys()].map((i) => `/a/${i}`).reverse())
  assert.deepEqual(faults, [])
})

test('no more than the last thousand are kept', { skip }, async (t) => {
  const started = await start(t)
  const { page, origin } = started

  startClient(
    t,
    started,
    Array.from({ length: 1100 }, (_, i) => `${origin}/${i}`)
  )
  await page.locator('.path', { hasText: /^\/1099$/ }).waitFor()

  assert.equal(await rows(page).count(), 1000)
  assert.equal(await page.locator('#all .count').textContent(), '1000')
  assert.equal(await page.locator('.path', { hasText: /^\/99$/ }).count(), 0)
})

test('long paths and hostile names are text in their place', { skip }, async (t) => {
  const started = await start(t)
  const { page, origin, faults } = started
  const deep = Array.from({ length: 12 }, () => 'long '.repeat(40).trim())
  const home = path.join(temporaryFolder(t), ...deep)
  fs.mkdirSync(home, { recursive: true })
  const name = '<img src=x onerror=hacked=1>\u202egnp.\u001b[2J\n\u2028"&amp;'
  const hostile = path.join(home, name)
  fs.copyFileSync(node, hostile)

  const query = `${'x'.repeat(6000)}<b>%E2%80%AE`
  const child = startClient(t, started, [`${origin}/?${query}`], hostile)
  await ended(page, 1)

  const row = rows(page).first()
  const shown = '<img src=x onerror=hacked=1>\ufffdgnp.\ufffd[2J\ufffd\ufffd"&amp;'
  assert.equal(await row.locator('.name').textContent(), shown)
  assert.equal(await row.locator('.pid').textContent(), `pid ${child.pid}`)
  await row.locator('button').click()
  assert.ok((await page.locator('#fields').textContent()).includes(`${deep.join('/')}/${shown}`))
  assert.equal(await page.locator('img, b, #fields script').count(), 0)
  assert.equal(await page.evaluate(() => 'hacked' in window), false)
  const box = await row.boundingBox()
  assert.equal(box.height, ROW_HEIGHT_PX)
  for (const part of ['html', 'nav', 'main', '#requests', '#detail']) {
    const isWide = await page.locator(part).evaluate((e) => e.scrollWidth > e.clientWidth)
    assert.equal(isWide, false, `${part} is wider than it should be`)
  }
  assert.deepEqual(faults, [])
})

test('where apps can not be told the requests are shown all the same', { skip }, async (t) => {
  const bare = temporaryFolder(t)
  fs.cpSync(folder, bare, { recursive: true })
  fs.rmSync(path.join(bare, 'node_modules', `socket-owner-${hostTag}`), { recursive: true })
  const started = await start(t, bare)
  const { page, origin } = started

  startClient(t, started, [`${origin}/one`])
  await ended(page, 1)

  assert.equal(await rows(page).first().locator('.name').textContent(), 'Unknown app')
  assert.equal(await rows(page).first().locator('.status').textContent(), '200')
  assert.match(await page.locator('#problem').innerText(), /can’t be told here\. .+ not installed/)
})

test("an app's name is its bundle's on a Mac, its file's elsewhere", { skip }, () => {
  const { appName } = createRequire(path.join(folder, 'x.js'))('./traffic.js')
  const helper = '/Applications/Chat.app/Contents/Frameworks/Helper.app/Contents/MacOS/Helper'
  const chat = { path: helper, name: 'Helper', bundlePath: '/Applications/Chat.app' }

  assert.equal(appName(chat), 'Chat')
  assert.equal(appName({ path: '/usr/bin/curl', name: 'x', bundlePath: null }), 'curl')
  assert.equal(appName({ path: null, name: 'root-daemon', bundlePath: null }), 'root-daemon')
})
