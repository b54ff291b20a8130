// Everybody who is asked: `methods.NAME(question)` answers `{ ms, pid }`.

import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { binary, Resident } from './population.mjs'

const require = createRequire(import.meta.url)
const owner = require('../index.js')
const run = promisify(execFile)
const room = { maxBuffer: 2 ** 28 }

const isThere = (name) =>
  run(name, ['-v']).then(
    () => true,
    (error) => error.code !== 'ENOENT'
  )

export async function timed(look) {
  const begun = performance.now()
  const pid = await look()
  return { ms: performance.now() - begun, pid }
}

/** Ours, and the two crates, each timed where it runs. */
export function startNatives() {
  const resident = new Resident(binary('rivals'))
  const ask = async (line) => {
    const [nanoseconds, answer] = (await resident.tell(line)).split(' ').map(Number)
    return { ms: nanoseconds / 1e6, pid: answer || null }
  }
  return {
    ours: ({ ends }) => timed(() => owner.findPeerPid(ends)),
    oursByPort: ({ port }) => timed(() => owner.findPidByLocalTcpPort(port)),
    listeners: ({ port }) => ask(`listeners ${port}`),
    netstat2: ({ port, serverPort }) => ask(`netstat2 ${port} ${serverPort}`),
    ask,
    /** No rivals. Here the answer is how many calls there were, 0 where the kernel cannot be asked so. */
    least: ({ port, serverPort, pid }) => ask(`least ${port} ${serverPort} ${pid}`),
    /** And how many a walk over everything took. */
    walk: () => ask('walk'),
    end: () => resident.end()
  }
}

/** The same for everything there is: the answer is how many rows came. */
export async function startLists(natives) {
  const { default: information } = await import('systeminformation')
  const lists = {
    ours: () => timed(async () => (await owner.listSockets()).length),
    listeners: () => natives.ask('listeners-all'),
    netstat2: () => natives.ask('netstat2-all'),
    systeminformation: () => timed(async () => (await information.networkConnections()).length)
  }
  if (await isThere('ss')) {
    lists.ss = () => timed(async () => rowsOfSs((await run('ss', ['-Htunap'], room)).stdout))
  }
  return lists
}

/** Read as far as anybody who spawns it has to. */
function rowsOfSs(text) {
  const rows = text.split('\n').filter(Boolean)
  const owned = rows.map((row) => [row.split(/ +/), [...row.matchAll(/pid=(\d+)/g)].map(Number)])
  return owned.length
}

/** What Node programs use today: they start a program and read its text. */
export async function startPrograms() {
  const { portToPid } = await import('pid-port')
  const { default: findProcess } = await import('find-process')
  const { default: information } = await import('systeminformation')
  const methods = {
    'pid-port': ({ port }) => portToPid({ port, host: '*' }).catch(() => null),
    'find-process': async ({ port }) => (await findProcess('port', port))[0]?.pid ?? null,
    systeminformation: async ({ port }) => {
      const rows = await information.networkConnections()
      return rows.find((row) => row.localPort === String(port) && row.pid)?.pid ?? null
    }
  }
  if (await isThere('ss')) {
    methods.ss = async ({ port }) => {
      const { stdout } = await run('ss', ['-Htnap', `sport = :${port}`], room)
      return Number(stdout.match(/pid=(\d+)/)?.[1]) || null
    }
  }
  if (await isThere('lsof')) {
    methods.lsof = async ({ port }) => {
      const args = ['-nP', `-iTCP:${port}`, '-Fpn']
      const { stdout } = await run('lsof', args, room).catch(({ stdout }) => ({ stdout }))
      // Both ends are listed; ours is the one whose local port it is.
      const own = stdout.split(/^p/m).find((part) => part.includes(`:${port}->`))
      return Number.parseInt(own, 10) || null
    }
  }
  const each = Object.entries(methods).map(([name, look]) => {
    return [name, (question) => timed(() => look(question))]
  })
  return Object.fromEntries(each)
}
