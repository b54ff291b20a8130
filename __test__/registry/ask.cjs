// What the package that is installed in this folder answers, as JSON: `node ask.cjs`. About a
// connection that this very process has with itself, so every answer that is a pid is its own. And
// from where the binary was loaded.
'use strict'

const net = require('node:net')
const owner = require('socket-owner')

const server = net.createServer(async (socket) => {
  const { port } = server.address()
  const asked = [
    owner.findPidByLocalTcpPort(port, { state: 'listening' }),
    owner.findPeerPid(socket),
    owner.getProcessPath(process.pid),
    owner.getProcessInfo(process.pid).then(({ ppid }) => ppid)
  ]
  const answers = await Promise.allSettled(asked)
  const told = answers.map(({ value, reason }) => (reason ? [reason.code, reason.message] : value))
  const binaries = Object.keys(require.cache).filter((file) => file.endsWith('.node'))
  console.log(JSON.stringify({ pid: process.pid, ppid: process.ppid, told, binaries }))
  client.destroy()
  socket.destroy()
  server.close()
})
let client
server.listen(0, '127.0.0.1', () => {
  client = net.connect(server.address().port, '127.0.0.1')
})
