// Electron as examples/electron sees it, with a page of a real Chromium as its window: main.js and
// preload.js run as they are, only what lies between them and the browser is made here. Electron
// itself downloads its binary when it is installed, which no test here can rely on.

import { EventEmitter } from 'node:events'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

/** The name under which the app's `require('electron')` finds what a test made. */
const shared = Symbol.for('socket-owner.test.electron')
const packageFile = 'module.exports = globalThis[Symbol.for("socket-owner.test.electron")]\n'

/** Files for the app's folder. */
export const electronPackage = { 'node_modules/electron/index.js': packageFile }

/** Starts the app in `folder`; returns when its window has loaded. */
export async function startElectron(folder, page) {
  const handlers = new Map()
  const loaded = new EventEmitter()
  let window

  class BrowserWindow extends EventEmitter {
    constructor(options) {
      super()
      window = this
      this.options = options
      this.webContents = Object.assign(new EventEmitter(), {
        setWindowOpenHandler: (handler) => {
          this.openHandler = handler
        },
        send: (channel, message) => {
          const sent = structuredClone({ channel, message })
          page.evaluate((each) => window.hearFromMain?.(each), sent).catch(() => {})
        }
      })
    }

    async loadFile(file) {
      await page.exposeFunction('invokeMain', (channel) => {
        return structuredClone(handlers.get(channel)({ sender: this.webContents }))
      })
      await page.addInitScript(asSandboxed(this.options.webPreferences.preload))
      await page.goto(pathToFileURL(file).href)
      this.emit('ready-to-show')
      loaded.emit('page')
    }

    isDestroyed = () => page.isClosed()
    show() {}
  }

  const app = Object.assign(new EventEmitter(), {
    whenReady: async () => {},
    quit: () => {},
    exit: (code) => loaded.emit('error', new Error(`the app ended with ${code}`))
  })
  const ipcMain = { handle: (channel, handler) => handlers.set(channel, handler) }
  const opened = new Promise((resolve, reject) => {
    loaded.on('page', resolve)
    loaded.on('error', reject)
  })
  globalThis[shared] = { app, BrowserWindow, ipcMain }
  const require = createRequire(path.join(folder, 'main.js'))
  // Each start is a start of its own, with an Electron of its own.
  for (const name of ['./main.js', 'electron']) delete require.cache[require.resolve(name)]
  require('./main.js')
  await opened
  return { app, window, invoke: (channel, event) => handlers.get(channel)(event) }
}

/** The preload script with just what a sandboxed one may require. */
function asSandboxed(file) {
  return `{
    const invoke = window.invokeMain
    delete window.invokeMain
    const listeners = new Map()
    window.hearFromMain = ({ channel, message }) => listeners.get(channel)?.({}, message)
    const electron = {
      contextBridge: {
        exposeInMainWorld: (name, api) =>
          Object.defineProperty(window, name, { value: Object.freeze(api) })
      },
      ipcRenderer: { invoke, on: (channel, listener) => listeners.set(channel, listener) }
    }
    const require = (name) => {
      if (name !== 'electron') throw new Error('a sandboxed preload can not require ' + name)
      return electron
    }
    ;(() => {\n${fs.readFileSync(file, 'utf8')}\n})()
  }`
}
