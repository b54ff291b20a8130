// The model of churn.test.mjs: who held which socket when, and which answers cannot be true.

const SHOWN = 20

/** Holders' and askers' lines, see fixtures/storm.py and fixtures/asker.cjs. */
export class Model {
  /** By local port. */
  holds = new Map()
  answers = []
  pids = new Set()
  started = 0
  kinds = { port: { owner: 0, null: 0 }, peer: { owner: 0, null: 0 } }

  hear(line) {
    const [what, ...words] = line.split(' ')
    if (what === 'h') this.#hold(words.slice(0, 6).map(Number), words[6])
    else if (what === 'l') this.#letGo(words.map(Number))
    else if (what === 'q') this.#answer(words)
    else if (what === 's') this.started = Number(words[0])
    else throw new Error(`no line of ours: ${line}`)
  }

  #hold([port, other, pid, notBefore, surely, steady], manner) {
    const holds = this.holds.get(port) ?? []
    this.holds.set(port, holds)
    this.pids.add(pid)
    const open = { other, pid, notBefore, surely, isSteady: steady === 1, manner }
    holds.push({ ...open, notAfter: Infinity, surelyUntil: Infinity })
  }

  #letGo([port, other, pid, surelyUntil, notAfter]) {
    const isIt = (hold) => hold.pid === pid && hold.other === other && hold.notAfter === Infinity
    const hold = this.holds.get(port)?.find(isIt)
    // One that was killed before it had told that it held.
    if (hold !== undefined) Object.assign(hold, { surelyUntil, notAfter })
  }

  #answer([kind, port, other, from, to, answer, state]) {
    const words = { kind, port: Number(port), other: Number(other), answer, state }
    this.answers.push({ ...words, from: Number(from), to: Number(to) })
    const told = this.kinds[kind]
    if (answer === '0') told.null++
    else told.owner++
  }
}

/** The answers that cannot be true, the first few of them. */
export function breaches(model) {
  const found = []
  for (const answer of model.answers) {
    const breach = breachOf(answer, model.holds.get(answer.port) ?? [])
    if (breach !== null) found.push({ breach, ...answer, holds: around(model, answer) })
    if (found.length === SHOWN) break
  }
  return found
}

function breachOf({ kind, other, from, to, answer }, holds) {
  const asked = holds.filter((hold) => kind === 'port' || hold.other === other)
  if (!/^\d+$/.test(answer)) return 'an error'
  const pid = Number(answer)
  if (pid === 0) {
    const isHeld = asked.some(
      (hold) => hold.isSteady && hold.surely <= from && hold.surelyUntil >= to
    )
    return isHeld ? 'null while a process held it' : null
  }
  const isHolder = asked.some(
    (hold) => hold.pid === pid && hold.notBefore <= to && hold.notAfter >= from
  )
  return isHolder ? null : 'a process that did not hold it'
}

/** The holds of that port about that time, for whoever reads the failure. */
function around(model, { port, from, to }) {
  const margin = 1e9
  const isNear = ({ notBefore, notAfter }) => notBefore <= to + margin && notAfter >= from - margin
  return (model.holds.get(port) ?? []).filter(isNear)
}
