// The model of churn.test.mjs: who held which socket when, and which answers cannot be true. It
// gets all lines twice: `hear` processes what the holders say, and `judge` checks the answers.

const SECOND = 1e9
const NOTHING = []

/** For the lines of holders and askers see fixtures/storm_sockets.py and fixtures/asker.cjs. */
export class Model {
  /** Holds by protocol and local port. */
  #holds = new Map()
  /** Holds by second, then by protocol and local port. Built when the first answer is judged. */
  #bySecond
  /** The asker's servers: its pid by protocol and local port. */
  #servers = new Map()
  #end = 0
  pids = new Set()
  started = 0
  kinds = {}
  /** How many times a list had to contain a socket together with its holder. */
  steady = 0

  hear(line) {
    const [what, ...words] = line.split(' ')
    if (what === 'h') this.#hold(words)
    else if (what === 'l') this.#letGo(words)
    else if (what === 's') this.started = Number(words[0])
    else if (what === 'o') this.#servers.set(`${words[0]} ${words[1]}`, Number(words[2]))
    else if (what !== 'q' && what !== 'r') throw new Error(`no line of ours: ${line}`)
  }

  #hold([protocol, ...words]) {
    const [port, other, pid, notBefore, surely, steady] = words.slice(0, 6).map(Number)
    const [manner, start, marks] = words.slice(6)
    const key = `${protocol} ${port}`
    const holds = this.#holds.get(key) ?? []
    this.#holds.set(key, holds)
    this.pids.add(pid)
    this.#end = Math.max(this.#end, notBefore)
    const open = { protocol, port, other, pid, notBefore, surely, isSteady: steady === 1, manner }
    const identity = { start: Number(start), marks: marks.split(',') }
    holds.push({ ...open, ...identity, notAfter: Infinity, surelyUntil: Infinity })
  }

  #letGo([protocol, ...words]) {
    const [port, other, pid, surelyUntil, notAfter] = words.map(Number)
    for (const hold of this.#holds.get(`${protocol} ${port}`) ?? NOTHING) {
      if (hold.pid !== pid || hold.other !== other || hold.notAfter !== Infinity) continue
      Object.assign(hold, { surelyUntil, notAfter })
    }
    this.#end = Math.max(this.#end, surelyUntil)
  }

  #index() {
    this.#bySecond = new Map()
    for (const [key, holds] of this.#holds) {
      for (const hold of holds) {
        const last = Math.floor(Math.min(hold.notAfter, this.#end) / SECOND)
        for (let second = Math.floor(hold.notBefore / SECOND); second <= last; second++) {
          const byKey = this.#bySecond.get(second) ?? new Map()
          this.#bySecond.set(second, byKey)
          byKey.set(key, [...(byKey.get(key) ?? NOTHING), hold])
        }
      }
    }
  }

  /** Returns the holds with that protocol and port, or all, that may overlap this period. */
  #during(from, to, key) {
    if (this.#bySecond === undefined) this.#index()
    const found = new Set()
    const last = Math.floor(Math.min(to, this.#end) / SECOND)
    for (let second = Math.floor(Math.min(from, this.#end) / SECOND); second <= last; second++) {
      const byKey = this.#bySecond.get(second) ?? new Map()
      const holds = key === undefined ? [...byKey.values()].flat() : (byKey.get(key) ?? NOTHING)
      for (const hold of holds) {
        if (hold.notBefore <= to && hold.notAfter >= from) found.add(hold)
      }
    }
    return [...found]
  }

  /** Returns what is wrong with an answer, each problem with the holds to compare it with. */
  judge(line) {
    const [what, ...words] = line.split(' ')
    if (what === 'q') return this.#judgeAnswer(words)
    if (what === 'r') return this.#judgeList(words)
    return NOTHING
  }

  #judgeAnswer([kind, protocol, port, other, from, to, answer, state]) {
    const remote = Number(other)
    const asked = { kind, protocol, port, other, from, to, answer, state }
    const holds = this.#during(Number(from), Number(to), `${protocol} ${port}`)
    this.#count(kind, protocol, answer === '0' ? 'null' : 'owner')
    const breach = breachOf({ kind, from: Number(from), to: Number(to), answer, remote }, holds)
    return breach === null ? NOTHING : [{ breach, ...asked, holds }]
  }

  #count(kind, protocol, what) {
    const name = kind === 'port' ? `${protocol} port` : kind
    this.kinds[name] ??= {}
    this.kinds[name][what] = (this.kinds[name][what] ?? 0) + 1
  }

  #judgeList([from, to, filter, text]) {
    this.#count('list', '', filter.split('=')[0])
    const asked = { kind: 'list', from, to, filter }
    if (/^\w+:/.test(text)) return [{ breach: 'an error', ...asked, text }]
    const [begun, ended] = [Number(from), Number(to)]
    const rows = text === '' ? NOTHING : text.split(',').map(rowOf)
    const isAsked = filterOf(filter)
    const holds = this.#during(begun, ended)
    const byKey = grouped(holds)
    const found = []
    for (const row of rows) {
      // A socket that is listed unconnected may be connected by the time its holders are read.
      const isIts = ({ protocol, port }) => protocol === row.protocol && port === row.port
      const theirs = row.other === 0 ? holds.filter(isIts) : (byKey.get(keyOf(row)) ?? NOTHING)
      const breach = isAsked(row)
        ? this.#falseRow(row, theirs, ended)
        : 'a row that was not asked for'
      if (breach !== null) found.push({ breach, ...asked, row, holds: theirs })
    }
    const wanted = holds.filter((hold) => isAsked({ ...hold, pids: [hold.pid] }))
    const steady = wanted.filter((hold) => isHeldThroughout(hold, begun, ended))
    this.steady += steady.length
    return [...found, ...lacking(steady, rows).map((each) => ({ ...asked, ...each }))]
  }

  /** Returns what is wrong with a row, or `null`. */
  #falseRow({ protocol, port, other, pids }, holds, to) {
    const server = other === 0 ? undefined : this.#servers.get(`${protocol} ${port}`)
    const isHolder = (pid) => pid === server || holds.some((hold) => hold.pid === pid)
    if (!pids.every(isHolder)) return 'a process that did not hold it'
    // The start of a process that exited before the answer could no longer be read.
    const living = holds.filter(({ surelyUntil }) => surelyUntil >= to)
    const starts = pids.flatMap((pid) => living.find((hold) => hold.pid === pid)?.start || NOTHING)
    const isSorted = starts.every((start, i) => i === 0 || starts[i - 1] <= start)
    return isSorted ? null : 'a younger holder in front of an older one'
  }
}

const keyOf = ({ protocol, port, other }) => `${protocol} ${port} ${other}`

function grouped(holds) {
  const groups = new Map()
  for (const hold of holds) {
    const key = keyOf(hold)
    groups.set(key, [...(groups.get(key) ?? NOTHING), hold])
  }
  return groups
}

function rowOf(text) {
  const [protocol, port, other, pids] = text.split('/')
  const numbers = pids === '' ? NOTHING : pids.split('+').map(Number)
  return { protocol, port: Number(port), other: Number(other), pids: numbers }
}

/** Returns a function that checks whether a row passes that filter. */
function filterOf(filter) {
  const [name, value] = filter.split('=')
  if (name === 'all') return () => true
  if (name === 'port') return ({ port }) => port === Number(value)
  if (name === 'pid') return ({ pids }) => pids.length === 1 && pids[0] === Number(value)
  return ({ protocol }) => protocol === name
}

const isHeldThroughout = ({ isSteady, surely, surelyUntil }, from, to) =>
  isSteady && surely <= from && surelyUntil >= to

/** Returns the steady sockets that do not have exactly one row with their holder. */
function lacking(steady, rows) {
  const found = []
  for (const hold of steady) {
    const theirs = rows.filter((row) => keyOf(row) === keyOf(hold))
    const isThere = theirs.length === 1 && theirs[0].pids.includes(hold.pid)
    if (isThere) continue
    const breach = ['a steady socket is missing', 'a steady socket without its holder'][
      theirs.length
    ]
    found.push({ breach: breach ?? 'a steady socket is there twice', rows: theirs, holds: [hold] })
  }
  return found
}

/** Returns what is wrong with an answer, or `null`. */
function breachOf({ kind, from, to, answer, remote }, holds) {
  // A reply also reaches an unconnected socket.
  const fits = ({ other }) =>
    kind === 'port' || other === remote || (kind === 'reply' && other === 0)
  const asked = holds.filter(fits)
  const [pid, start, mark] = answer.split(':')
  if (!/^\d+$/.test(pid)) return 'an error'
  if (pid === '0') {
    const isHeld = asked.some((hold) => isHeldThroughout(hold, from, to))
    return isHeld ? 'null while a process held it' : null
  }
  const holders = asked.filter((hold) => hold.pid === Number(pid))
  if (holders.length === 0) return 'a process that did not hold it'
  if (kind !== 'record') return null
  const isTheirs = holders.some((hold) => hold.start === Number(start) && hold.marks.includes(mark))
  return isTheirs ? null : 'a record of another process'
}
