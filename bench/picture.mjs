// The picture for the README: how long a lookup takes, ours beside the rivals, on a logarithmic
// scale, since on any other ours would not be seen.

import { PROGRAMS } from './lookups.mjs'
import { duration, whole } from './statistics.mjs'

const WIDTH = 760
const LEFT = 150
const RIGHT = 130
const BAR = 14
const ROW = 21
const PANEL_GAP = 34
const TOP = 66

const PANELS = [
  ['newOwner', 'A new owner', 'a process that has not answered lately'],
  ['recent, init', 'A recent owner', 'one more connection of a process that has'],
  ['burst', 'A burst', 'fifty owners asked for at once']
]
const BROWSER = 'chromium'
const LABELS = {
  readlink: 'concurrent readlink',
  ours: 'socket-owner',
  listeners: 'listeners (Rust)',
  netstat2: 'netstat2 (Rust)'
}

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 17px; font-weight: 600 }
  .panel { font-weight: 600 }
  .quiet { fill: #59636e }
  .bar { fill: #afb8c1 }
  .ours { fill: #0969da }
  .label-ours { font-weight: 600 }
  .grid { stroke: #d1d9e0; stroke-dasharray: 2 3 }
  .wrong { fill: #cf222e }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .quiet { fill: #9198a1 }
    .bar { fill: #3d444d }
    .ours { fill: #4493f8 }
    .grid { stroke: #3d444d }
    .wrong { fill: #f85149 }
  }`

/** `clients`: what was measured of real clients, if it was. */
export function picture({ loads }, clients) {
  const load = loads.find(({ processes }) => processes === 300)
  const panels = PANELS.map(([key, title, note]) => ({ title, note, bars: bars(load[key]) }))
  const browser = clients?.quiet.rows.find(({ name, atOnce }) => name === BROWSER && atOnce > 1)
  if (browser !== undefined) panels.push(browserPanel(browser))
  const all = panels.flatMap(({ bars }) => bars.map(({ ms }) => ms))
  const low = Math.floor(Math.log10(Math.min(...all)) - 0.3)
  const high = Math.ceil(Math.log10(Math.max(...all)))
  const x = (ms) => LEFT + ((Math.log10(ms) - low) / (high - low)) * (WIDTH - LEFT - RIGHT)
  const parts = []
  let y = TOP
  for (const panel of panels) {
    parts.push(drawn(panel, y, x))
    y += 26 + panel.bars.length * ROW + PANEL_GAP
  }
  const height = y - PANEL_GAP + 40
  const ticks = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img">`,
    '<title>How long a lookup takes, compared with other ways to find the owner of a socket</title>',
    `<style>${STYLE}</style>`,
    `<text class="title" x="0" y="18">Who owns this connection? Lookup time on Linux</text>`,
    `<text class="quiet" x="0" y="40">${whole(load.processes)} processes, ${whole(load.sockets)} TCP sockets; medians; the scale is logarithmic, each line ten times the one before</text>`,
    ...ticks.map((ms) => grid(ms, x(ms), height)),
    ...parts,
    '</svg>\n'
  ].join('\n')
}

function browserPanel({ atOnce, median: [ours, beside] }) {
  const bar = (name, ms) => ({ name, ms, isWrong: false })
  return {
    title: 'A real browser',
    note: `Chromium through a proxy, ${atOnce} connections at a time; a file system call at the same moment`,
    bars: [bar('readlink', beside), bar('ours', ours)]
  }
}

function grid(ms, x, height) {
  const at = x.toFixed(1)
  return [
    `<line class="grid" x1="${at}" x2="${at}" y1="${TOP - 6}" y2="${height - 24}"/>`,
    `<text class="quiet" text-anchor="middle" x="${at}" y="${height - 6}">${duration(ms)}</text>`
  ].join('\n')
}

function bars(samples) {
  return ['ours', 'listeners', 'netstat2', ...PROGRAMS]
    .filter((name) => samples.has(name))
    .map((name) => {
      // Most of its answers: some rivals fail now and then only.
      const isWrong = samples.wrong[name] * 2 > samples.times[name].length
      return { name, ms: samples.median(name), isWrong }
    })
    .sort((a, b) => a.ms - b.ms)
}

function drawn({ title, note, bars }, top, x) {
  const lines = [
    `<text class="panel" x="0" y="${top + 12}">${title}<tspan class="quiet" font-weight="400" dx="8">${note}</tspan></text>`
  ]
  bars.forEach(({ name, ms, isWrong }, i) => {
    const y = top + 26 + i * ROW
    const isOurs = name === 'ours'
    const width = (x(ms) - LEFT).toFixed(1)
    const wrong = isWrong ? '<tspan class="wrong" dx="6">wrong answer</tspan>' : ''
    lines.push(
      `<text${isOurs ? ' class="label-ours"' : ''} text-anchor="end" x="${LEFT - 10}" y="${y + 11.5}">${LABELS[name] ?? name}</text>`,
      `<rect class="${isOurs ? 'ours' : 'bar'}" x="${LEFT}" y="${y}" width="${width}" height="${BAR}" rx="2"/>`,
      `<text${isOurs ? ' class="label-ours"' : ''} x="${(x(ms) + 7).toFixed(1)}" y="${y + 11.5}">${duration(ms)}${wrong}</text>`
    )
  })
  return lines.join('\n')
}
