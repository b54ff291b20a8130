// The page: requests as rows, the newest first, and their apps as a filter. Names, paths and URLs are
// strangers' text: they become text nodes only, without control and direction characters.

/** As many as the main process remembers. */
const ROWS_MAX = 1000
/** A row shows one line; the detail shows more. */
const LINE_LENGTH_MAX = 300
const DETAIL_LENGTH_MAX = 4000

const at = (id) => document.getElementById(id)
/** By id: the request, its row and the parts of the row that change. */
const rows = new Map()
/** By the app's key: its name, its count and its button. */
const apps = new Map()
let chosenApp = null
let chosenId = null

function printable(text, lengthMax = LINE_LENGTH_MAX) {
  const short = text.length > lengthMax ? `${text.slice(0, lengthMax)}…` : text
  return short.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\u{FFFD}')
}

function element(tag, className, text = '') {
  const made = document.createElement(tag)
  made.className = className
  made.textContent = text
  return made
}

/** Which app a request counts for: programs of one name in two places are two apps. */
function appKey({ client }) {
  return client === null ? null : (client.app ?? client.name)
}

/** A coloured initial; the colour is the app's for good, since it comes of its path. */
function paintFace(face, request) {
  const key = appKey(request)
  const isKnown = request.client !== null && request.client.path !== null
  face.className = isKnown ? 'face' : 'face none'
  const [initial = '?'] = isKnown ? (request.client.name.match(/[\p{L}\p{N}]/u) ?? []) : []
  face.textContent = initial.toUpperCase()
  let hash = 0
  for (const unit of key ?? '') hash = (hash * 31 + unit.codePointAt(0)) % 9973
  face.style.setProperty('--hue', String((hash * 47) % 360))
}

/** Host and the rest, as far as it is an address at all; CONNECT names a host alone. */
function splitUrl({ method, url }) {
  if (method === 'CONNECT' || !URL.canParse(url)) return [url, '']
  const { host } = new URL(url)
  return [host, url.slice(url.indexOf('//') + 2).replace(/^[^/?#]*/, '')]
}

function makeRow(request) {
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
  button.addEventListener('click', () => choose(request.id))
  item.append(button)
  return { request, item, button, face, name, pid, status, time, app: null }
}

/** What may have changed since the row was made: the client, the status, the end. */
function fillRow(row) {
  const { client, status, startedAt, endedAt } = row.request
  paintFace(row.face, row.request)
  row.name.textContent = client === null ? 'Looking…' : printable(client.name)
  row.pid.textContent = client === null || client.pid === null ? '' : `pid ${client.pid}`
  const failed = endedAt !== null && status === null
  row.status.textContent = failed ? 'failed' : (status ?? '')
  row.status.className = `status ${failed ? 'bad' : statusClass(status)}`
  row.time.textContent = endedAt === null ? '' : duration(endedAt - startedAt)
  row.time.className = endedAt === null ? 'time open' : 'time'
}

function statusClass(status) {
  if (status === null || (status >= 300 && status < 400)) return 'quiet'
  if (status < 400) return 'good'
  return status < 500 ? 'warn' : 'bad'
}

function duration(ms) {
  return ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`
}

function shortDuration(micros) {
  return micros < 10_000 ? `${micros} µs` : duration(Math.round(micros / 1000))
}

/** Takes in new and changed requests. */
function show(requests) {
  const added = []
  for (const request of requests) {
    let row = rows.get(request.id)
    if (row === undefined) {
      row = makeRow(request)
      rows.set(request.id, row)
      added.unshift(row.item)
    }
    row.request = request
    fillRow(row)
    countApp(row)
    row.item.hidden = !isWanted(row)
    if (request.id === chosenId) showDetail()
  }
  at('requests').prepend(...added)
  for (const id of rows.keys()) {
    if (rows.size <= ROWS_MAX) break
    forget(id)
  }
  at('all').querySelector('.count').textContent = rows.size
  at('empty').hidden = rows.size > 0
}

function forget(id) {
  const row = rows.get(id)
  row.item.remove()
  rows.delete(id)
  if (row.app !== null) addToCount(row.app, -1)
}

function countApp(row) {
  const key = appKey(row.request)
  if (key === null || row.app !== null) return
  row.app = key
  if (!apps.has(key)) apps.set(key, makeApp(key, row.request))
  addToCount(key, 1)
}

function makeApp(key, request) {
  const button = element('button', 'app')
  button.type = 'button'
  button.title = printable(request.client.app ?? 'No program could be found')
  button.setAttribute('aria-pressed', 'false')
  const face = element('span', 'face')
  paintFace(face, request)
  const count = element('span', 'count')
  button.append(face, element('span', 'stranger', printable(request.client.name)), count)
  button.addEventListener('click', () => chooseApp(key))
  const item = document.createElement('li')
  item.append(button)
  at('apps').append(item)
  return { item, button, count, size: 0 }
}

function addToCount(key, change) {
  const app = apps.get(key)
  app.size += change
  app.count.textContent = app.size
  if (app.size > 0) return
  app.item.remove()
  apps.delete(key)
  if (chosenApp === key) chooseApp(null)
}

function chooseApp(key) {
  chosenApp = key
  filter()
}

function isWanted(row) {
  if (chosenApp !== null && row.app !== chosenApp) return false
  const wanted = at('filter').value.trim().toLowerCase()
  if (wanted === '') return true
  const { method, url, client } = row.request
  const text = `${method} ${url} ${client?.name ?? ''} ${client?.path ?? ''} ${client?.pid ?? ''}`
  return text.toLowerCase().includes(wanted)
}

function filter() {
  at('all').setAttribute('aria-pressed', chosenApp === null)
  for (const [key, { button }] of apps) button.setAttribute('aria-pressed', key === chosenApp)
  for (const row of rows.values()) row.item.hidden = !isWanted(row)
}

function choose(id) {
  for (const each of [chosenId, id])
    rows.get(each)?.button.setAttribute('aria-pressed', each === id)
  chosenId = id
  showDetail()
}

function showDetail() {
  const row = rows.get(chosenId)
  at('detail').hidden = row === undefined
  if (row === undefined) return
  const { client, method, url, startedAt, status } = row.request
  const fields = [
    ['App', client?.name],
    ['Program', client?.path],
    ['Process', client?.pid && `pid ${client.pid}, found in ${shortDuration(client.micros)}`],
    ['Running since', client?.startedAt && new Date(client.startedAt).toLocaleString()],
    ['Request', `${method} ${url}`],
    ['Status', status && String(status)],
    ['Started', new Date(startedAt).toLocaleTimeString()]
  ]
  const parts = fields.flatMap(([title, text]) => [
    element('h2', '', title),
    element('p', '', printable(text || '–', DETAIL_LENGTH_MAX))
  ])
  at('fields').replaceChildren(...parts)
}

function showProblem(problem) {
  at('problem').hidden = problem === null
  at('problem').textContent =
    problem === null ? '' : `Apps can’t be told here. ${printable(problem)}`
}

async function main() {
  const { traffic } = window
  let isCurrent = false
  let missed = true
  traffic.onChange((change) => {
    missed = true
    if (!isCurrent) return
    show(change.requests)
    showProblem(change.problem)
  })
  at('filter').addEventListener('input', filter)
  at('all').addEventListener('click', () => chooseApp(null))
  at('close').addEventListener('click', () => choose(null))
  document.addEventListener('keydown', ({ key }) => key === 'Escape' && choose(null))

  // A change that came while the state was on its way may be in it or not: ask again.
  let state
  while (missed) {
    missed = false
    state = await traffic.state()
  }
  isCurrent = true
  at('address').textContent = state.proxyUrl
  at('address').addEventListener('click', () => navigator.clipboard.writeText(state.proxyUrl))
  at('hint').textContent = `curl --proxy ${state.proxyUrl} http://example.com/`
  show(state.requests)
  showProblem(state.problem)
}

main()
