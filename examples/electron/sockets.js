// Every socket on this machine as a row for the page, and what has changed since the page last asked.
// Independent of Electron.

const { getProcessInfo, listSockets } = require('socket-owner')
const { programOf, UNKNOWN } = require('./program')

/**
 * @typedef {object} Row
 * @property {number} id stays the same as long as the socket exists
 * @property {'tcp' | 'udp'} protocol
 * @property {string} state `listening`, `bound`, `connected`, or the name of the TCP state
 * @property {string} localAddress
 * @property {number} localPort
 * @property {string | null} remoteAddress
 * @property {number | null} remotePort
 * @property {number[]} pids every process that holds it
 * @property {number | null} uid
 * @property {import('./program').Program | null} program `null`: hidden from this user
 */
/**
 * @typedef {object} Changes
 * @property {number} version to be passed with the next request
 * @property {boolean} isWhole `rows` has all rows; drop the previous ones
 * @property {Row[]} rows new and changed ones
 * @property {number[]} gone the ids of the rows that no longer exist
 */

class SocketTable {
  /** @type {Map<string, Row>} */
  #rows = new Map()
  #version = 0
  #lastId = 0
  /** What changed at the last reading. */
  #changed = []
  #gone = []
  #underWay = null

  /**
   * Reads all sockets. Calls made in the meantime share that reading.
   * @param {number} known the version that the page has
   * @returns {Promise<Changes>}
   */
  async changesSince(known) {
    this.#underWay ??= this.#refresh().finally(() => {
      this.#underWay = null
    })
    await this.#underWay
    const version = this.#version
    if (known === version - 1 && known > 0) {
      return { version, isWhole: false, rows: this.#changed, gone: this.#gone }
    }
    return { version, isWhole: true, rows: [...this.#rows.values()], gone: [] }
  }

  async #refresh() {
    const found = keyed(await readRows())
    const before = this.#rows
    this.#rows = new Map()
    this.#changed = []
    for (const [key, row] of found) {
      const known = before.get(key)
      before.delete(key)
      const isSame = known !== undefined && isEqual(known, row)
      const kept = isSame ? known : { ...row, id: known?.id ?? ++this.#lastId }
      if (!isSame) this.#changed.push(kept)
      this.#rows.set(key, kept)
    }
    this.#gone = [...before.values()].map(({ id }) => id)
    this.#version += 1
  }
}

async function readRows() {
  const sockets = await listSockets()
  // Read again each time: the pid may be another process now, or the process another program.
  const pids = [...new Set(sockets.map(({ pid }) => pid).filter((pid) => pid !== null))]
  const infos = await Promise.all(pids.map((pid) => getProcessInfo(pid)))
  const programs = new Map(
    infos.map((info, i) => [
      pids[i],
      info === null ? { ...UNKNOWN, pid: pids[i] } : programOf(info)
    ])
  )
  return sockets.map(({ pid, state, tcpState, ...socket }) => ({
    ...socket,
    state: stateName(state, tcpState),
    program: pid === null ? null : programs.get(pid)
  }))
}

/** `connected` if both directions are open, otherwise the TCP state. */
function stateName(state, tcpState) {
  if (state !== 'connected' || tcpState === null || tcpState === 'ESTABLISHED') return state
  return tcpState.toLowerCase().replaceAll('_', ' ')
}

/** A counter distinguishes sockets that look the same (SO_REUSEPORT). */
function* keyed(sockets) {
  const counts = new Map()
  for (const row of sockets) {
    const { protocol, localAddress, localPort, remoteAddress, remotePort, pids } = row
    const key = [protocol, localAddress, localPort, remoteAddress, remotePort, ...pids].join(' ')
    const count = counts.get(key) ?? 0
    counts.set(key, count + 1)
    yield [`${key} #${count}`, row]
  }
}

function isEqual(a, b) {
  return (
    a.state === b.state &&
    a.program?.app === b.program?.app &&
    a.program?.name === b.program?.name &&
    a.program?.startedAt === b.program?.startedAt
  )
}

exports.SocketTable = SocketTable
