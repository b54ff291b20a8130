'use strict'

// Text for a terminal. Names and arguments of programs are untrusted.

/** Control, format and direction characters, and unassigned ones: a terminal might act on them. */
const HARMFUL = /[\p{C}\p{Zl}\p{Zp}]/gu
/** Characters two columns wide, according to Unicode's East Asian Width, and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u
const NARROWEST = /\p{M}/u

/** @param {string} text */
function printable(text) {
  return text.replace(HARMFUL, '\u{FFFD}')
}

/**
 * Like printable, but as escapes, so that whoever parses the JSON gets the original text.
 * @param {unknown} value
 */
function printableJson(value) {
  /** @param {string} unit */
  const escaped = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  const text = JSON.stringify(value, null, 2)
  return text.replace(/(?!\n)[\p{C}\p{Zl}\p{Zp}]/gu, (found) =>
    found.split('').map(escaped).join('')
  )
}

/**
 * The arguments as one would type them in a shell.
 * @param {string[]} args
 */
function commandLine(args) {
  const quoted = args.map((arg) =>
    /^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`
  )
  return printable(quoted.join(' '))
}

/** @param {string} character */
function columnsOf(character) {
  if (NARROWEST.test(character)) return 0
  return WIDE.test(character) ? 2 : 1
}

/** @param {string} text */
function width(text) {
  let columns = 0
  for (const character of text) columns += columnsOf(character)
  return columns
}

/**
 * The text cut to the number of columns, with `…` for what is left out.
 * @param {string} text
 * @param {number} columns
 */
function fit(text, columns) {
  if (width(text) <= columns) return text
  let kept = ''
  let left = columns - 1
  for (const character of text) {
    left -= columnsOf(character)
    if (left < 0) break
    kept += character
  }
  return columns > 0 ? `${kept}…` : ''
}

/**
 * @param {string} text
 * @param {number} columns
 */
function pad(text, columns) {
  return text + ' '.repeat(Math.max(0, columns - width(text)))
}

exports.commandLine = commandLine
exports.fit = fit
exports.pad = pad
exports.printable = printable
exports.printableJson = printableJson
exports.width = width
