// Apps: their icons, and the list on the left, which is a filter.

import { element, printable } from './text.js'

/** By app: a promise of its icon, `null` if the system has none. */
const pictures = new Map()

/** Programs with the same name in two places are two apps. */
export const appKey = (program) => program.app ?? program.name

/**
 * The app's icon if the system has one, otherwise a coloured initial. The colour depends on the path, so
 * it never changes for an app. Without a program it is a question mark.
 */
export function paintFace(face, program) {
  const isKnown = program !== null && program.path !== null
  const key = isKnown ? appKey(program) : ''
  if (face.dataset.app === key) return
  face.dataset.app = key
  face.className = isKnown ? 'face' : 'face none'
  const [initial = '?'] = isKnown ? (program.name.match(/[\p{L}\p{N}]/u) ?? []) : []
  face.textContent = initial.toUpperCase()
  let hash = 0
  for (const unit of key) hash = (hash * 31 + unit.codePointAt(0)) % 9973
  face.style.setProperty('--hue', String((hash * 47) % 360))
  if (isKnown) paintPicture(face, key)
}

async function paintPicture(face, key) {
  if (!pictures.has(key)) pictures.set(key, window.traffic.pictureOf(key))
  const source = await pictures.get(key)
  // The element may show another app by now.
  if (source === null || face.dataset.app !== key) return
  const picture = element('img', '')
  picture.alt = ''
  picture.src = source
  face.className = 'face picture'
  face.replaceChildren(picture)
}

/** The list of apps, each with a count; choosing one filters. */
export class AppList {
  #apps = new Map()
  #list
  #all
  #onChoose
  #size = 0
  /** The chosen app's key; `null`: all of them. */
  chosen = null

  constructor(list, all, onChoose) {
    this.#list = list
    this.#all = all
    this.#onChoose = onChoose
    all.addEventListener('click', () => this.choose(null))
  }

  /** Counts one more, or with -1 one fewer; an app whose count is 0 leaves the list. */
  count(key, program, change) {
    if (!this.#apps.has(key)) this.#add(key, program)
    const app = this.#apps.get(key)
    app.size += change
    app.isCountShown = false
    this.#size += change
    if (app.size > 0) return
    app.item.remove()
    this.#apps.delete(key)
    if (this.chosen === key) this.choose(null)
  }

  showCounts(size = this.#size) {
    this.#all.querySelector('.count').textContent = size
    for (const app of this.#apps.values()) {
      if (!app.isCountShown) app.count.textContent = app.size
      app.isCountShown = true
    }
  }

  choose(key) {
    this.chosen = key
    this.#all.setAttribute('aria-pressed', key === null)
    for (const [each, { button }] of this.#apps) button.setAttribute('aria-pressed', each === key)
    this.#onChoose()
  }

  #add(key, program) {
    const button = element('button', 'app')
    button.type = 'button'
    button.title = printable(program?.app ?? 'The program is not known')
    button.setAttribute('aria-pressed', 'false')
    const face = element('span', 'face')
    paintFace(face, program)
    const name = printable(program?.name ?? 'Hidden')
    const count = element('span', 'count')
    button.append(face, element('span', 'stranger', name), count)
    button.addEventListener('click', () => this.choose(key))
    const item = document.createElement('li')
    item.append(button)
    const app = {
      item,
      button,
      count,
      size: 0,
      order: program === null ? '\u{FFFF}' : name.toLowerCase(),
      isCountShown: false
    }
    const next = [...this.#apps.values()]
      .filter(({ order }) => order > app.order)
      .reduce((first, each) => (first === null || each.order < first.order ? each : first), null)
    this.#list.insertBefore(item, next?.item ?? null)
    this.#apps.set(key, app)
  }
}
