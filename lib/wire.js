'use strict'

// The wire format to the native side, and everything this side knows about it: a question is written
// as one line, and the rows of a list are read from 32-bit words. The head of src/node/wire.rs defines the
// format, and both sides are tested against __test__/support/wire.txt.

/** @typedef {import('../index').SocketInfo} SocketInfo */
/** @typedef {import('./native').Info} Info */
/** @typedef {{ address: string, port: number }} End */
/**
 * What to return about the process that is found.
 * @typedef {'pid' | 'record'} Gives
 */
/** @typedef {{ rows: Uint32Array, scopes: string[] }} Table */
/**
 * A table that is being read. `ipv4Texts`: the addresses seen so far, most of which recur.
 * @typedef {Table & { ipv4Texts: Map<number, string> }} Reading
 */
/**
 * A question as a line and, only for the type checker, the type of its answer.
 * @template A
 * @typedef {string & { answer?: A }} Line
 */

/** A missing value. */
const NONE = '-'
const ROW_WORDS = 14
const TCP = 6
const NO_UID = 0xffffffff
/** @type {SocketInfo['tcpState'][]} */
const TCP_STATES = [
  null,
  'LISTEN',
  'SYN_SENT',
  'SYN_RECEIVED',
  'ESTABLISHED',
  'FIN_WAIT_1',
  'FIN_WAIT_2',
  'CLOSE_WAIT',
  'CLOSING',
  'LAST_ACK',
  'CLOSED'
]
/** @type {SocketInfo['state'][]} */
const STATES = ['bound', 'listening', 'connected']
/** How an answer was found, by the native side's number. */
const STEPS = ['socket table', 'recent owner', 'walk']

/**
 * Each of these returns its question's line without the id, or `null` if no interface can have that name: a
 * space in it would end the field.
 * @template {Gives} G
 * @param {G} gives
 * @param {End} local The wanted socket's own end.
 * @param {End} remote
 * @returns {Line<G extends 'pid' ? number : Info> | null}
 */
function connectionLine(gives, local, remote) {
  return line(['connection', gives, local.address, local.port, remote.address, remote.port])
}

/**
 * @param {'tcp' | 'udp'} protocol
 * @param {number} port
 * @param {'listening' | 'connected' | undefined} state
 * @param {string | undefined} address
 * @returns {Line<number> | null}
 */
function portLine(protocol, port, state, address) {
  return line(['port', 'pid', protocol, port, state ?? NONE, address ?? NONE])
}

/**
 * @param {End} peer
 * @param {End} own
 * @returns {Line<number> | null}
 */
function replyLine(peer, own) {
  return line(['reply', 'pid', peer.address, peer.port, own.address, own.port])
}

/**
 * @template {Gives} G
 * @param {G} gives
 * @param {readonly number[]} told What `localPeer` returned for a descriptor.
 * @returns {Line<G extends 'pid' ? number : Info> | null}
 */
function unixLine(gives, told) {
  return line(['unix', gives, ...told])
}

/**
 * @param {import('../index').ListSocketsOptions} wanted
 * @returns {Line<Table> | null}
 */
function listLine({ protocol, state, port, pid }) {
  return line(['list', 'rows', protocol ?? NONE, state ?? NONE, port ?? NONE, pid ?? NONE])
}

/**
 * @param {(string | number)[]} fields
 * @returns {Line<any> | null}
 */
function line(fields) {
  const text = fields.join(' ')
  // Addresses have been checked already, except for their scopes.
  return text.includes('%') && fields.some(breaksLine) ? null : text
}

/** @param {string | number} field */
function breaksLine(field) {
  return typeof field === 'string' && /[\s\p{Cc}]/u.test(field)
}

/**
 * Reads up to `count` rows from `offset` on into `sockets`. Returns where the next row begins.
 * @param {Reading} reading
 * @param {number} offset
 * @param {number} count
 * @param {SocketInfo[]} sockets
 */
function readRows(reading, offset, count, sockets) {
  const { rows } = reading
  let at = offset
  for (let i = 0; i < count && at < rows.length; i += 1) {
    sockets.push(readRow(reading, at))
    at += ROW_WORDS + rows[at + 13]
  }
  return at
}

/**
 * @param {Reading} reading
 * @param {number} at
 * @returns {SocketInfo}
 */
function readRow(reading, at) {
  const { rows } = reading
  const kind = rows[at]
  const ports = rows[at + 1]
  const family = kind >>> 24
  const state = STATES[(kind >>> 16) & 0xff]
  const hasRemote = state === 'connected'
  const uid = rows[at + 12]
  const pids = pidsOf(rows, at + ROW_WORDS, rows[at + 13])
  return {
    protocol: (kind & 0xff) === TCP ? 'tcp' : 'udp',
    state,
    tcpState: TCP_STATES[(kind >>> 8) & 0xff],
    localAddress: addressText(reading, at + 2, family, rows[at + 10]),
    localPort: ports >>> 16,
    remoteAddress: hasRemote ? addressText(reading, at + 6, family, rows[at + 11]) : null,
    remotePort: hasRemote ? ports & 0xffff : null,
    pid: pids.length > 0 ? pids[0] : null,
    pids,
    uid: uid === NO_UID ? null : uid
  }
}

/**
 * An array that is pushed to allocates room for seventeen, and nearly every row has one pid.
 * @param {Uint32Array} rows
 * @param {number} first
 * @param {number} count
 */
function pidsOf(rows, first, count) {
  return count === 1 ? [rows[first]] : Array.from(rows.subarray(first, first + count))
}

/**
 * @param {Reading} reading
 * @param {number} at
 * @param {number} family
 * @param {number} scope
 */
function addressText({ rows, scopes, ipv4Texts }, at, family, scope) {
  if (family !== 4) return ipv6Text(rows, at) + (scope === 0 ? '' : `%${scopes[scope - 1]}`)
  const word = rows[at]
  let text = ipv4Texts.get(word)
  if (text === undefined) {
    text = `${word >>> 24}.${(word >>> 16) & 0xff}.${(word >>> 8) & 0xff}.${word & 0xff}`
    ipv4Texts.set(word, text)
  }
  return text
}

/**
 * Spelled as by inet_ntop and therefore Node (RFC 5952): the first of the longest runs of two or more zero
 * groups is left out.
 * @param {Uint32Array} rows
 * @param {number} at
 */
function ipv6Text(rows, at) {
  let longest = 0
  let longestEnd = 0
  let run = 0
  /** @type {string[]} */
  const groups = []
  for (let i = 0; i < 8; i += 1) {
    const word = rows[at + (i >> 1)]
    const group = i % 2 === 0 ? word >>> 16 : word & 0xffff
    groups.push(group.toString(16))
    run = group === 0 ? run + 1 : 0
    if (run > longest) {
      longest = run
      longestEnd = i + 1
    }
  }
  if (longest < 2) return groups.join(':')
  const before = groups.slice(0, longestEnd - longest).join(':')
  return `${before}::${groups.slice(longestEnd).join(':')}`
}

exports.STEPS = STEPS
exports.connectionLine = connectionLine
exports.portLine = portLine
exports.replyLine = replyLine
exports.unixLine = unixLine
exports.listLine = listLine
exports.readRows = readRows
