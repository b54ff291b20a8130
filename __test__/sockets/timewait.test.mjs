// A socket in TIME_WAIT may stand before the live one of its port. Which of the two the kernel tells
// first depends on a hash, so many pairs of servers are tried.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findPeerPid, findPidByLocalTcpPort } from '../../index.js'
import { needsIPv6, needsLinux, needsPython, quietPort, startPython } from '../support/holders.mjs'

const skip = needsLinux || needsPython
const pairs = 60

/** Each port has a connection in TIME_WAIT to a server of its own, then a live one to another. */
const holderCode = `
  def accept_for_ever(listener, kept=[]):
      while True:
          kept.append(listener.accept()[0])

  found = []
  for _ in range(values['pairs']):
      old, new = listen(values['host']), listen(values['host'])
      first = client(values['host'], port_of(old))
      other = old.accept()[0]
      port = port_of(first)
      first.shutdown(socket.SHUT_WR)
      other.recv(1)
      other.close()
      first.recv(1)
      first.close()
      threading.Thread(target=accept_for_ever, args=(new,), daemon=True).start()
      live = client(values['host'], port_of(new), port)
      found.append((port, port_of(old), port_of(new), live, old))
  for port, old, new, *_ in found:
      say(port=port, old=old, new=new)
  hear()`

for (const host of ['127.0.0.1', '::1']) {
  const reason = skip || (host === '::1' && needsIPv6)
  test(`TIME_WAIT beside a live socket never hides it on ${host}`, { skip: reason }, async (t) => {
    const holder = await startPython(t, holderCode, { values: { host, pairs } })
    const found = [holder.said]
    while (found.length < pairs) found.push(await holder.next())

    const owners = []
    for (const { port } of found) owners.push(await findPidByLocalTcpPort(port))
    const live = found.map(({ port, new: other }) => findPeerPid(ends(host, port, other)))
    const old = found.map(({ port, old: other }) => findPeerPid(ends(host, port, other)))

    assert.deepEqual(owners, Array(pairs).fill(holder.pid))
    assert.deepEqual(await Promise.all(live), Array(pairs).fill(holder.pid))
    assert.deepEqual(await Promise.all(old), Array(pairs).fill(null))
  })
}

test('a port that only TIME_WAIT has is null', { skip }, async (t) => {
  const port = await quietPort()
  const code = `
    listener = listen()
    connection = client('127.0.0.1', port_of(listener), values['port'])
    other = listener.accept()[0]
    connection.shutdown(socket.SHUT_WR)
    other.recv(1)
    other.close()
    connection.recv(1)
    connection.close()
    with open('/proc/net/tcp') as table:
        rows = [row.split() for row in table]
    states = [row[3] for row in rows if row[1].endswith(':%04X' % values['port'])]
    say(states=states)
    hear()`
  const holder = await startPython(t, code, { values: { port } })

  const states = [undefined, 'listening', 'connected']
  const asked = states.map((state) => findPidByLocalTcpPort(port, { state }))
  const owners = await Promise.all(asked)

  assert.deepEqual(holder.said.states, ['06'])
  assert.deepEqual(owners, [null, null, null])
})

/** The ends as the other end of `port` sees them. */
function ends(address, port, otherPort) {
  return { localAddress: address, localPort: otherPort, remoteAddress: address, remotePort: port }
}
