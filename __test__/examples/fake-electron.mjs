// Electron as examples/electron sees it, with a page of a real Chromium as its window: main.js and
// preload.js run as they are, only what lies between them and the browser is made here. Electron
// itself downloads its binary when it is installed, which no test here can rely on.

import { EventEmitter } from 'node:events'
import fs from 'node:fs'
import Module, { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

/** A BrowserWindow that is shown in `page` and asks those `handlers` of the main process. */
class Window extends EventEmitter {
  constructor(page, handlers, options) {
    super()
    Object.assign(this, { page, handlers, options, openHandler: () => ({ action: 'allow' }) })
    this.webContents = Object.assign(new EventEmitter(), {
      setWindowOpenHandler: (handler) => {
        this.openHandler = handler
      },
      getLastWebPreferences: () => options.webPreferences,
      send: (channel, message) => {
        const sent = structuredClone({ channel, message })
        page.evaluate((each) => window.hearFromMain?.(each), sent).catch(() => {})
      }
    })
  }

  async loadFile(file) {
    const { page } = this
    await page.setViewportSize({ width: this.options.width, height: this.options.height })
    await page.route(/^http/, (route) => this.#letGo(route))
    await page.exposeFunction('invokeMain', async (channel, ...args) => {
      const event = { sender: this.webContents }
      return structuredClone(await this.handlers.get(channel)(event, ...args))
    })
    await page.addInitScript(this.#sandboxedPreload())
    await page.goto(pathToFileURL(file).href)
    this.emit('ready-to-show')
  }

  /** A link is followed unless the app prevents that. */
  async #letGo(route) {
    let isPrevented = false
    const event = {
      preventDefault: () => {
        isPrevented = true
      }
    }
    if (route.request().isNavigationRequest()) this.webContents.emit('will-navigate', event)
    await (isPrevented ? route.abort('aborted') : route.continue())
  }

  /** The preload script with just what a sandboxed one may require. */
  #sandboxedPreload() {
    const { action } = this.openHandler({ url: 'about:blank' })
    return `{
      if (${action === 'deny'}) window.open = () => null
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
      ;(() => {\n${fs.readFileSync(this.options.webPreferences.preload, 'utf8')}\n})()
    }`
  }

  setContentSize = (width, height) => this.page.setViewportSize({ width, height })
  isDestroyed = () => this.page.isClosed()
  show() {}
}

/**
 * Starts the app in `folder`, its window shown in `page`; returns when that has loaded. What the app's
 * own `quit` does is for whoever made the page.
 */
export async function startElectron(folder, page, { quit = () => {} } = {}) {
  const handlers = new Map()
  const windows = []
  const opened = new EventEmitter()
  class BrowserWindow extends Window {
    static getAllWindows = () => windows

    constructor(options) {
      super(page, handlers, options)
      windows.push(this)
      this.once('ready-to-show', () => opened.emit('page'))
    }
  }
  const app = Object.assign(new EventEmitter(), {
    whenReady: async () => {},
    quit,
    exit: (code) => opened.emit('failed', new Error(`the app ended with ${code}`))
  })
  const ipcMain = { handlers, handle: (channel, handler) => handlers.set(channel, handler) }
  const electron = { app, BrowserWindow, ipcMain, nativeImage: {} }
  // A debugger's `require('electron')` comes by here too.
  const load = Module._load
  Module._load = (name, ...rest) => (name === 'electron' ? electron : load(name, ...rest))

  await new Promise((resolve, reject) => {
    opened.once('page', resolve).once('failed', reject)
    createRequire(path.join(folder, 'x.js'))('./main.js')
  })
}
