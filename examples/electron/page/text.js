// Text as it is shown. Names, paths, command lines and URLs are untrusted: they become text nodes only,
// without control and direction characters.

/** A row shows one line; the details show more. */
const LINE_LENGTH_MAX = 300
export const DETAIL_LENGTH_MAX = 4000

export const at = (id) => document.getElementById(id)

export function printable(text, lengthMax = LINE_LENGTH_MAX) {
  const short = text.length > lengthMax ? `${text.slice(0, lengthMax)}…` : text
  return short.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\u{FFFD}')
}

export function element(tag, className, text = '') {
  const made = document.createElement(tag)
  made.className = className
  made.textContent = text
  return made
}

export function duration(ms) {
  return ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`
}

export function shortDuration(micros) {
  return micros < 10_000 ? `${micros} µs` : duration(Math.round(micros / 1000))
}

/** `127.0.0.1:80`, `[::1]:80`, or nothing for a missing end. */
export function endText(address, port) {
  if (address === null) return ''
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
