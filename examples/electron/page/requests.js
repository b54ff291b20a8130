// The requests as rows, newest first.

import { AppList, appKey, paintFace } from './apps.js'
import { processFields, showFields } from './detail.js'
import { at, duration, element, printable, shortDuration } from './text.js'

/** As many as the main process remembers. */
const REQUEST_ROWS_MAX = 1000

/** The host and the rest of the URL, if it is one; CONNECT names only a host. */
function splitUrl({ method, url }) {
  if (method === 'CONNECT' || !URL.canParse(url)) return [url, '']
  const { host } = new URL(url)
  return [host, url.slice(url.indexOf('//') + 2).replace(/^[^/?#]*/, '')]
}

function statusClass(status) {
  if (status === null || (status >= 300 && status < 400)) return 'quiet'
  if (status < 400) return 'good'
  return status < 500 ? 'warn' : 'bad'
}

function makeRequestRow(request) {
  const item = document.createElement('li')
  const button = element('button', 'request')
  button.type = 'button'
  const face = element('span', 'face')
  const name = element('span', 'name stranger')
  const pid = element('span', 'pid')
  const who = element('span', 'who')
  who.append(face, name, pid)
  const [host, path] = splitUrl(request)
  const line = element('span', 'host')
  line.append(
    element('span', 'method', printable(request.method)),
    element('span', 'stranger', printable(host))
  )
  const what = element('span', 'what')
  what.append(line, element('div', 'path stranger', printable(path)))
  const status = element('span', 'status')
  const time = element('span', 'time')
  button.append(who, what, status, time)
  item.append(button)
  return { request, item, button, face, name, pid, status, time, app: null }
}

/** Updates what may have changed since the row was made: the client, the status, the end. */
function fillRequestRow(row) {
  const { client, status, startedAt, endedAt } = row.request
  paintFace(row.face, client)
  row.name.textContent = client === null ? 'Looking…' : printable(client.name)
  row.pid.textContent = client === null || client.pid === null ? '' : `pid ${client.pid}`
  const failed = endedAt !== null && status === null
  row.status.textContent = failed ? 'failed' : (status ?? '')
  row.status.className = `status ${failed ? 'bad' : statusClass(status)}`
  row.time.textContent = endedAt === null ? '' : duration(endedAt - startedAt)
  row.time.className = endedAt === null ? 'time open' : 'time'
}

export class RequestsView {
  /** By id: the request, its row and the parts of the row that change. */
  #rows = new Map()
  #apps = new AppList(at('apps'), at('all'), () => this.filter())
  #chosenId = null
  #wanted = ''
  placeholder = 'Filter by app, address or method'

  constructor() {
    at('detail')
      .querySelector('.close')
      .addEventListener('click', () => this.choose(null))
  }

  /** Adds new requests and updates changed ones. */
  show(requests) {
    const added = []
    for (const request of requests) {
      let row = this.#rows.get(request.id)
      if (row === undefined) {
        row = makeRequestRow(request)
        row.button.addEventListener('click', () => this.choose(request.id))
        this.#rows.set(request.id, row)
        added.unshift(row.item)
      }
      row.request = request
      fillRequestRow(row)
      this.#countApp(row)
      row.item.hidden = !this.#isWanted(row)
      if (request.id === this.#chosenId) this.#showDetail()
    }
    at('requests').prepend(...added)
    for (const id of this.#rows.keys()) {
      if (this.#rows.size <= REQUEST_ROWS_MAX) break
      this.#forget(id)
    }
    this.#apps.showCounts(this.#rows.size)
    at('empty').hidden = this.#rows.size > 0
  }

  filter(wanted = this.#wanted) {
    this.#wanted = wanted
    for (const row of this.#rows.values()) row.item.hidden = !this.#isWanted(row)
  }

  choose(id) {
    for (const each of [this.#chosenId, id]) {
      this.#rows.get(each)?.button.setAttribute('aria-pressed', each === id)
    }
    this.#chosenId = id
    this.#showDetail()
  }

  #forget(id) {
    const row = this.#rows.get(id)
    row.item.remove()
    this.#rows.delete(id)
    if (row.app !== null) this.#apps.count(row.app, row.request.client, -1)
  }

  #countApp(row) {
    const { client } = row.request
    if (client === null || row.app !== null) return
    row.app = appKey(client)
    this.#apps.count(row.app, client, 1)
  }

  #isWanted(row) {
    if (this.#apps.chosen !== null && row.app !== this.#apps.chosen) return false
    if (this.#wanted === '') return true
    const { method, url, client } = row.request
    const text = `${method} ${url} ${client?.name ?? ''} ${client?.path ?? ''} ${client?.pid ?? ''}`
    return text.toLowerCase().includes(this.#wanted)
  }

  async #showDetail() {
    const row = this.#rows.get(this.#chosenId)
    at('detail').hidden = row === undefined
    if (row === undefined) return
    const { id, client, method, url, startedAt, status } = row.request
    const pid = client?.pid && `pid ${client.pid}, found in ${shortDuration(client.micros)}`
    const fieldsOf = (known) => [
      ...processFields(known, pid),
      ['Request', `${method} ${url}`],
      ['Status', status && String(status)],
      ['Started', new Date(startedAt).toLocaleTimeString()]
    ]
    showFields(at('fields'), fieldsOf(client))
    // The command line and the rest are fetched only when the user looks.
    const whole = await window.traffic.clientOf(id)
    if (whole !== null && this.#chosenId === id) showFields(at('fields'), fieldsOf(whole))
  }
}
