// The page: two views, requests and sockets, and one filter field for whichever is shown.

import { RequestsView } from './requests.js'
import { SocketsView } from './sockets.js'
import { at, printable } from './text.js'

const problems = { requests: null, sockets: null }

function showProblem(view, problem) {
  problems[view] = problem
  const text = problems.requests ?? problems.sockets
  at('problem').hidden = text === null
  at('problem').textContent = text === null ? '' : `Apps can’t be told here. ${printable(text)}`
}

const requestsView = new RequestsView()
const socketsView = new SocketsView((problem) => showProblem('sockets', problem))
const views = { requests: requestsView, sockets: socketsView }
/** The filter text of each view. */
const filters = { requests: '', sockets: '' }
let shownView = 'requests'

function showView(name) {
  shownView = name
  for (const each of Object.keys(views)) {
    at(`${each}-view`).hidden = each !== name
    at(`to-${each}`).setAttribute('aria-selected', each === name)
  }
  at('filter').placeholder = views[name].placeholder
  at('filter').value = filters[name]
  socketsView.setShown(name === 'sockets')
}

function filterShown() {
  filters[shownView] = at('filter').value
  views[shownView].filter(filters[shownView].trim().toLowerCase())
}

async function main() {
  const { traffic } = window
  let isCurrent = false
  let missed = true
  traffic.onChange((change) => {
    missed = true
    if (!isCurrent) return
    requestsView.show(change.requests)
    showProblem('requests', change.problem)
  })
  at('filter').addEventListener('input', filterShown)
  for (const name of Object.keys(views)) {
    at(`to-${name}`).addEventListener('click', () => showView(name))
  }
  document.addEventListener(
    'keydown',
    ({ key }) => key === 'Escape' && views[shownView].choose(null)
  )
  showView('requests')

  // A change that arrived while the state was on its way may or may not be in it: ask again.
  let state
  while (missed) {
    missed = false
    state = await traffic.state()
  }
  isCurrent = true
  at('address').textContent = state.proxyUrl
  at('address').addEventListener('click', () => navigator.clipboard.writeText(state.proxyUrl))
  at('hint').textContent = `curl --proxy ${state.proxyUrl} http://example.com/`
  requestsView.show(state.requests)
  showProblem('requests', state.problem)
}

main()
