// Every spelling of an IP address becomes the same numbers.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import address from '../../lib/address.js'

const { isIPv4, parseAddress } = address

const same = [
  ['127.0.0.1', [0, 0, 0xffff, 0x7f000001]],
  ['::ffff:127.0.0.1', [0, 0, 0xffff, 0x7f000001]],
  ['::FFFF:7f00:1', [0, 0, 0xffff, 0x7f000001]],
  ['0:0:0:0:0:ffff:255.255.255.255', [0, 0, 0xffff, 0xffffffff]],
  ['::', [0, 0, 0, 0]],
  ['::1', [0, 0, 0, 1]],
  ['1::', [0x10000, 0, 0, 0]],
  ['::1.2.3.4', [0, 0, 0, 0x01020304]],
  ['2001:db8:1:2:3:4:5:6', [0x20010db8, 0x00010002, 0x00030004, 0x00050006]],
  ['2001:db8::5:6', [0x20010db8, 0, 0, 0x00050006]],
  ['ffff:ffff::ffff:ffff', [0xffffffff, 0, 0, 0xffffffff]],
  ['64:ff9b::192.0.2.33', [0x0064ff9b, 0, 0, 0xc0000221]]
]

test('an address is four words, IPv4 as its mapped form', () => {
  for (const [text, words] of same) {
    assert.deepEqual(parseAddress(text), { words, scope: '', text })
  }
})

test('only a mapped address is IPv4', () => {
  assert.equal(isIPv4(parseAddress('10.0.0.1')), true)
  assert.equal(isIPv4(parseAddress('::ffff:10.0.0.1')), true)
  assert.equal(isIPv4(parseAddress('::10.0.0.1')), false)
  assert.equal(isIPv4(parseAddress('1::ffff:10.0.0.1')), false)
})

test('a scope is kept of link-local addresses, fe80 to febf, and dropped of others', () => {
  for (const text of ['fe80::1', 'FE90::1', 'febf::1']) {
    assert.equal(parseAddress(`${text}%br_lan`).scope, 'br_lan')
  }
  for (const text of ['fec0::1', 'fe7f::1', '::1', '::ffff:1.2.3.4']) {
    assert.equal(parseAddress(`${text}%eth0`).scope, '')
  }
})

test('what is no address is null', () => {
  for (const text of ['', '%', '%lo', 'fe80::1%', '127.0.0.1%lo', 'fe80::1%', '1:2', 'x', '::g']) {
    assert.equal(parseAddress(text), null)
  }
})
