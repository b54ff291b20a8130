// All that the page can do: ask for the present state, and hear of changes.

const { contextBridge, ipcRenderer } = require('electron')

contextBridge.exposeInMainWorld('traffic', {
  state: () => ipcRenderer.invoke('state'),
  onChange: (listener) => {
    ipcRenderer.on('change', (_event, message) => listener(message))
  }
})
