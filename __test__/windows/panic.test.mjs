// A panic of ours, in a binary that panics where it is told to: an error, and the next call works.

import assert from 'node:assert/strict'
import { test } from 'node:test'

process.env.SOCKET_OWNER_BINARY = 'Z:\\lab\\programs\\socket-owner.win32-x64.node'
const { default: socketOwner } = await import('../../index.js')

test('a panic in a lookup or a path is an error of that call', async () => {
  const internal = { code: 'ERR_INTERNAL' }

  await assert.rejects(socketOwner.findPidByLocalTcpPort(65535), internal)
  await assert.rejects(socketOwner.getProcessPath(2147483647), internal)
  await assert.rejects(socketOwner.getProcessInfo(2147483647), internal)

  assert.equal(await socketOwner.findPidByLocalTcpPort(65534), null)
  assert.equal(await socketOwner.getProcessPath(process.pid), process.execPath)
})
