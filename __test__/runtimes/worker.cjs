'use strict'

// Looks up from a worker thread, which has a copy of the package of its own.

const { once } = require('node:events')
const net = require('node:net')
const { parentPort, workerData: port } = require('node:worker_threads')
const { findPeerPid, findPidByLocalTcpPort } = require('socket-owner')

async function main() {
  const socket = net.connect(port, '127.0.0.1')
  await once(socket, 'data')
  const answer = [await findPidByLocalTcpPort(port), await findPeerPid(socket)]
  socket.destroy()
  parentPort.postMessage(answer)
}

main()
