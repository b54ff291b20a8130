// What an ordinary user sees of other users' processes, and root of an ordinary user's.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findPeerPid, findPidByLocalTcpPort, getProcessPath } from '../../index.js'
import {
  accepted,
  listen,
  needsPython,
  needsRoot,
  pythonPath,
  startClient,
  startLooker,
  startNode,
  startPython,
  startServer
} from '../support/holders.mjs'
import { after, openToAll, stranger, strangerId } from '../support/through.mjs'

const skip = needsRoot || needsPython

test("root sees an ordinary user's sockets and programs", { skip }, async (t) => {
  const { root, node } = openToAll(t)
  const server = await listen(t, '127.0.0.1')
  const coming = accepted(server)
  const client = await startClient(t, '127.0.0.1', server.port, { through: stranger, root, node })

  const owner = await findPidByLocalTcpPort(client.said.localPort)
  const peer = await findPeerPid(await coming)
  const path = await getProcessPath(client.pid)

  assert.deepEqual([owner, peer], [client.pid, client.pid])
  assert.equal(path, node)
})

test("an ordinary user's lookup of another user's process is null", { skip }, async (t) => {
  const server = await startServer(t, '127.0.0.1')
  const client = await startClient(t, '127.0.0.1', server.said.port)
  const looker = await startLooker(t, { through: stranger, ...openToAll(t) })
  const { localAddress, localPort, remoteAddress, remotePort } = await server.next()

  const answers = [
    await looker.ask('findPidByLocalTcpPort', server.said.port),
    await looker.ask('findPidByLocalTcpPort', client.said.localPort),
    await looker.ask('findPeerPid', { localAddress, localPort, remoteAddress, remotePort }),
    await looker.ask('getProcessPath', server.pid),
    await looker.ask('getProcessPath', 1)
  ]

  assert.deepEqual(answers, Array(5).fill(null))
})

test('an ordinary user sees the own processes', { skip }, async (t) => {
  const { root, node } = openToAll(t)
  const server = await startServer(t, '127.0.0.1', { through: stranger, root, node })
  const looker = await startLooker(t, { through: stranger, root, node })

  const owner = await looker.ask('findPidByLocalTcpPort', server.said.port)
  const path = await looker.ask('getProcessPath', server.pid)

  assert.equal(owner, server.pid)
  assert.equal(path, node)
})

test("where the listener's owner is hidden, the owner of another socket of the port answers", {
  skip
}, async (t) => {
  const { root, node } = openToAll(t)
  const hidden = await startServer(t, '127.0.0.1')
  const target = await startServer(t, '127.0.0.2')
  const values = { localPort: hidden.said.port }
  const options = { through: stranger, root, node, values }
  const client = await startClient(t, '127.0.0.2', target.said.port, options)
  const looker = await startLooker(t, { through: stranger, root, node })

  const owners = [
    await looker.ask('findPidByLocalTcpPort', hidden.said.port),
    await looker.ask('findPidByLocalTcpPort', hidden.said.port, { state: 'listening' }),
    await findPidByLocalTcpPort(hidden.said.port)
  ]

  assert.deepEqual(owners, [client.pid, null, hidden.pid])
})

test("a socket that root made is found in the ordinary user's process that holds it", {
  skip
}, async (t) => {
  const code = `
    listener = listen()
    os.set_inheritable(listener.fileno(), True)
    program = 'import os, sys; os.write(1, sys.argv[1].encode()); os.read(0, 1)'
    line = json.dumps({'port': port_of(listener)}) + '\\n'
    os.execvp('setpriv', values['through'] + [values['python'], '-c', program, line])`
  const values = { through: stranger, python: pythonPath }
  const server = await startPython(t, code, { values })
  const looker = await startLooker(t, { through: stranger, ...openToAll(t) })

  const owners = [
    await looker.ask('findPidByLocalTcpPort', server.said.port),
    await findPidByLocalTcpPort(server.said.port)
  ]

  assert.deepEqual(owners, [server.pid, server.pid])
})

test('a socket that changed its owner is still found', { skip }, async (t) => {
  const code = `
    listener = listen()
    os.fchown(listener.fileno(), values['id'], values['id'])
    say(port=port_of(listener))
    hear()`
  const server = await startPython(t, code, { values: { id: strangerId } })

  const owner = await findPidByLocalTcpPort(server.said.port)

  assert.equal(owner, server.pid)
})

test('a process of the same user that may not be inspected is null, and root sees it', {
  skip
}, async (t) => {
  const code = `
    PR_SET_DUMPABLE = 4
    checked(libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
    listener = listen()
    say(port=port_of(listener))
    hear()`
  const server = await startPython(t, code, { through: stranger })
  const looker = await startLooker(t, { through: stranger, ...openToAll(t) })

  const hidden = [
    await looker.ask('findPidByLocalTcpPort', server.said.port),
    await looker.ask('getProcessPath', server.pid)
  ]
  const seen = await findPidByLocalTcpPort(server.said.port)

  assert.deepEqual(hidden, [null, null])
  assert.equal(seen, server.pid)
})

test('a daemon that dropped its rights is seen by root', { skip }, async (t) => {
  const code = `
    listener = listen()
    os.setgid(values['id'])
    os.setuid(values['id'])
    say(port=port_of(listener))
    hear()`
  const server = await startPython(t, code, { values: { id: strangerId } })

  const owner = await findPidByLocalTcpPort(server.said.port)

  assert.equal(owner, server.pid)
})

test('a host that drops its own rights finds itself and its user, and root no more', {
  skip
}, async (t) => {
  const copy = openToAll(t)
  const hidden = await startServer(t, '127.0.0.1')
  const own = await startServer(t, '127.0.0.1', { through: stranger, ...copy })
  const values = { ports: [hidden.said.port, own.said.port], id: strangerId }
  const host = await startNode(t, dropRights, { values })

  const { before, after } = host.said

  assert.deepEqual(before, [hidden.pid, own.pid, host.pid].map(answerOf))
  assert.deepEqual(after, [null, own.pid, host.pid].map(answerOf))
})

for (const hidepid of [1, 2, 4]) {
  test(`with hidepid=${hidepid} other users' processes are null, the own are found`, {
    skip
  }, async (t) => {
    const copy = openToAll(t)
    const mount = after(`mount -t proc -o hidepid=${hidepid} proc /proc`)
    const through = ['unshare', '--mount', ...mount, ...stranger]
    const hidden = await startServer(t, '127.0.0.1')
    const own = await startServer(t, '127.0.0.1', { through: stranger, ...copy })
    const looker = await startLooker(t, { through, ...copy })

    const answers = [
      await looker.ask('findPidByLocalTcpPort', hidden.said.port),
      await looker.ask('findPidByLocalTcpPort', own.said.port),
      await looker.ask('getProcessPath', hidden.pid),
      await looker.ask('getProcessPath', own.pid)
    ]

    assert.deepEqual(answers, [null, own.pid, null, copy.node])
  })
}

async function dropRights({ say, hear, ask, require, ports, id }) {
  const server = require('node:net').createServer().listen(0, '127.0.0.1')
  await require('node:events').once(server, 'listening')
  ports.push(server.address().port)
  const askEach = () => Promise.all(ports.map((port) => ask('findPidByLocalTcpPort', port)))
  const before = await askEach()
  process.setgroups([])
  process.setgid(id)
  process.setuid(id)
  say({ before, after: await askEach() })
  await hear()
}

function answerOf(answer) {
  return { answer }
}

test('a socket in use has its user, seen or not, as far as users are mapped', {
  skip
}, async (t) => {
  const { root, node } = openToAll(t)
  const bound = `
    kept = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    kept.bind(('127.0.0.1', 0))
    say(port=port_of(kept))
    hear()`
  const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
  const holders = []
  for (const through of [[], stranger, nobody])
    holders.push(await startPython(t, bound, { through }))
  const whole = await startLooker(t)
  const user = await startLooker(t, { through: stranger, root, node })
  // There root alone is somebody: the ordinary user outside, whose processes may not be seen.
  const through = [...stranger, 'unshare', '--user', '--map-root-user']
  const mapped = await startLooker(t, { through, root, node })

  const rowsOf = async (looker) => {
    const rows = []
    for (const { said } of holders) {
      const [row] = await looker.ask('listSockets', { protocol: 'udp', port: said.port })
      rows.push([row.uid, row.pid])
    }
    return rows
  }
  const [first, second, third] = holders.map(({ pid }) => pid)

  assert.deepEqual(await rowsOf(whole), [
    [0, first],
    [strangerId, second],
    [65534, third]
  ])
  assert.deepEqual(await rowsOf(user), [
    [0, null],
    [strangerId, second],
    [65534, null]
  ])
  assert.deepEqual(await rowsOf(mapped), [
    [null, null],
    [0, null],
    [null, null]
  ])
})
