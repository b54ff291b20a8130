// The package as an application on a Mac has it, and the tables that tests fill the simulated
// kernel with.

import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import * as mac from './host/kernel.mjs'

/** Long tests run only in a full run. */
export const isCore = process.env.DARWIN_TESTS_CORE === '1'
export const USER = 501
export const ROOT = 0
/** Stands for the process that asks; it holds nothing. */
const CALLER = 99000

const home = fs.realpathSync(process.env.MAC_APP)

/** The package as a process has it that has just started: nothing remembered. */
export function freshPackage(app = home) {
  const require = createRequire(path.join(app, 'app.js'))
  const folder = path.join(fs.realpathSync(app), 'node_modules', 'socket-owner')
  for (const file of Object.keys(require.cache)) {
    if (file.startsWith(`${folder}${path.sep}`)) delete require.cache[file]
  }
  return require('socket-owner')
}

/** A machine of `uid` with these processes: `{ pid, files: { fd: file }, … }`, the oldest first. */
export function machine(processes, { uid = USER } = {}) {
  mac.reset({ uid })
  mac.run(mac.spawn({ pid: CALLER, uid, start: 1 }))
  for (const { files = {}, ...process } of processes) {
    const defaults = { uid: USER, start: process.pid, path: `/bin/p${process.pid}`, cwd: '/' }
    mac.run(mac.spawn({ ...defaults, ...process }))
    for (const [fd, file] of Object.entries(files)) {
      mac.run(mac.open(process.pid, Number(fd), file))
    }
  }
}

/** The two ends of one connection on this machine: the client's socket, and the server's. */
export function connection(client, server, rest = {}) {
  return [
    mac.tcp({ local: client, foreign: server, ...rest }),
    mac.tcp({ local: server, foreign: client, ...rest })
  ]
}

/** What the server's net.Socket says of it. */
export function ends(client, server) {
  return {
    localAddress: server.address,
    localPort: server.port,
    remoteAddress: client.address,
    remotePort: client.port
  }
}

const elsewhere = { address: '192.0.2.1', port: 443 }

/**
 * A desktop: 350 processes of the user, 245 of others, 5 zombies, 2,500 of the user's sockets.
 * Every own process has some; ports count up from 10000, so that the last ones are the newest.
 * Returns the owner's pid of each port, the oldest process's first.
 */
export function desktop() {
  const [own, others, zombies, sockets] = [350, 245, 5, 2500]
  mac.reset({ uid: USER })
  const owners = []
  const commands = []
  let ownSeen = 0
  // kernel_task is one of the others.
  for (let i = 0; i < own + others - 1; i++) {
    const pid = 100 + i
    const isOwn = Math.ceil(((i + 1) * own) / (own + others - 1)) > ownSeen
    commands.push(mac.spawn({ pid, uid: isOwn ? USER : ROOT, start: pid }))
    if (!isOwn) continue
    ownSeen++
    const until = Math.round((ownSeen * sockets) / own)
    for (let fd = 3; owners.length < until; fd++) {
      const local = { address: '127.0.0.1', port: 10000 + owners.length }
      commands.push(mac.open(pid, fd, mac.tcp({ local, foreign: elsewhere })))
      owners.push(pid)
    }
  }
  for (let i = 0; i < zombies; i++) {
    commands.push(mac.spawn({ pid: 2000 + i, uid: USER }), mac.exit(2000 + i))
  }
  mac.run(...commands)
  return owners
}
