// examples/electron: what an app is called, its picture, and what is shown where none can be told.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { before, test } from 'node:test'
import { temporaryFolder } from '../support/install.mjs'
import {
  ended,
  installExample,
  isWindows,
  node,
  nodeName,
  rows,
  skip,
  startClient,
  startInstalled
} from './live-requests.mjs'

const DOT = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw=='

let folder

before(async () => {
  if (!skip) folder = await installExample({ after: (end) => process.on('exit', end) })
})

test('where apps can not be told the requests are shown all the same', { skip }, async (t) => {
  const bare = temporaryFolder(t)
  const filter = (name) =>
    !/[\\/](socket-owner-\w+-\w+(-\w+)?|electron|app-builder-\w+)$/.test(name)
  fs.cpSync(folder, bare, { recursive: true, filter })
  const started = await startInstalled(t, folder, bare)
  const { page, origin } = started

  startClient(t, started, [`${origin}/one`])
  await ended(page, 1)

  assert.equal(await rows(page).first().locator('.name').textContent(), 'Unknown app')
  assert.equal(await rows(page).first().locator('.status').textContent(), '200')
  const missing = /can’t be told here\. .+ not installed/
  assert.match(await page.locator('#problem').innerText(), missing)
  await page.locator('#to-sockets').click()
  assert.match(await page.locator('#problem').innerText(), missing)
  assert.equal(await page.locator('#sockets li:visible').count(), 0)
})

test('an app has its own picture where the system has one', { skip }, async (t) => {
  const started = await startInstalled(t, folder)
  const { electron, page, origin, faults } = started
  startClient(t, started, [`${origin}/one`])
  await ended(page, 1)
  const face = rows(page).first().locator('.face')
  const letter = await face.textContent()

  // From here on it believes that this is Windows, whose Electron knows every program's icon.
  await electron.evaluate(({ app }, picture) => {
    Object.defineProperty(process, 'platform', { value: 'win32' })
    app.getFileIcon = async (file) => {
      if (/plain(\.exe)?$/.test(file)) throw new Error('no icon')
      return { isEmpty: () => /empty(\.exe)?$/.test(file), toDataURL: () => picture }
    }
  }, DOT)
  const programs = ['pictured', 'plain', 'empty'].map((name) => {
    const program = path.join(temporaryFolder(t), isWindows ? `${name}.exe` : name)
    fs.copyFileSync(node, program)
    return program
  })
  for (const [i, program] of programs.entries()) {
    startClient(t, started, [`${origin}/two`], program)
    await ended(page, i + 2)
  }
  await page.locator('#requests .face.picture').waitFor()

  assert.equal(letter, nodeName[0].toUpperCase())
  const faces = await rows(page).locator('.face').allTextContents()
  assert.deepEqual(faces, ['E', 'P', '', letter])
  const pictures = page.locator('#requests img')
  assert.equal(await pictures.getAttribute('src'), DOT)
  assert.equal(await pictures.evaluate((image) => image.naturalWidth), 1)
  assert.equal(await page.locator('#apps img').count(), 1)
  // A file that no client runs is not read for the page.
  assert.equal(await page.evaluate(() => traffic.pictureOf('/etc/shadow')), null)
  assert.deepEqual(faults, [])
})

test("an app's name is its bundle's, its services' or its file's", { skip }, () => {
  const { appName } = createRequire(path.join(folder, 'x.js'))('./program.js')
  const helper = '/Applications/Chat.app/Contents/Frameworks/Helper.app/Contents/MacOS/Helper'
  const none = { name: 'x', bundlePath: null, services: null }

  assert.equal(appName({ ...none, path: helper, bundlePath: '/Applications/Chat.app' }), 'Chat')
  assert.equal(appName({ ...none, path: '/usr/bin/curl' }), 'curl')
  assert.equal(appName({ ...none, path: '/x/chat.exe' }), 'chat')
  const services = ['Dhcp', 'Dnscache']
  assert.equal(appName({ ...none, path: '/x/svchost.exe', services }), 'Dhcp, Dnscache')
  assert.equal(appName({ ...none, path: '/x/svchost.exe', services: [] }), 'svchost')
  assert.equal(appName({ ...none, path: null, name: 'root-daemon' }), 'root-daemon')
  assert.equal(appName({ ...none, path: null, name: null }), 'Unknown app')
})

test('a command line is shown so that its arguments can be told apart', { skip }, () => {
  const { detailsOf } = createRequire(path.join(folder, 'x.js'))('./program.js')
  const record = { args: null, cwd: '/home/me', uid: 1000, cgroup: '/user.slice' }

  assert.deepEqual(detailsOf(record), {
    command: null,
    folder: '/home/me',
    user: 1000,
    group: '/user.slice'
  })
  const args = ['node', '', 'a b', `it's`, '--x=1']
  assert.equal(detailsOf({ ...record, args }).command, `node "" "a b" "it's" --x=1`)
  assert.equal(detailsOf({ ...record, args: ['x'.repeat(5000)] }).command.length, 4000)
})
