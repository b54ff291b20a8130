// findPidByLocalTcpPort: which process has a socket with this local port, whatever the family, and
// whatever was answered before.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { test } from 'node:test'
import { findPidByLocalTcpPort } from '../../index.js'
import {
  accepted,
  connect,
  families,
  listen,
  needsIPv6,
  needsLinux,
  needsPython,
  needsRoot,
  quietPort,
  startClient,
  startLooker,
  startPython,
  startServer
} from '../support/holders.mjs'
import { networkOf, ownNetwork } from '../support/through.mjs'

for (const { name, listenHost, connectHost, skip } of families) {
  test(`a listener in another process is found over ${name}`, { skip }, async (t) => {
    const server = await startServer(t, listenHost)

    const owner = await findPidByLocalTcpPort(server.said.port)

    assert.equal(owner, server.pid)
  })

  test(`a client in another process is found over ${name}`, { skip }, async (t) => {
    const server = await listen(t, listenHost)
    const client = await startClient(t, connectHost, server.port)

    const owner = await findPidByLocalTcpPort(client.said.localPort)

    assert.equal(owner, client.pid)
  })

  test(`this process is found as listener and as client over ${name}`, { skip }, async (t) => {
    const server = await listen(t, listenHost)
    const client = await connect(t, connectHost, server.port)

    const owners = await Promise.all([server.port, client.localPort].map((port) => ask(port)))

    assert.deepEqual(owners, [process.pid, process.pid])
  })
}

test('a client of a mapped address is found', { skip: needsPython || needsIPv6 }, async (t) => {
  const server = await listen(t, '127.0.0.1')
  const code = `
    connection = client('::ffff:127.0.0.1', values['port'])
    say(port=port_of(connection))
    hear()`
  const client = await startPython(t, code, { values: { port: server.port } })

  const owner = await findPidByLocalTcpPort(client.said.port)

  assert.equal(owner, client.pid)
})

test('an IPv6-only listener is found', { skip: needsPython || needsIPv6 }, async (t) => {
  const code = `
    listener = socket.socket(socket.AF_INET6)
    listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    listener.bind(('::', 0))
    listener.listen()
    say(port=port_of(listener))
    hear()`
  const holder = await startPython(t, code)

  const owner = await findPidByLocalTcpPort(holder.said.port)

  assert.equal(owner, holder.pid)
})

test('connections that were not accepted yet do not hide the listener', {
  skip: needsPython
}, async (t) => {
  const code = `
    listener = listen()
    say(port=port_of(listener))
    hear()`
  const holder = await startPython(t, code)
  for (let i = 0; i < 3; i++) await connect(t, '127.0.0.1', holder.said.port)

  const owners = [await ask(holder.said.port), await ask(holder.said.port, 'listening')]

  assert.deepEqual(owners, [holder.pid, holder.pid])
})

test('an accepted connection is found by the port when its listener has closed', async (t) => {
  const server = await listen(t, '127.0.0.1')
  const coming = accepted(server)
  await startClient(t, '127.0.0.1', server.port)
  await coming
  server.close()

  const owners = await Promise.all([undefined, 'listening', 'connected'].map(askIn(server.port)))

  assert.deepEqual(owners, [process.pid, null, process.pid])
})

test('a remote port is no answer', async (t) => {
  const port = await quietPort()
  const server = await startServer(t, '127.0.0.1', { values: { port } })
  const client = await startClient(t, '127.0.0.1', port)
  await server.next()
  await server.kill()

  const owners = [await ask(port), await ask(client.said.localPort)]

  assert.deepEqual(owners, [null, client.pid])
})

test('a UDP socket is no answer', { skip: needsPython }, async (t) => {
  const port = await quietPort()
  const code = `
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind(('127.0.0.1', values['port']))
    say()
    hear()`
  await startPython(t, code, { values: { port } })

  const owner = await findPidByLocalTcpPort(port)

  assert.equal(owner, null)
})

test('port 1 and port 65535 are asked like any other', { skip: needsRoot }, async (t) => {
  // In a network of their own, where nobody else can have them.
  const lowest = await startServer(t, '127.0.0.1', { through: ownNetwork, values: { port: 1 } })
  const through = networkOf(lowest)
  const highest = await startServer(t, '127.0.0.1', { through, values: { port: 65535 } })
  const looker = await startLooker(t, { through })

  const ports = [1, 2, 65534, 65535]
  const owners = await Promise.all(ports.map((port) => looker.ask('findPidByLocalTcpPort', port)))

  assert.deepEqual(owners, [lowest.pid, null, null, highest.pid])
})

test('an answer is not remembered: gone is null, the next holder is found', async (t) => {
  const port = await quietPort()
  const first = await startServer(t, '127.0.0.1', { values: { port } })
  const before = [await ask(port), await ask(port)]
  await first.kill()

  const between = await ask(port)
  const second = await startServer(t, '127.0.0.1', { values: { port } })
  const after = await ask(port)

  assert.deepEqual([before, between, after], [[first.pid, first.pid], null, second.pid])
})

test('a socket that its process closes is gone, though the process lives', {
  skip: needsPython
}, async (t) => {
  const port = await quietPort()
  const code = `
    listener = listen('127.0.0.1', values['port'])
    say()
    hear()
    listener.close()
    say()
    hear()`
  const holder = await startPython(t, code, { values: { port } })
  const before = await ask(port)
  await holder.tell().next()

  const after = await ask(port)

  assert.deepEqual([before, after], [holder.pid, null])
})

test('a socket moved to another number is still found', { skip: needsPython }, async (t) => {
  const code = `
    listener = listen()
    port = port_of(listener)
    number = listener.detach()
    for moved in (200, 7, 900, 63):
        say(port=port)
        hear()
        os.dup2(number, moved)
        os.close(number)
        number = moved
    say(port=port)
    hear()`
  const holder = await startPython(t, code)

  const owners = [await ask(holder.said.port)]
  for (let i = 0; i < 4; i++) owners.push(await ask((await holder.tell().next()).port))

  assert.deepEqual(owners, Array(5).fill(holder.pid))
})

test('a socket behind thousands of descriptors is found', { skip: needsPython }, async (t) => {
  const code = `
    import resource
    wanted = 5000
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, wanted + 100), hard))
    files = [os.open('/dev/null', os.O_RDONLY) for _ in range(min(hard - 50, wanted))]
    listener = listen()
    say(port=port_of(listener), number=listener.fileno())
    hear()`
  const holder = await startPython(t, code)

  const owner = await findPidByLocalTcpPort(holder.said.port)

  assert.ok(holder.said.number > 900, `${holder.said.number}`)
  assert.equal(owner, holder.pid)
})

test('of two listeners by SO_REUSEPORT one answers', { skip: needsPython }, async (t) => {
  const code = `
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(('127.0.0.1', values['port']))
    listener.listen()
    say(port=port_of(listener))
    hear()`
  const first = await startPython(t, code, { values: { port: 0 } })
  const second = await startPython(t, code, { values: { port: first.said.port } })

  const both = await ask(first.said.port)
  await first.kill()
  const left = await ask(first.said.port)

  assert.ok([first.pid, second.pid].includes(both), `${both}`)
  assert.equal(left, second.pid)
})

test('sockets of Multipath TCP are found, as Go programs have them', {
  skip: needsPython || needsMultipath()
}, async (t) => {
  const code = `
    IPPROTO_MPTCP = 262
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP)
    listener.bind(('127.0.0.1', 0))
    listener.listen()
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP)
    connection.bind(('127.0.0.1', 0))
    connection.connect(listener.getsockname())
    accepted = listener.accept()[0]
    say(ports=[port_of(listener), port_of(connection)])
    hear()`
  const holder = await startPython(t, code)

  const owners = await Promise.all(holder.said.ports.map((port) => ask(port)))

  assert.deepEqual(owners, [holder.pid, holder.pid])
})

test('a listener is preferred to a client that has its port on another address', {
  skip: needsLinux
}, async (t) => {
  const target = await listen(t, '127.0.0.1')
  const server = await startServer(t, '127.0.0.2')
  const { port } = server.said
  const client = await startClient(t, '127.0.0.1', target.port, { values: { localPort: port } })

  const owners = await Promise.all([undefined, 'listening', 'connected'].map(askIn(port)))

  assert.deepEqual(owners, [server.pid, server.pid, client.pid])
})

function ask(port, state) {
  return findPidByLocalTcpPort(port, { state })
}

function askIn(port) {
  return (state) => ask(port, state)
}

function needsMultipath() {
  const file = '/proc/sys/net/mptcp/enabled'
  const isThere = fs.existsSync(file) && fs.readFileSync(file, 'utf8') === '1\n'
  return isThere ? false : 'needs Multipath TCP'
}
