// The main process: runs the proxy, looks up who its clients are and who holds each socket, and tells
// the page. The page itself is sandboxed: it gets records only, by the messages that preload.js knows.

const path = require('node:path')
const { app, BrowserWindow, ipcMain } = require('electron')
const { Pictures } = require('./pictures')
const { lookAt } = require('./program')
const { SocketTable } = require('./sockets')
const { Traffic } = require('./traffic')

/** So that hundreds of requests a second make a few messages a second. */
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
  // What it shows came from strangers: nothing in it may lead the window elsewhere.
  window.webContents.setWindowOpenHandler(() => ({ action: 'deny' }))
  window.webContents.on('will-navigate', (event) => event.preventDefault())
  window.once('ready-to-show', () => window.show())
  return window
}

/** Answers the questions of preload.js. */
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
