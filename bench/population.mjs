// The processes that are looked for: see src/population/main.rs for what they are and do.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'

export const binary = (name) => path.join(import.meta.dirname, 'target', 'release', name)

/** A program that answers each line that it is told with one line. */
export class Resident {
  constructor(command, args = []) {
    this.process = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.ended = once(this.process, 'close')
    this.lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]()
  }

  async next() {
    const { value, done } = await this.lines.next()
    if (done) throw new Error(`${this.process.spawnfile} has ended`)
    return value
  }

  tell(line) {
    this.process.stdin.write(`${line}\n`)
    return this.next()
  }

  async end() {
    this.process.stdin.end()
    await this.ended
  }
}

export class Population extends Resident {
  #lately = []
  #seed = 1

  static async start(processes, sockets, fill = 1) {
    const population = new Population(binary('population'), [processes, sockets, fill].map(String))
    Object.assign(population, JSON.parse(await population.next()))
    const all = population.clients.map((_, k) => k)
    population.ofInit = all.filter((k) => k % 2 === 0)
    population.ofSession = all.filter((k) => k % 2 === 1)
    await population.order(`wait ${sockets / 10}`)
    return population
  }

  /** Ended when init has reaped all: a zombie would still be listed. */
  async end() {
    await super.end()
    const isListed = (pid) => fs.existsSync(`/proc/${pid}`)
    for (let i = 0; i < 200 && this.clients.some(isListed); i += 1) await pause(50)
  }

  async order(line) {
    return JSON.parse(await this.tell(line))
  }

  random(below) {
    this.#seed = (Math.imul(this.#seed, 1664525) + 1013904223) >>> 0
    return Math.floor((this.#seed / 2 ** 32) * below)
  }

  shuffled(items) {
    const rest = [...items]
    return items.map(() => rest.splice(this.random(rest.length), 1)[0])
  }

  /** A client that was not chosen lately, so that it is none of the recent owners. */
  stranger(among = this.clients.map((_, k) => k)) {
    const fresh = among.filter((k) => !this.#lately.includes(k))
    const chosen = fresh[this.random(fresh.length)]
    this.#lately = [chosen, ...this.#lately].slice(0, 20)
    return chosen
  }

  /** One more connection of that client: what to ask, and the answer. */
  async connect(client) {
    return { ...question(await this.order(`connect ${client}`)), pid: this.clients[client] }
  }

  drop(client) {
    return this.order(`drop ${client}`)
  }

  /** In a tenth of the other processes the number of descriptors changes. */
  churn(but) {
    const others = new Set()
    while (others.size < this.clients.length / 10) {
      const other = this.random(this.clients.length)
      if (other !== but) others.add(other)
    }
    return this.order(`churn ${[...others].join(' ')}`)
  }

  /** Connections whose client's socket no process holds. */
  async fly(count) {
    return (await this.order(`fly ${count}`)).map((ports) => ({ ...question(ports), pid: null }))
  }

  land() {
    return this.order('land')
  }
}

/** What a proxy would ask that accepted the connection with these ports of its client and itself. */
function question([port, serverPort]) {
  const host = '127.0.0.1'
  const ends = {
    localAddress: host,
    localPort: serverPort,
    remoteAddress: host,
    remotePort: port
  }
  return { port, serverPort, ends }
}

const GROUP = 'socket-owner-bench-'

/**
 * Gives each of those clients a cgroup of its own; the result takes them away again, when the
 * clients have ended. `null` where cgroup v2 is not mounted or not ours to write.
 */
export function ownGroups(population, clients) {
  const mounts = fs.readFileSync('/proc/self/mountinfo', 'utf8')
  const mount = mounts.match(/^\S+ \S+ \S+ \/ (\S+) .*- cgroup2 /m)?.[1]
  if (mount === undefined) return null
  const folders = clients.map((k) => path.join(mount, `${GROUP}${process.pid}-${k}`))
  const remove = () => {
    // Those of a run that was stopped go too; one that is in use stays.
    for (const name of fs.readdirSync(mount).filter((name) => name.startsWith(GROUP))) {
      try {
        fs.rmdirSync(path.join(mount, name))
      } catch (error) {
        if (error.code !== 'EBUSY') throw error
      }
    }
  }
  try {
    folders.forEach((folder, i) => {
      fs.mkdirSync(folder)
      fs.writeFileSync(path.join(folder, 'cgroup.procs'), String(population.clients[clients[i]]))
    })
  } catch {
    return null
  }
  return remove
}
