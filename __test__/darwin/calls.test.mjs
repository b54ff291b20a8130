// What a lookup costs on a desktop, in libproc calls, beside the walk that applications write by
// hand (host/plain_walk.c) on the same table. A cost that grows fails.

import assert from 'node:assert/strict'
import test from 'node:test'
import * as mac from './host/kernel.mjs'
import { desktop, freshPackage } from './mac.mjs'

const [PROCESSES, SOCKETS, SOCKETS_EACH] = [350, 2500, 8]
const FIRST_PORT = 10000
const NOBODYS = 60000
/** Two questions to the kernel show once per process that its structure is the one we know. */
const LAYOUT_PROOF = 2
/** The caller's zombies cost one refused call each. After a miss they are looked at once more. */
const ZOMBIES = 5
const WALK = LAYOUT_PROOF + 1 + PROCESSES + ZOMBIES + SOCKETS
const MISS = WALK + 1 + ZOMBIES
const server = { address: '192.0.2.1', port: 443 }
const rows = []

/** Both look for all `ports` at once; ours by the exact connection, as a proxy asks. */
async function compare(name, ports, { findPeerPid }, most) {
  mac.zero()
  const asked = ports.map((remotePort) =>
    findPeerPid({
      localAddress: server.address,
      localPort: server.port,
      remoteAddress: '127.0.0.1',
      remotePort
    })
  )
  const answers = await Promise.all(asked)
  const ours = mac.callCount()
  mac.zero()
  const plainAnswers = ports.map((port) => mac.plainWalk(port))
  rows.push({ lookup: name, ours, 'plain walk': mac.callCount() })
  assert.deepEqual(
    answers,
    plainAnswers.map((pid) => (pid === -1 ? null : pid))
  )
  assert.ok(ours <= most, `${name}: ${ours} calls, at most ${most} wanted`)
}

/** The owner's descriptor `fd` becomes a connection from `port`. */
function connect(pid, fd, port) {
  const local = { address: '127.0.0.1', port }
  mac.run(mac.open(pid, fd, mac.tcp({ local, foreign: server })))
}

test('the calls of a lookup', async (t) => {
  t.after(() => console.table(rows))
  const owners = desktop()
  const [oldest, middle] = [owners[0], owners[SOCKETS / 2]]
  const newestPort = FIRST_PORT + SOCKETS - 1
  const warm = freshPackage()

  await compare('cold, the newest process', [newestPort], freshPackage(), LAYOUT_PROOF + 11)
  await compare('cold, a late hit', [FIRST_PORT], freshPackage(), WALK)
  await compare('cold, a miss', [NOBODYS], warm, MISS)
  await compare('warm, a late hit', [FIRST_PORT], warm, WALK)
  await compare('the same connection again', [FIRST_PORT], warm, 2)
  mac.run(mac.close(oldest, 3))
  connect(oldest, 3, 9000)
  await compare('the same owner reconnects', [9000], warm, 3)
  connect(oldest, 200, 9001)
  await compare('the same owner, a new descriptor', [9001], warm, 5)
  for (const fd of [9, 6, 3, 8, 5, 7, 4]) {
    connect(oldest, fd, 9100 + fd)
    await compare('the same owner, an old descriptor', [9100 + fd], warm, 12)
  }
  connect(middle, 200, 9002)
  await compare(
    'another process connects',
    [9002],
    warm,
    1 + PROCESSES + ZOMBIES + 2 * SOCKETS_EACH
  )
  await compare('warm, a miss', [NOBODYS], warm, MISS)
  const burst = Array.from({ length: 50 }, (_, i) => FIRST_PORT + 10 + ((i * 49) % (SOCKETS - 10)))
  await compare('a burst of 50', burst, freshPackage(), WALK)
  const misses = burst.map((_, i) => NOBODYS + i)
  // Two sockets more than at first.
  await compare('a burst of 50 misses', misses, freshPackage(), MISS + 2)
})
