// Every socket on this machine, by app, read again each second while this view is shown.

import { AppList, appKey, paintFace } from './apps.js'
import { processFields, showFields } from './detail.js'
import { LongList } from './table.js'
import { at, element, endText, printable } from './text.js'

const REFRESH_MS = 1000
const HIDDEN_KEY = '\u{0}hidden'

/** The order of the states when the table is sorted by state. */
const STATES = ['listening', 'connected', 'bound']

function hiddenName(uid) {
  if (uid === null) return 'Hidden'
  return uid === 0 ? 'Hidden (root)' : `Hidden (user ${uid})`
}

/** A row as it is sorted, filtered and shown: each text is made once, when the row arrives. */
function preparedRow(socket) {
  const { protocol, localAddress, localPort, remoteAddress, remotePort, program, uid } = socket
  const name = program === null ? hiddenName(uid) : printable(program.name)
  const local = printable(endText(localAddress, localPort))
  const remote = printable(endText(remoteAddress, remotePort))
  const rank = STATES.indexOf(socket.state)
  const row = { socket, key: program === null ? HIDDEN_KEY : appKey(program), name, local, remote }
  const pid = program === null ? '' : `pid ${program.pid}`
  const words = [name, program?.path, pid, protocol, local, remote, socket.state]
  return {
    ...row,
    stateRank: rank === -1 ? STATES.length : rank,
    order: program === null ? '\u{FFFF}' : name.toLowerCase(),
    text: words.join(' ').toLowerCase()
  }
}

const byText = (a, b) => (a < b ? -1 : a > b ? 1 : 0)
/** Rows that are equal in the chosen column are ordered by app, state and port. */
const byApp = (a, b) =>
  byText(a.order, b.order) ||
  a.stateRank - b.stateRank ||
  a.socket.localPort - b.socket.localPort ||
  a.socket.id - b.socket.id
const ORDERS = {
  app: byApp,
  protocol: (a, b) => byText(a.socket.protocol, b.socket.protocol) || byApp(a, b),
  local: (a, b) =>
    a.socket.localPort - b.socket.localPort || byText(a.local, b.local) || byApp(a, b),
  remote: (a, b) => byText(a.remote, b.remote) || byApp(a, b),
  state: (a, b) =>
    a.stateRank - b.stateRank || byText(a.socket.state, b.socket.state) || byApp(a, b)
}

/** A cell with separate address and port, so that only the address is cut short. */
function makeEnd(className) {
  const cell = element('span', `${className} end`)
  const name = element('span', 'stranger')
  const number = element('span', '')
  cell.append(name, number)
  function fill(text) {
    const colon = text.lastIndexOf(':')
    name.textContent = text.slice(0, Math.max(0, colon))
    number.textContent = text.slice(Math.max(0, colon))
  }
  return { cell, fill }
}

function makeSocketSlot(onChoose, isChosen) {
  const item = document.createElement('li')
  const button = element('button', 'socket')
  button.type = 'button'
  const [face, name, pid] = ['face', 'name stranger', 'pid'].map((each) => element('span', each))
  const who = element('span', 'who')
  who.append(face, name, pid)
  const protocol = element('span', 'protocol')
  const local = makeEnd('local')
  const remote = makeEnd('remote')
  const state = element('span', 'state')
  button.append(who, protocol, local.cell, remote.cell, state)
  item.append(button)
  let shown
  button.addEventListener('click', () => onChoose(shown))
  function fill(row) {
    button.setAttribute('aria-pressed', isChosen(row))
    if (row === shown) return
    shown = row
    const { socket } = row
    paintFace(face, socket.program)
    name.textContent = row.name
    pid.textContent = socket.program === null ? '' : socket.program.pid
    protocol.textContent = socket.protocol.toUpperCase()
    local.fill(row.local)
    remote.fill(row.remote)
    state.textContent = socket.state
    state.className = `state ${STATES.includes(socket.state) ? socket.state : 'closing'}`
  }
  return { item, fill }
}

export class SocketsView {
  /** By id. */
  #rows = new Map()
  /** All rows in the chosen order, and those of them that match the filter. */
  #sorted = []
  #version = 0
  #column = 'app'
  #isReversed = false
  #wanted = ''
  #chosenId = null
  #isShown = false
  #timer = null
  #apps = new AppList(at('socket-apps'), at('all-sockets'), () => this.filter())
  #list = new LongList(at('sockets'), () =>
    makeSocketSlot(
      ({ socket }) => this.choose(socket.id),
      ({ socket }) => socket.id === this.#chosenId
    )
  )
  placeholder = 'Filter by app, address, port or state'

  constructor(onProblem) {
    this.onProblem = onProblem
    at('socket-detail')
      .querySelector('.close')
      .addEventListener('click', () => this.choose(null))
    for (const heading of at('columns').children) {
      heading.addEventListener('click', () => this.#sortBy(heading.dataset.column))
    }
    this.#showOrder()
    document.addEventListener('visibilitychange', () => this.#refreshSoon(0))
  }

  /** Nothing is read while the view is hidden. */
  setShown(isShown) {
    this.#isShown = isShown
    this.#refreshSoon(0)
  }

  filter(wanted = this.#wanted) {
    this.#wanted = wanted
    const { chosen } = this.#apps
    const rows = this.#sorted.filter(
      ({ key, text }) => (chosen === null || key === chosen) && text.includes(wanted)
    )
    at('no-sockets').hidden = rows.length > 0 || this.#version === 0
    this.#list.show(rows)
  }

  choose(id) {
    this.#chosenId = id
    this.#list.draw()
    this.#showDetail()
  }

  #refreshSoon(ms) {
    clearTimeout(this.#timer)
    if (this.#isShown && !document.hidden) this.#timer = setTimeout(() => this.#refresh(), ms)
  }

  async #refresh() {
    const changes = await window.traffic.socketsSince(this.#version)
    this.onProblem(changes.problem ?? null)
    if (changes.problem === undefined) this.#take(changes)
    this.#refreshSoon(REFRESH_MS)
  }

  #take({ version, isWhole, rows, gone }) {
    this.#version = version
    const ids = isWhole ? [...this.#rows.keys()] : [...gone, ...rows.map(({ id }) => id)]
    for (const id of ids) this.#forget(id)
    const added = rows.map(preparedRow)
    for (const row of added) {
      this.#rows.set(row.socket.id, row)
      this.#apps.count(row.key, row.socket.program, 1)
    }
    if (ids.length === 0 && added.length === 0) return
    this.#apps.showCounts()
    this.#sorted = this.#sorted.filter((row) => this.#rows.get(row.socket.id) === row).concat(added)
    this.#sort()
    if (!this.#rows.has(this.#chosenId)) this.choose(null)
  }

  #forget(id) {
    const row = this.#rows.get(id)
    if (row === undefined) return
    this.#rows.delete(id)
    this.#apps.count(row.key, row.socket.program, -1)
  }

  #sortBy(column) {
    this.#isReversed = column === this.#column && !this.#isReversed
    this.#column = column
    this.#showOrder()
    this.#sort()
  }

  #sort() {
    const order = ORDERS[this.#column]
    this.#sorted.sort(this.#isReversed ? (a, b) => order(b, a) : order)
    this.filter()
  }

  #showOrder() {
    for (const heading of at('columns').children) {
      const isChosen = heading.dataset.column === this.#column
      heading.className = isChosen ? (this.#isReversed ? 'down' : 'up') : ''
    }
  }

  async #showDetail() {
    const row = this.#rows.get(this.#chosenId)
    at('socket-detail').hidden = row === undefined
    if (row === undefined) return
    const { program, protocol, pids, state, uid } = row.socket
    const others = pids.slice(1).join(', ')
    const process = program === null ? 'hidden: an administrator may see it' : `pid ${program.pid}`
    const fieldsOf = (known) => [
      ...processFields(known, others === '' ? process : `${process}, shared with ${others}`),
      ['Socket', `${protocol.toUpperCase()}, ${state}`],
      ['Local address', row.local],
      ...(row.remote === '' ? [] : [['Remote address', row.remote]]),
      ...(program === null && uid !== null ? [['User', uid === 0 ? 'root' : String(uid)]] : [])
    ]
    showFields(at('socket-fields'), fieldsOf(program))
    if (program === null) return
    // The command line and the rest are fetched only when the user looks.
    const whole = await window.traffic.processOf(program.pid, program.startedAt)
    if (whole === null || this.#chosenId !== row.socket.id) return
    showFields(at('socket-fields'), fieldsOf(whole))
  }
}
