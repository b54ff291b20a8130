// Figures out of many measurements, and how they are written.

export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (sorted.length - 1) * share
  const below = Math.floor(at)
  const above = Math.min(below + 1, sorted.length - 1)
  return sorted[below] + (sorted[above] - sorted[below]) * (at - below)
}

export const median = (values) => quantile(values, 0.5)
export const p99 = (values) => quantile(values, 0.99)

export const whole = (number) => Math.round(number).toLocaleString('en')

const digits = (number) =>
  number >= 100 ? whole(number) : Number(number.toPrecision(2)).toString()

export const loadName = ({ processes, sockets }) => `${whole(processes)} / ${whole(sockets)}`

export function duration(ms) {
  if (ms < 1) return `${digits(ms * 1000)} µs`
  return ms < 1000 ? `${digits(ms)} ms` : `${digits(ms / 1000)} s`
}

/** `1/340` for a small ratio, `1.04` for one about 1. */
export function ratio(value) {
  if (value < 0.7) return `1/${digits(1 / value)}`
  return value.toFixed(value < 10 ? 2 : 0)
}

/** What several methods measured in the same rounds. */
export class Samples {
  times = {}
  wrong = {}

  add(name, { ms, pid }, expected) {
    this.times[name] ??= []
    this.times[name].push(ms)
    this.wrong[name] ??= 0
    if (pid !== expected) this.wrong[name] += 1
  }

  median(name) {
    return median(this.times[name])
  }

  has(name) {
    return this.times[name] !== undefined
  }
}

export function markdown(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
