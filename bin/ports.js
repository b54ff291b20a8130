'use strict'

// The report on ports: which process has each, and how it was started.

const { getProcessInfo, listSockets } = require('..')
const { isListWhole, userName, whoSeesMore } = require('./rights')
const { commandLine, fit, printable } = require('./text')

/** @typedef {import('..').SocketInfo} SocketInfo */
/** @typedef {import('..').ProcessInfo} ProcessInfo */
/**
 * One process, perhaps a hidden one, that has a port. If none has it, `protocol` and the rest are `null`.
 * @typedef {object} Holder
 * @property {number} port
 * @property {SocketInfo['protocol'] | null} protocol
 * @property {SocketInfo['state'] | null} state
 * @property {string[]} addresses
 * @property {number | null} pid
 * @property {number[]} pids
 * @property {number | null} uid
 * @property {ProcessInfo | null} process
 */

/**
 * @param {number[]} ports
 * @param {{ isAll: boolean, pid?: number, protocol?: SocketInfo['protocol'] }} options
 * @returns {Promise<Holder[]>}
 */
async function findHolders(ports, { isAll, pid, protocol }) {
  const port = ports.length === 1 ? ports[0] : undefined
  const sockets = await listSockets({ protocol, pid, port })
  const holders = ports.flatMap((each) => {
    const own = sockets.filter(({ localPort }) => localPort === each)
    return holdersOf(each, isAll ? own : foremost(own))
  })
  await Promise.all(
    holders.map(async (holder) => {
      if (holder.pid !== null) holder.process = await getProcessInfo(holder.pid)
    })
  )
  return holders
}

/**
 * The sockets that wait for others on the port; if there are none, the connections that use it.
 * @param {SocketInfo[]} sockets
 */
function foremost(sockets) {
  const waiting = sockets.filter(isWaiting)
  return waiting.length > 0 ? waiting : sockets
}

/** @param {SocketInfo} socket */
function isWaiting({ protocol, state }) {
  return state === 'listening' || (protocol === 'udp' && state === 'bound')
}

/**
 * @param {number} port
 * @param {SocketInfo[]} sockets
 */
function holdersOf(port, sockets) {
  /** @type {Map<string, Holder>} */
  const holders = new Map()
  for (const { protocol, state, localAddress, pid, pids, uid } of sockets) {
    const key = [protocol, state, pid ?? `hidden ${uid}`].join(' ')
    const holder = holders.get(key)
    if (holder === undefined) {
      const addresses = [localAddress]
      holders.set(key, { port, protocol, state, addresses, pid, pids, uid, process: null })
    } else if (!holder.addresses.includes(localAddress)) {
      holder.addresses.push(localAddress)
    }
  }
  if (holders.size > 0) return [...holders.values()]
  const none = { protocol: null, state: null, addresses: [], pid: null, pids: [], uid: null }
  return [{ port, ...none, process: null }]
}

/**
 * The report, with consecutive free ports on one line.
 * @param {Holder[]} holders
 * @param {number} columns
 */
function report(holders, columns) {
  const lines = []
  for (let i = 0; i < holders.length; i += 1) {
    const first = holders[i].port
    while (isFree(holders[i]) && i + 1 < holders.length && isNextFree(holders, i)) i += 1
    const { port } = holders[i]
    const name = first === port ? String(port) : `${first}-${port}`
    lines.push(...(isFree(holders[i]) ? [freeLine(name)] : holderLines(holders[i], columns)))
  }
  return lines.join('\n')
}

/** @param {Holder} holder */
function isFree({ protocol }) {
  return protocol === null
}

/**
 * @param {Holder[]} holders
 * @param {number} i
 */
function isNextFree(holders, i) {
  return isFree(holders[i + 1]) && holders[i + 1].port === holders[i].port + 1
}

/** @param {string} name */
function freeLine(name) {
  if (isListWhole) return `${name}: free`
  return `${name}: free, or its process is hidden from you; run this ${whoSeesMore()} to see all`
}

/**
 * @param {string} name
 * @param {number | null} uid
 */
function hiddenLine(name, uid) {
  const more = whoSeesMore()
  if (more === null) return `${name}: in use by the kernel or by a process in another pid namespace`
  const who = uid === null ? 'another user' : `user ${printable(userName(uid))}`
  return `${name}: in use by a process of ${who} that is hidden from you; run this ${more} to see it`
}

/**
 * @param {Holder} holder
 * @param {number} columns
 */
function holderLines({ port, protocol, state, addresses, pid, pids, uid, process }, columns) {
  const name = protocol === 'udp' ? `${port} (udp)` : String(port)
  if (pid === null) return [hiddenLine(name, uid)]
  const program = process?.path ?? process?.name
  const lines = [`${name}: pid ${pid}, ${program ? printable(program) : 'program unknown'}`]
  if (process?.args?.length) lines.push(commandLine(process.args))
  if (process?.cwd) lines.push(`in ${printable(process.cwd)}`)
  const facts = [`${state} on ${addresses.map(printable).join(', ')}`]
  if (process?.uid != null) facts.push(`user ${printable(userName(process.uid))}`)
  if (process?.startTime) facts.push(`since ${localTime(process.startTime)}`)
  if (pids.length > 1)
    facts.push(`with ${pids.slice(1, 6).join(', ')}${pids.length > 6 ? ', …' : ''}`)
  lines.push(facts.join(', '))
  return lines.map((line, i) => (i === 0 ? line : fit(`  ${line}`, columns)))
}

/** @param {Date} time */
function localTime(time) {
  /** @param {number} number */
  const two = (number) => String(number).padStart(2, '0')
  const day = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join('-')
  return `${day} ${[time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':')}`
}

exports.findHolders = findHolders
exports.isWaiting = isWaiting
exports.report = report
