'use strict'

// The text of an IP address, as a socket's localAddress and remoteAddress have it.

/** @type {typeof import('node:net') | undefined} */
let loadedNet

/** Loaded by the first call: a program that has no sockets of its own starts faster. */
function net() {
  loadedNet ??= require('node:net')
  return loadedNet
}

/** fe80::/10. Its first group has four digits in every spelling. */
const LINK_LOCAL = /^fe[89ab][\da-f]:/i

/**
 * Returns the address without a scope that means nothing: only a link-local one is of one interface.
 * `null`: not an IP address.
 *
 * The scope is split off here because net.isIPv6 refuses one with a '_' (`fe80::1%br_lan`), which
 * real sockets have.
 * @param {string} text
 * @returns {string | null}
 */
function readAddress(text) {
  if (net().isIPv4(text)) return text
  const percent = text.indexOf('%')
  const digits = percent === -1 ? text : text.slice(0, percent)
  if (!net().isIPv6(digits) || percent === text.length - 1) return null
  return LINK_LOCAL.test(digits) ? text : digits
}

exports.readAddress = readAddress
