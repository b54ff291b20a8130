// All that the page can do: ask for the present state and hear of changes, ask for the sockets, for one
// request's client or one process, and for an app's picture.

const { contextBridge, ipcRenderer } = require('electron')

contextBridge.exposeInMainWorld('traffic', {
  state: () => ipcRenderer.invoke('state'),
  onChange: (listener) => {
    ipcRenderer.on('change', (_event, message) => listener(message))
  },
  clientOf: (requestId) => ipcRenderer.invoke('client', requestId),
  socketsSince: (version) => ipcRenderer.invoke('sockets', version),
  processOf: (pid, startedAt) => ipcRenderer.invoke('process', pid, startedAt),
  pictureOf: (app) => ipcRenderer.invoke('picture', app)
})
