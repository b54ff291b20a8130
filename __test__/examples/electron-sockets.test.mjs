// examples/electron: its second view, every socket of this machine by app. With the real addon, and real
// processes that hold the sockets.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import path from 'node:path'
import { before, test } from 'node:test'
import { needsLinux, needsPython, startNode, startPython } from '../support/holders.mjs'
import {
  installExample,
  isWindows,
  node,
  nodeName,
  skip,
  startInstalled
} from './live-requests.mjs'

const ROW_HEIGHT_PX = 32

let folder

before(async () => {
  if (!skip) folder = await installExample({ after: (end) => process.on('exit', end) })
})

/** The app with its second view in sight. */
async function start(t) {
  const started = await startInstalled(t, folder)
  await started.page.locator('#to-sockets').click()
  await started.page.locator('.socket:visible').first().waitFor()
  return started
}

/** A process with a listener and so many connections to it, which ends when it is told to. */
function startHolder(t, count, options) {
  return startNode(t, holdSockets, { ...options, values: { count } })
}

async function holdSockets({ say, hear, require, count }) {
  const net = require('node:net')
  const server = net.createServer().listen(0, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
  const { port } = server.address()
  for (let i = 0; i < count; i += 1) {
    const accepted = new Promise((done) => server.once('connection', done))
    const socket = net.connect(port, '127.0.0.1')
    await Promise.all([accepted, new Promise((done) => socket.once('connect', done))])
  }
  const udp = require('node:dgram').createSocket('udp4').bind(0, '127.0.0.1')
  await new Promise((done) => udp.once('listening', done))
  say({ port, udpPort: udp.address().port })
  await hear()
  process.exit()
}

const shown = (page) => page.locator('#sockets li:visible')

/** What the rows in sight say, in their order: pid, protocol, ends, state. */
async function table(page) {
  const items = await shown(page).evaluateAll((rows) =>
    rows
      .map((row) => ({
        place: Number(row.getAttribute('aria-posinset')),
        cells: ['pid', 'protocol', 'local', 'remote', 'state'].map(
          (name) => row.querySelector(`.${name}`).textContent
        )
      }))
      .sort((a, b) => a.place - b.place)
  )
  return items.map(({ cells }) => cells)
}

const waitForRows = (page, count) =>
  page.waitForFunction(
    (wanted) => document.querySelectorAll('#sockets li:not([hidden])').length === wanted,
    count
  )

test('each socket is shown with its app until it is closed', { skip }, async (t) => {
  const { page, faults } = await start(t)
  const holder = await startHolder(t, 1)
  const { port, udpPort } = holder.said
  const pid = String(holder.pid)

  await page.locator('#filter').fill(`pid ${pid}`)
  await waitForRows(page, 4)

  const rows = await table(page)
  const listener = [pid, 'TCP', `127.0.0.1:${port}`, '', 'listening']
  const datagrams = [pid, 'UDP', `127.0.0.1:${udpPort}`, '', 'bound']
  assert.deepEqual([rows[0], rows.at(-1)], [listener, datagrams])
  const [[, , local, remote, state], other] = rows.slice(1, 3)
  assert.deepEqual(other, [pid, 'TCP', remote, local, 'connected'])
  assert.equal(state, 'connected')
  const names = await shown(page).locator('.name').allTextContents()
  assert.deepEqual([...new Set(names)], [nodeName])
  holder.tell()
  await page.locator('#no-sockets:visible').waitFor()
  assert.equal(await shown(page).count(), 0)
  assert.deepEqual(faults, [])
})

test('the chosen socket is shown with its command line and its folder', { skip }, async (t) => {
  const { page, faults } = await start(t)
  const holder = await startHolder(t, 0)
  await page.locator('#filter').fill(`:${holder.said.port}`)
  await waitForRows(page, 1)

  await shown(page).locator('button').click()
  await page.locator('#socket-fields .note').waitFor()

  const detail = await page.locator('#socket-detail').innerText()
  assert.ok(detail.includes(node))
  assert.ok(detail.includes(`pid ${holder.pid}`))
  assert.match(detail, /Command line\s.+\sMay hold passwords or keys\./s)
  // Windows does not tell a process's folder.
  assert.match(detail, isWindows ? /Folder\s+–\s/ : /Folder\s+\/\s/)
  assert.ok(detail.includes(`TCP, listening`))
  holder.tell()
  // The socket is gone, and what was told of it.
  await page.locator('#socket-detail').waitFor({ state: 'hidden' })
  assert.deepEqual(faults, [])
})

test('thousands of sockets are a few dozen rows in the document', { skip }, async (t) => {
  const { page, faults } = await start(t)
  const count = 1500
  const holder = await startHolder(t, count)
  const sockets = 2 * count + 2
  await page.locator('#filter').fill(`pid ${holder.pid}`)
  const list = page.locator('#sockets')
  const height = () => list.evaluate(({ scrollHeight }) => scrollHeight)
  await page.waitForFunction(
    (wanted) => document.querySelector('#sockets').scrollHeight === wanted,
    sockets * ROW_HEIGHT_PX
  )

  assert.ok((await page.locator('#sockets li').count()) < 60)
  assert.equal((await table(page))[0][4], 'listening')
  // Down to its end, a window at a time: each row is there once, in its place.
  const seen = new Map()
  for (let from = 0; from < (await height()); from += 400) {
    await list.evaluate((element, top) => element.scrollTo(0, top), from)
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => done())))
    for (const [, , local, remote] of await table(page)) seen.set(`${local} ${remote}`, true)
  }
  assert.equal(seen.size, sockets)
  assert.equal((await table(page)).at(-1)[1], 'UDP')
  assert.ok((await page.locator('#sockets li').count()) < 60)
  assert.deepEqual(faults, [])
})

test('headings sort, apps and words filter, each view keeps its own filter', {
  skip
}, async (t) => {
  const { page, faults } = await start(t)
  const holder = await startHolder(t, 10)
  await page.locator('#filter').fill(`pid ${holder.pid}`)
  await waitForRows(page, 22)
  const ports = async () => (await table(page)).map(([, , local]) => Number(local.split(':')[1]))
  const heading = (name) => page.locator(`#columns [data-column=${name}]`)

  await heading('local').click()
  const up = await ports()
  assert.deepEqual(
    up,
    [...up].sort((a, b) => a - b)
  )
  await heading('local').click()
  const down = await ports()
  assert.deepEqual(
    down,
    [...down].sort((a, b) => b - a)
  )
  await heading('state').click()
  assert.deepEqual((await table(page))[0][4], 'listening')
  await heading('protocol').click()
  await heading('protocol').click()
  assert.deepEqual((await table(page))[0][1], 'UDP')

  await page.locator('#to-requests').click()
  assert.equal(await page.locator('#filter').inputValue(), '')
  await page.locator('#to-sockets').click()
  assert.equal(await page.locator('#filter').inputValue(), `pid ${holder.pid}`)
  await page.locator('#filter').fill('')
  const app = page.locator('#socket-apps .app', { hasText: nodeName })
  await app.click()
  const names = await shown(page).locator('.name').allTextContents()
  assert.deepEqual([...new Set(names)], [nodeName])
  assert.ok(Number(await app.locator('.count').textContent()) >= 22)
  assert.deepEqual(faults, [])
})

test('a socket without a holder to be seen is shown as hidden', {
  skip: skip || needsLinux || needsPython
}, async (t) => {
  const { page, faults } = await start(t)
  // Nobody holds a socket that is in flight in a message: neither root nor anybody else sees a holder.
  const holder = await startPython(
    t,
    `
    listener = listen()
    port = port_of(listener)
    ours, theirs = socket.socketpair()
    socket.send_fds(ours, [b'x'], [listener.fileno()])
    listener.close()
    say(port=port)
    hear()`
  )
  await page.locator('#filter').fill(`:${holder.said.port}`)
  await waitForRows(page, 1)

  const name = await shown(page).locator('.name').textContent()
  assert.equal(name, process.getuid() === 0 ? 'Hidden (root)' : `Hidden (user ${process.getuid()})`)
  await shown(page).locator('button').click()
  assert.match(await page.locator('#socket-detail').innerText(), /hidden: an administrator may see/)
  const last = page.locator('#socket-apps .app').last()
  assert.match(await last.innerText(), /^\?\s*Hidden\s+\d+$/)
  assert.deepEqual(faults, [])
})

test('only what has changed is told, and all of it to whoever begins anew', { skip }, async (t) => {
  const { SocketTable } = createRequire(path.join(folder, 'x.js'))('./sockets.js')
  const table = new SocketTable()
  const first = await table.changesSince(0)
  const holder = await startHolder(t, 1)
  const ofHolder = ({ rows }) => rows.filter(({ program }) => program?.pid === holder.pid)

  const second = await table.changesSince(first.version)
  const whole = await table.changesSince(0)
  const together = await Promise.all([1, 2].map(() => table.changesSince(whole.version)))
  holder.tell()
  await holder.ended
  const last = await table.changesSince(together[0].version)

  assert.deepEqual(
    [first, second, whole, last].map(({ isWhole }) => isWhole),
    [true, false, true, false]
  )
  assert.equal(ofHolder(second).length, 4)
  assert.deepEqual(ofHolder(whole), ofHolder(second))
  assert.deepEqual(together[0], together[1])
  assert.deepEqual(ofHolder(together[0]), [])
  const ids = ofHolder(second).map(({ id }) => id)
  assert.ok(ids.every((id) => last.gone.includes(id)))
})
