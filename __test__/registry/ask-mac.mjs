// What the package answers on a simulated Mac, and from where its binary was loaded, as JSON: `node
// --require __test__/darwin/host/preload.cjs ask-mac.mjs FOLDER`, where FOLDER has it installed.

import { createRequire } from 'node:module'
import path from 'node:path'
import * as mac from '../darwin/host/kernel.mjs'

const require = createRequire(path.join(process.argv[2], 'app.js'))
const owner = require('socket-owner')
const client = { address: '127.0.0.1', port: 50001 }
const server = { address: '127.0.0.1', port: 8080 }

mac.reset({ uid: 501 })
mac.run(
  mac.spawn({ pid: 700, uid: 501, start: 1, path: '/Applications/A.app/Contents/MacOS/A' }),
  mac.spawn({ pid: 800, uid: 501, start: 2, path: '/usr/bin/curl' }),
  mac.open(700, 4, mac.listening({ port: 8080 })),
  mac.open(800, 5, mac.tcp({ local: client, foreign: server }))
)
const told = [
  await owner.findPidByLocalTcpPort(8080, { state: 'listening' }),
  await owner.findPeerPid({
    localAddress: server.address,
    localPort: server.port,
    remoteAddress: client.address,
    remotePort: client.port
  }),
  await owner.getProcessPath(800),
  (await owner.getProcessInfo(700)).bundlePath
]
const binaries = Object.keys(require.cache).filter((file) => file.endsWith('.node'))
console.log(JSON.stringify({ told, binaries }))
