// Runs the smoke suite once, in whatever runtime runs this file; told who the stranger is.

import { createRequire } from 'node:module'
import {
  findPeerPid,
  findPeerProcess,
  findPidByLocalTcpPort,
  findPidByLocalUdpPort,
  findUdpPeerPid,
  getProcessInfo,
  getProcessPath,
  listSockets
} from 'socket-owner'
import { smoke } from './smoke.cjs'

const stranger = JSON.parse(process.argv[2])
await smoke(createRequire(import.meta.url)('socket-owner'), stranger)
const named = {
  findPeerPid,
  findPeerProcess,
  findPidByLocalTcpPort,
  findPidByLocalUdpPort,
  findUdpPeerPid,
  getProcessInfo,
  getProcessPath,
  listSockets
}
await smoke(named, stranger)
console.log(`passed on ${process.version} ${process.versions.deno ?? process.versions.bun ?? ''}`)
