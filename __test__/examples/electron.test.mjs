// examples/electron: its main process with the real addon, its page, and real programs that send
// requests through it. In Electron itself, or in what stands for it: see live-requests.mjs.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { before, test } from 'node:test'
import { temporaryFolder } from '../support/install.mjs'
import {
  ended,
  installExample,
  isReal,
  isWindows,
  node,
  nodeName,
  rows,
  runCurl,
  skip,
  startClient,
  startInstalled
} from './live-requests.mjs'

const ROW_HEIGHT_PX = 45

let folder

before(async () => {
  if (!skip) folder = await installExample({ after: (end) => process.on('exit', end) })
})

const start = (t) => startInstalled(t, folder)

test('the page is isolated, and nothing leads out of it', { skip }, async (t) => {
  const started = await start(t)
  const { electron, page, faults, origin, asked } = started

  const { contextIsolation, sandbox, nodeIntegration } = await electron.evaluate(
    ({ BrowserWindow }) => BrowserWindow.getAllWindows()[0].webContents.getLastWebPreferences()
  )
  assert.deepEqual([contextIsolation, sandbox, nodeIntegration], [true, true, false])
  const seen = await page.evaluate(() => [typeof require, typeof process, Object.keys(traffic)])
  const known = ['state', 'onChange', 'clientOf', 'socketsSince', 'processOf', 'pictureOf']
  assert.deepEqual(seen, ['undefined', 'undefined', known])
  assert.equal(await page.evaluate(() => window.open('about:blank')), null)
  assert.deepEqual(faults, [])
  await page.evaluate((url) => {
    location.href = url
  }, `${origin}/elsewhere`)
  await page.evaluate(() => {
    const script = document.createElement('script')
    script.textContent = 'hacked = 1'
    document.body.append(script)
  })
  // A request and its row take longer than the page would have taken to go.
  await runCurl(started.proxy, [`${origin}/one`])
  await ended(page, 1)
  assert.equal(await page.evaluate(() => 'hacked' in window), false)
  assert.match(page.url(), /^file:.*\/page\/index\.html$/)
  assert.deepEqual(asked, ['/one'])
})

test('the state is for its page alone', { skip: skip || isReal }, async (t) => {
  const { electron } = await start(t)
  const refusal = await electron.evaluate(({ ipcMain }) => {
    try {
      return ipcMain.handlers.get('state')({ sender: {} })
    } catch (error) {
      return error.message
    }
  })
  assert.equal(refusal, 'not for this page')
})

test('curl is shown, and what it fetches is what it would have without a proxy', {
  skip
}, async (t) => {
  const { page, proxy, origin, faults } = await start(t)

  const fetched = await runCurl(proxy, [`${origin}/one`])
  const tunnelled = await runCurl(proxy, ['--proxytunnel', `${origin}/two`])
  await ended(page, 2)

  assert.deepEqual([fetched.body, tunnelled.body], ['hello', 'hello'])
  assert.deepEqual(await page.locator('.method').allTextContents(), ['CONNECT', 'GET'])
  assert.deepEqual(await page.locator('.name').allTextContents(), ['curl', 'curl'])
  const pids = [tunnelled, fetched].map(({ pid }) => `pid ${pid}`)
  assert.deepEqual(await page.locator('.pid').allTextContents(), pids)
  assert.deepEqual(faults, [])
})

test('a request is shown with its app, its pid and how it ended', { skip }, async (t) => {
  const started = await start(t)
  const { page, origin, faults } = started
  assert.match(await page.locator('#empty code').textContent(), /^curl --proxy http:\/\/127/)

  const client = startClient(t, started, [`${origin}/one?status=404`])
  await ended(page, 1)

  const row = rows(page).first()
  assert.equal(await row.locator('.name').textContent(), nodeName)
  assert.equal(await row.locator('.pid').textContent(), `pid ${client.pid}`)
  assert.equal(await row.locator('.host').innerText(), `GET\n${new URL(origin).host}`)
  assert.equal(await row.locator('.path').textContent(), '/one?status=404')
  assert.equal(await row.locator('.status').textContent(), '404')
  assert.equal(await page.locator('#apps .count').textContent(), '1')
  assert.ok(await page.locator('#empty').isHidden())
  await row.locator('button').click()
  await page.locator('#fields .note').waitFor()
  const detail = await page.locator('#detail').innerText()
  assert.ok(detail.includes(node))
  const command = client.spawnargs.at(-1)
  assert.match(detail, /Command line\s.+\sMay hold passwords or keys\./s)
  assert.ok(detail.includes(command))
  // It may hold secrets, so it is told only when somebody looks.
  const state = await page.evaluate(async () => JSON.stringify(await traffic.state()))
  assert.ok(!state.includes('--eval') && state.includes('/one?status=404'))
  assert.ok(isWindows || detail.includes(process.cwd()))
  assert.match(detail, new RegExp(`pid ${client.pid}, found in (\\d+ [µm]s|\\d+\\.\\d s)`))
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
  assert.deepEqual([...names], [nodeName])
})

test('a request under way is shown as such, a failed one too', { skip }, async (t) => {
  const started = await start(t)
  const { page, origin } = started

  const client = startClient(t, started, [`${origin}/never`])
  await page.locator('.name', { hasText: nodeName }).waitFor()
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
  const other = path.join(temporaryFolder(t), isWindows ? 'other-browser.exe' : 'other-browser')
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

  const urls = Array.from({ length: 1100 }, (_, i) => `${origin}/${i}`)
  startClient(t, started, urls)
  await page.locator('.path', { hasText: /^\/1099$/ }).waitFor()

  assert.equal(await rows(page).count(), 1000)
  assert.equal(await page.locator('#all .count').textContent(), '1000')
  assert.equal(await page.locator('.path', { hasText: /^\/99$/ }).count(), 0)
})

test('long paths and hostile names are text in their place', {
  skip: skip || (isWindows && 'Windows has no such names')
}, async (t) => {
  const started = await start(t)
  const { page, origin, faults } = started
  // A path has 1024 bytes on macOS and 4096 on Linux.
  const depth = process.platform === 'darwin' ? 3 : 12
  const deep = Array.from({ length: depth }, () => 'long '.repeat(40).trim())
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
  for (const part of ['html', '.view:not([hidden]) nav', '#requests', '#detail']) {
    const isWide = await page.locator(part).evaluate((e) => e.scrollWidth > e.clientWidth)
    assert.equal(isWide, false, `${part} is wider than it should be`)
  }
  assert.deepEqual(faults, [])
})

test('in the smallest window no column is cut off by the detail', { skip }, async (t) => {
  const started = await start(t)
  const { electron, page, origin } = started
  startClient(t, started, [`${origin}/one?status=404`])
  await ended(page, 1)
  await electron.evaluate(({ BrowserWindow }) => {
    BrowserWindow.getAllWindows()[0].setContentSize(760, 420)
  })
  await page.waitForFunction(() => innerWidth === 760)

  await rows(page).first().locator('button').click()

  const edge = (selector) => page.locator(selector).first().boundingBox()
  const list = await edge('#requests')
  const detail = await edge('#detail')
  assert.equal(Math.round(detail.x + detail.width), 760)
  for (const part of ['.name', '.host', '.path', '.status', '.time']) {
    const box = await edge(`#requests ${part}`)
    assert.ok(box.width > 0 && box.x + box.width <= list.x + list.width, part)
  }
  assert.ok((await edge('#requests .what')).width > 80)
})
