'use strict'

// The text of an IP address, as a socket's localAddress and remoteAddress have it, to numbers.

/** @type {typeof import('node:net') | undefined} */
let loadedNet

/** Loaded by the first call: a program that has no sockets of its own starts faster. */
function net() {
  loadedNet ??= require('node:net')
  return loadedNet
}

/**
 * `words`: the address as IPv6, four big-endian words; IPv4 is ::ffff:a.b.c.d, so that a mapped
 * address and its plain form are one. `scope`: the interface after '%', only of a link-local one.
 * `text`: as given.
 * @typedef {{ words: number[], scope: string, text: string }} Address
 */

/**
 * `null`: not an IP address.
 *
 * The zone is split off here because net.isIPv6 refuses one with a '_' (`fe80::1%br_lan`), which
 * real sockets have.
 * @param {string} text
 * @returns {Address | null}
 */
function parseAddress(text) {
  if (net().isIPv4(text)) return { words: [0, 0, 0xffff, ipv4Word(text)], scope: '', text }
  const percent = text.indexOf('%')
  const hasZone = percent !== -1
  const digits = hasZone ? text.slice(0, percent) : text
  const zone = hasZone ? text.slice(percent + 1) : ''
  if (!net().isIPv6(digits) || (hasZone && zone === '')) return null

  const words = ipv6Words(digits)
  return { words, scope: isLinkLocal(words) ? zone : '', text }
}

/** @param {Address} address */
function isIPv4(address) {
  const [first, second, third] = address.words
  return first === 0 && second === 0 && third === 0xffff
}

/** @param {string} text */
function ipv4Word(text) {
  let word = 0
  for (const byte of text.split('.')) word = word * 256 + Number(byte)
  return word
}

/** @param {string} text What net.isIPv6 has let through. */
function ipv6Words(text) {
  const [head = '', tail] = text.split('::')
  const before = groups(head)
  const after = tail === undefined ? [] : groups(tail)
  const zeros = new Array(8 - before.length - after.length).fill(0)
  const all = [...before, ...zeros, ...after]
  return [0, 2, 4, 6].map((i) => all[i] * 0x10000 + all[i + 1])
}

/**
 * The 16-bit groups of one side of '::'; the last may be an IPv4 address, which is two.
 * @param {string} text
 */
function groups(text) {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)]
    const word = ipv4Word(group)
    return [Math.floor(word / 0x10000), word % 0x10000]
  })
}

/** @param {number[]} words */
function isLinkLocal(words) {
  return words[0] >>> 22 === 0xfe80 >>> 6
}

exports.parseAddress = parseAddress
exports.isIPv4 = isIPv4
