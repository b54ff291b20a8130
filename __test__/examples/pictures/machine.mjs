// The machine in the pictures, as root: its network, its home folders, its system's daemons. Then its
// user sits down at it. make.mjs starts this in namespaces of its own, which end with it.

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { DAEMONS_JS, FILES } from './programs.mjs'

const USER = 1000
const HOME = '/home/ada'
const [folder, pictures, scheme] = process.argv.slice(2)
const beside = (name) => fileURLToPath(new URL(name, import.meta.url))
const run = (line) => execFileSync('sh', ['-ec', line], { stdio: 'inherit' })

/** Starts a program that stays, and waits for its first line. */
async function start(command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return child
}

function writeHome() {
  run('mount -t tmpfs home /home')
  for (const [name, text] of Object.entries(FILES)) {
    const file = path.join(HOME, name)
    fs.mkdirSync(path.dirname(file), { recursive: true })
    fs.writeFileSync(file, `${text}\n`)
  }
  run(`chown -R ${USER}:${USER} ${HOME}`)
}

async function joinWorld() {
  run('ip link set lo up')
  const holder = await start('unshare', ['--net', 'sh', '-c', 'echo ready; exec sleep infinity'])
  const inWorld = `nsenter --net --target ${holder.pid}`
  run(`ip link add eth0 type veth peer name world netns ${holder.pid}
    ip addr add 10.0.0.23/24 dev eth0; ip addr add 2001:db8:1::23/64 dev eth0 nodad; ip link set eth0 up
    ${inWorld} ip link set lo up; ${inWorld} ip link set world up
    ${inWorld} ip addr add 10.0.0.1/24 dev world; ${inWorld} ip addr add 2001:db8:1::1/64 dev world nodad
    for host in 20 35; do ${inWorld} ip addr add 203.0.113.$host/32 dev lo; done
    ${inWorld} ip addr add 2001:db8::35/128 dev lo nodad
    ip route add default via 10.0.0.1; ip -6 route add default via 2001:db8:1::1`)
  const [command, ...args] = inWorld.split(' ')
  await start(command, [...args, process.execPath, beside('world.mjs')])
}

writeHome()
await joinWorld()
await start(process.execPath, ['--eval', DAEMONS_JS])

// The app's own name: in Electron its program has that.
const program = path.join(HOME, 'Live Requests')
fs.copyFileSync(process.execPath, program)
fs.chmodSync(program, 0o755)
const user = [`--reuid=${USER}`, `--regid=${USER}`, '--clear-groups']
const env = { ...process.env, HOME, TMPDIR: HOME, USER: 'ada' }
const args = [...user, program, beside('desk.mjs'), folder, pictures, scheme]
const desk = spawn('setpriv', args, { cwd: HOME, env, stdio: 'inherit' })
const [code] = await once(desk, 'exit')
process.exit(code ?? 1)
