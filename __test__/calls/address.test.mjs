// What is an IP address, and which scope belongs to it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import address from '../../lib/arguments.js'

const { readAddress } = address

test('an address stays as it was spelled', () => {
  for (const text of [
    '127.0.0.1',
    '::ffff:127.0.0.1',
    '::FFFF:7f00:1',
    '0:0:0:0:0:ffff:255.255.255.255',
    '::',
    '2001:db8::5:6',
    '64:ff9b::192.0.2.33'
  ]) {
    assert.equal(readAddress(text), text)
  }
})

test('a scope is kept of link-local addresses, fe80 to febf, and dropped of others', () => {
  for (const text of ['fe80::1', 'FE90::1', 'febf::1', 'fe80:0:0:0:0:0:0:1']) {
    assert.equal(readAddress(`${text}%br_lan`), `${text}%br_lan`)
  }
  for (const text of ['fec0::1', 'fe7f::1', '::1', '::ffff:1.2.3.4', 'fe8::1', '::fe80']) {
    assert.equal(readAddress(`${text}%eth0`), text)
  }
})

test('what is no address is null', () => {
  for (const text of ['', '%', '%lo', 'fe80::1%', '127.0.0.1%lo', '::1%', '1:2', 'x', '::g']) {
    assert.equal(readAddress(text), null)
  }
})
