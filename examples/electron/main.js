// The main process: runs the proxy, asks who its clients are, and tells the page. The page itself is
// sandboxed and gets records only, by the two messages that preload.js knows.

const path = require('node:path')
const { app, BrowserWindow, ipcMain } = require('electron')
const { createTraffic } = require('./traffic')

/** Hundreds of requests a second are a few messages a second. */
const MESSAGE_INTERVAL_MS = 50

function createWindow() {
  const window = new BrowserWindow({
    width: 1180,
    height: 760,
    minWidth: 760,
    minHeight: 420,
    title: 'Live Requests',
    backgroundColor: '#171917',
    show: false,
    webPreferences: {
      preload: path.join(__dirname, 'preload.js'),
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false
    }
  })
  // What is shown came from strangers: nothing in it may lead the window elsewhere.
  window.webContents.setWindowOpenHandler(() => ({ action: 'deny' }))
  window.webContents.on('will-navigate', (event) => event.preventDefault())
  window.once('ready-to-show', () => window.show())
  return window
}

async function main() {
  await app.whenReady()
  const traffic = createTraffic()
  const port = Number(process.env.PROXY_PORT ?? 8080)
  const proxyUrl = await traffic.listen(port)
  const window = createWindow()

  ipcMain.handle('state', (event) => {
    if (event.sender !== window.webContents) throw new Error('not for this page')
    return { proxyUrl, requests: traffic.requests(), problem: traffic.problem() }
  })

  const changed = new Map()
  traffic.on('change', (request) => {
    if (changed.size === 0) setTimeout(tell, MESSAGE_INTERVAL_MS)
    changed.set(request.id, request)
  })
  function tell() {
    const message = { requests: [...changed.values()], problem: traffic.problem() }
    changed.clear()
    if (!window.isDestroyed()) window.webContents.send('change', message)
  }

  app.on('window-all-closed', () => {
    traffic.close()
    app.quit()
  })
  await window.loadFile(path.join(__dirname, 'page', 'index.html'))
}

main().catch((error) => {
  console.error(error)
  app.exit(1)
})
