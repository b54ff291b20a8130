// All that the page can do: get the current state and its changes, the sockets, the details of one
// request's client or of one process, and an app's icon.

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
