// Other network namespaces: their sockets are not the asker's, whatever their ports and addresses.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findPeerPid, findPidByLocalTcpPort } from '../../index.js'
import { needsRoot, quietPort, startClient, startLooker, startServer } from '../support/holders.mjs'
import { networkOf, ownNetwork } from '../support/through.mjs'

const skip = needsRoot

test('a listener in another network namespace is null here and found there', {
  skip
}, async (t) => {
  const values = { port: await quietPort() }
  const there = await startServer(t, '127.0.0.1', { through: ownNetwork, values })
  const looker = await startLooker(t, { through: networkOf(there) })

  const here = await findPidByLocalTcpPort(values.port)
  const owner = await looker.ask('findPidByLocalTcpPort', values.port)

  assert.deepEqual([here, owner], [null, there.pid])
})

test('one port in two network namespaces has the owner of the own', { skip }, async (t) => {
  const values = { port: await quietPort() }
  const here = await startServer(t, '127.0.0.1', { values })
  const there = await startServer(t, '127.0.0.1', { through: ownNetwork, values })
  const looker = await startLooker(t, { through: networkOf(there) })

  const owners = [
    await findPidByLocalTcpPort(values.port),
    await looker.ask('findPidByLocalTcpPort', values.port)
  ]

  assert.deepEqual(owners, [here.pid, there.pid])
})

test('one connection in two network namespaces has the peer of the own', { skip }, async (t) => {
  const port = await quietPort()
  const values = { port }
  const here = await startServer(t, '127.0.0.1', { values })
  const there = await startServer(t, '127.0.0.1', { through: ownNetwork, values })
  const localPort = await quietPort()
  const through = networkOf(there)
  const client = await startClient(t, '127.0.0.1', port, { values: { localPort } })
  const other = await startClient(t, '127.0.0.1', port, { through, values: { localPort } })
  const looker = await startLooker(t, { through })
  const ends = [await here.next(), await there.next()]

  const peers = [await findPeerPid(ends[0]), await looker.ask('findPeerPid', ends[1])]

  assert.deepEqual(ends[0], ends[1])
  assert.deepEqual(peers, [client.pid, other.pid])
})
