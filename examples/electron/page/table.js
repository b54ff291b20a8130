// A list of any length with only its visible rows in the document: those few elements are filled again
// as it scrolls.

const TABLE_ROW_PX = 32
/** Rows above and below the visible part, so that a quick scroll shows no gap. */
const SPARE_ROWS = 8

export class LongList {
  #window
  #list
  #makeSlot
  #slots = []
  #rows = []
  #isDue = false

  /** `makeSlot` returns `{ item, fill }`; `fill` takes a row. */
  constructor(scroller, makeSlot) {
    this.#window = scroller
    this.#list = scroller.firstElementChild
    this.#makeSlot = makeSlot
    scroller.addEventListener('scroll', () => this.#drawSoon(), { passive: true })
    new ResizeObserver(() => this.#drawSoon()).observe(scroller)
  }

  show(rows) {
    this.#rows = rows
    this.#list.style.height = `${rows.length * TABLE_ROW_PX}px`
    this.draw()
  }

  draw() {
    const { scrollTop, clientHeight } = this.#window
    if (clientHeight === 0) return // Hidden.
    const first = Math.max(0, Math.floor(scrollTop / TABLE_ROW_PX) - SPARE_ROWS)
    const count = Math.ceil(clientHeight / TABLE_ROW_PX) + 2 * SPARE_ROWS
    while (this.#slots.length < count) {
      const slot = this.#makeSlot()
      this.#slots.push(slot)
      this.#list.append(slot.item)
    }
    // A row keeps its slot while it is visible, so focus and hover stay where they are.
    const { length } = this.#slots
    for (let i = first; i < first + length; i += 1) {
      const { item, fill } = this.#slots[i % length]
      const row = this.#rows[i]
      item.hidden = row === undefined
      if (row === undefined) continue
      item.style.transform = `translateY(${i * TABLE_ROW_PX}px)`
      item.ariaPosInSet = i + 1
      item.ariaSetSize = this.#rows.length
      fill(row)
    }
  }

  #drawSoon() {
    if (this.#isDue) return
    this.#isDue = true
    requestAnimationFrame(() => {
      this.#isDue = false
      this.draw()
    })
  }
}
