// Stands for Electron's executable: runs an app's main.js in Node, with a page of a real Chromium as
// its window, and opens both for a debugger as Electron does. Whoever starts the app can't tell.
//
//   node --inspect=0 stand-in-electron.mjs HOME TOOLS [FOLDER] [--flag…]
//
// Without FOLDER it is a packed app: resources/app.asar in HOME, which has to be taken apart first,
// as Node can't read in it. TOOLS has playwright-core and, for that, @electron/asar.

import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { chromiumArguments, chromiumPath } from '../support/chromium.mjs'
import { startElectron } from './fake-electron.mjs'

const [home, tools, ...words] = process.argv.slice(2)
const require = createRequire(path.join(tools, 'x.js'))
const temporary = (name) => fs.mkdtempSync(path.join(os.tmpdir(), `stand-in-${name}-`))

function unpacked() {
  const folder = temporary('app')
  require('@electron/asar').extractAll(path.join(home, 'resources', 'app.asar'), folder)
  return folder
}

/** Its line about the debugger's address is what a driver of Electron waits for. */
async function startChromium() {
  const own = ['--headless=new', '--no-first-run', `--user-data-dir=${temporary('chromium')}`]
  const args = [...chromiumArguments, ...own, '--remote-debugging-port=0', 'about:blank']
  const child = spawn(chromiumPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  for await (const line of createInterface({ input: child.stderr })) {
    const address = line.match(/^DevTools listening on (\S+)/)?.[1]
    if (address === undefined) continue
    child.stderr.resume()
    return { child, address }
  }
  throw new Error('Chromium did not start')
}

const folder = words.find((word) => !word.startsWith('-')) ?? unpacked()
const { child, address } = await startChromium()
child.once('exit', () => process.exit())
const browser = await require('playwright-core').chromium.connectOverCDP(address)
const [page] = browser.contexts()[0].pages()
const started = startElectron(folder, page, { quit: () => child.kill() })
console.error(`DevTools listening on ${address}`)
await started
