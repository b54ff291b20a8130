// The main process: runs the proxy, looks up its clients and the holders of all sockets, and sends them
// to the page. The page is sandboxed: it gets nothing but records, through the messages in preload.js.

const path = require('node:path')
const { app, BrowserWindow, ipcMain } = require('electron')
const { Pictures } = require('./pictures')
const { lookAt } = require('./program')
const { SocketTable } = require('./sockets')
const { Traffic } = require('./traffic')

/** So that hundreds of requests per second cause only a few messages per second. */
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
  // The page shows untrusted text: nothing in it may navigate the window elsewhere.
  window.webContents.setWindowOpenHandler(() => ({ action: 'deny' }))
  window.webContents.on('will-navigate', (event) => event.preventDefault())
  window.once('ready-to-show', () => window.show())
  return window
}

/** Handles the messages from preload.js. */
function answerPage(window, traffic) {
  const pictures = new Pictures()
  const sockets = new SocketTable()
  const answer = (channel, answerOf) => {
    ipcMain.handle(channel, (event, ...args) => {
      if (event.sender !== window.webContents) throw new Error('not for this page')
      return answerOf(...args)
    })
  }

  traffic.on('change', ({ client }) => pictures.allow(client?.app ?? null))
  answer('state', () => {
    return { proxyUrl: traffic.url(), requests: traffic.requests(), problem: traffic.problem() }
  })
  answer('client', (requestId) => traffic.client(requestId))
  answer('sockets', async (version) => {
    try {
      const changes = await sockets.changesSince(version)
      for (const { program } of changes.rows) pictures.allow(program?.app ?? null)
      return changes
    } catch ({ message }) {
      return { problem: message }
    }
  })
  answer('process', (pid, startedAt) => lookAt(pid, startedAt).catch(() => null))
  answer('picture', (app) => pictures.of(app))
}

async function main() {
  await app.whenReady()
  const traffic = new Traffic()
  const port = Number(process.env.PROXY_PORT ?? 8080)
  await traffic.listen(port)
  const window = createWindow()
  answerPage(window, traffic)

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
