// Every socket of this machine as a row for the page, and what has changed since it last asked. Knows
// nothing of Electron.

const { getProcessInfo, listSockets } = require('socket-owner')
const { programOf, UNKNOWN } = require('./program')

/**
 * @typedef {object} Row
 * @property {number} id the same as long as the socket is there
 * @property {'tcp' | 'udp'} protocol
 * @property {string} state `listening`, `bound`, `connected`, or what TCP calls it
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
 * @property {number} version to be given at the next question
 * @property {boolean} isWhole `rows` is all there is; forget what was there
 * @property {Row[]} rows new and changed ones
 * @property {number[]} gone their ids
 */

class SocketTable {
  /** @type {Map<string, Row>} */
  #rows = new Map()
  #version = 0
  #lastId = 0
  /** What the last reading changed. */
  #changed = []
  #gone = []
  #underWay = null

  /**
   * Reads all sockets. Questions that come meanwhile share that reading.
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
  // Asked for anew each time: a pid may be another process by now, or the same one another program.
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

/** `connected` says it all where both directions are open; else TCP's own word. */
function stateName(state, tcpState) {
  if (state !== 'connected' || tcpState === null || tcpState === 'ESTABLISHED') return state
  return tcpState.toLowerCase().replaceAll('_', ' ')
}

/** Sockets that look the same (SO_REUSEPORT) are told apart by counting. */
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
