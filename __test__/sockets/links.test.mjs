// Link-local addresses with their scopes, and sockets bound to a device: in a network namespace with
// two links that have the same address.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  needsPython,
  needsRoot,
  startClient,
  startLooker,
  startProgram,
  startPython,
  startServer
} from '../support/holders.mjs'
import { networkOf } from '../support/through.mjs'

const skip = needsRoot || needsPython
const address = 'fe80::1'

for (const scopeOf of ['name', 'index']) {
  test(`a client on a link-local address is found by the ${scopeOf} of the link`, {
    skip
  }, async (t) => {
    const network = await startLinks(t, 'left', 'right')
    const [left] = network.said.links
    const scope = left[scopeOf]
    const { connection, holder, looker } = await connectOn(t, network, left)

    const peer = await looker.ask('findPeerPid', scoped(connection, scope, scope))

    assert.equal(peer, holder.pid)
  })
}

test('the ends are taken as Node tells them', { skip }, async (t) => {
  const network = await startLinks(t, 'left', 'right')
  const through = networkOf(network)
  const server = await startServer(t, 'fe80::1%left', { through })
  const client = await startClient(t, 'fe80::1%left', server.said.port, { through })
  const looker = await startLooker(t, { through })
  const ends = await server.next()

  const peers = [
    await looker.ask('findPeerPid', ends),
    await looker.ask('findPeerPid', client.said)
  ]
  const owner = await looker.ask('findPidByLocalTcpPort', server.said.port)

  assert.equal(ends.remoteAddress, 'fe80::1%left')
  assert.deepEqual(peers, [client.pid, server.pid])
  assert.equal(owner, server.pid)
})

test('two connections that differ by the link alone are told apart', { skip }, async (t) => {
  const network = await startLinks(t, 'left', 'right')
  const [left, right] = network.said.links
  const one = await connectOn(t, network, left)
  const { port, localPort } = one.connection
  const two = await connectOn(t, network, right, port, localPort)
  const { looker } = one

  const ask = (...scopes) => looker.ask('findPeerPid', scoped(one.connection, ...scopes))
  const peers = [await ask('left', 'left'), await ask('right', 'right')]
  const any = await ask(undefined, undefined)

  assert.deepEqual(one.connection, two.connection)
  assert.deepEqual(peers, [one.holder.pid, two.holder.pid])
  assert.ok([one.holder.pid, two.holder.pid].includes(any), `${any}`)
})

test('a link-local address without a scope means any link', { skip }, async (t) => {
  const network = await startLinks(t, 'left', 'right')
  const { connection, holder, looker } = await connectOn(t, network, network.said.links[1])

  const ask = (...scopes) => looker.ask('findPeerPid', scoped(connection, ...scopes))
  const peers = [
    await ask(undefined, undefined),
    await ask('right', undefined),
    await ask(undefined, 'right')
  ]

  assert.deepEqual(peers, Array(3).fill(holder.pid))
})

test('a scope that is another link, or none here, is null', { skip }, async (t) => {
  const network = await startLinks(t, 'left', 'right')
  const [left, right] = network.said.links
  const { connection, looker } = await connectOn(t, network, left)
  const wrong = ['right', right.index, 'lo', 'absent', 99999, 4294967295, 4294967296 + left.index]
  const odd = [0, 'lef', 'left0', 'sixteen-bytes-or', 'x'.repeat(200)]

  const peers = []
  for (const scope of [...wrong, ...odd]) {
    peers.push(await looker.ask('findPeerPid', scoped(connection, scope, scope)))
  }

  assert.deepEqual(peers, Array(wrong.length + odd.length).fill(null))
})

test('a scope is a name first, a number second', { skip }, async (t) => {
  const network = await startLinks(t, '1', '2')
  const [one] = network.said.links
  const { connection, holder, looker } = await connectOn(t, network, one)

  const ask = (scope) => looker.ask('findPeerPid', scoped(connection, scope, scope))
  const peers = [await ask('1'), await ask(one.index), await ask('2')]

  assert.notEqual(one.index, 1)
  assert.deepEqual(peers, [holder.pid, holder.pid, null])
})

test('a link may have an underscore, or fifteen bytes, in its name', { skip }, async (t) => {
  const network = await startLinks(t, 'br_lan', 'fifteen-bytes-x')

  for (const link of network.said.links) {
    const { connection, holder, looker } = await connectOn(t, network, link)
    const peer = await looker.ask('findPeerPid', scoped(connection, link.name, link.name))

    assert.equal(peer, holder.pid, link.name)
  }
})

test('a scope on an address that needs none is nothing to look at', { skip }, async (t) => {
  const network = await startLinks(t, 'left', 'right')
  const { connection, holder, looker } = await connectOn(t, network, { host: '::1', index: 0 })
  const { port, localPort } = connection
  const ends = { localAddress: '::1%left', localPort: port, remotePort: localPort }

  const peer = await looker.ask('findPeerPid', { ...ends, remoteAddress: '::1%absent' })

  assert.equal(peer, holder.pid)
})

for (const host of ['127.0.0.1', '::1']) {
  test(`a client bound to a device is found, and its server, on ${host}`, { skip }, async (t) => {
    const network = await startLinks(t, 'left', 'right')
    const through = networkOf(network)
    const server = await startServer(t, host, { through })
    const code = `
      connection = socket.socket(socket.AF_INET6 if ':' in values['host'] else socket.AF_INET)
      connection.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b'lo')
      connection.connect((values['host'], values['port']))
      say()
      hear()`
    const values = { host, port: server.said.port }
    const client = await startPython(t, code, { through, values })
    const looker = await startLooker(t, { through })
    const ends = await server.next()
    const { localAddress, localPort, remoteAddress, remotePort } = ends
    const others = {
      localAddress: remoteAddress,
      localPort: remotePort,
      remoteAddress: localAddress,
      remotePort: localPort
    }

    const peers = [await looker.ask('findPeerPid', ends), await looker.ask('findPeerPid', others)]
    const owner = await looker.ask('findPidByLocalTcpPort', remotePort)

    assert.deepEqual(peers, [client.pid, server.pid])
    assert.equal(owner, client.pid)
  })
}

/** A network namespace with a pair of links of one address. `said.links` has names and indexes. */
function startLinks(t, ...names) {
  const [one, other] = names
  const link = (name) => `
    ip link set dev ${name} addrgenmode none
    ip link set dev ${name} up
    ip addr add ${address}/64 dev ${name} nodad`
  const telling = names
    .map((name) => `{"name":"${name}","index":$(cat /sys/class/net/${name}/ifindex)}`)
    .join(',')
    .replaceAll('"', '\\"')
  const script = `
    mount -t sysfs sysfs /sys
    ip link set dev lo up
    ip link add name ${one} type veth peer name ${other}
    ${names.map(link).join('\n')}
    echo "{\\"links\\":[${telling}]}"
    read line`
  const through = ['unshare', '--net', '--mount']
  return startProgram(t, 'sh', ['-ec', script], { through })
}

/** A connection on a link, its client in a process of its own, and a looker beside them. */
async function connectOn(t, network, { host = address, index }, port = 0, localPort = 0) {
  const through = networkOf(network)
  const options = { through, values: { host, index, port, localPort } }
  const server = await startPython(t, onLinkServer, options)
  options.values.port = server.said.port
  const holder = await startPython(t, onLinkClient, options)
  const looker = await startLooker(t, { through })
  return {
    connection: { port: server.said.port, localPort: holder.said.localPort },
    holder,
    looker
  }
}

const onLinkServer = `
  listener = socket.socket(socket.AF_INET6)
  listener.bind((values['host'], values['port'], 0, values['index']))
  listener.listen()
  say(port=port_of(listener))
  kept = listener.accept()
  hear()`

const onLinkClient = `
  connection = socket.socket(socket.AF_INET6)
  connection.bind((values['host'], values['localPort'], 0, values['index']))
  connection.connect((values['host'], values['port'], 0, values['index']))
  say(localPort=port_of(connection))
  hear()`

/** The ends as the server sees them, with these scopes. */
function scoped({ port, localPort }, localScope, remoteScope) {
  const withScope = (scope) => (scope === undefined ? address : `${address}%${scope}`)
  return {
    localAddress: withScope(localScope),
    localPort: port,
    remoteAddress: withScope(remoteScope),
    remotePort: localPort
  }
}
