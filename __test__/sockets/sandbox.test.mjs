// Where the kernel's socket table is not to be had by sock_diag: its text answers the same questions;
// where that is refused too, or /proc, the lookup fails and says why.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  compile,
  families,
  fixture,
  listen,
  needsIPv6,
  needsLinux,
  needsProgram,
  needsPython,
  needsRoot,
  pythonPath,
  quietPort,
  startClient,
  startLooker,
  startPython,
  startServer
} from '../support/holders.mjs'
import { after, openToAll, stranger } from '../support/through.mjs'

const skip = needsLinux || needsPython
const withoutDiag = (errno) => [pythonPath, fixture('no_sock_diag.py'), errno]

/** WSL 1 and gVisor; systemd's RestrictAddressFamilies; SELinux and seccomp. */
for (const errno of ['EPROTONOSUPPORT', 'EAFNOSUPPORT', 'EACCES', 'EPERM']) {
  test(`where sock_diag is refused with ${errno} the text tables answer`, { skip }, async (t) => {
    const looker = await startLooker(t, { through: withoutDiag(errno) })
    // The errno decides whether the text is read, the family how: once each is enough.
    await askOfEach(t, looker, errno === 'EACCES' ? families : [families[0]])
  })
}

test('where the kernel has no tcp_diag the text tables answer', {
  skip: skip || needsProgram('cc')
}, async (t) => {
  const library = compile(t, ['no_diag.c'], ['-shared', '-fPIC', '-ldl'])
  const looker = await startLooker(t, {
    env: { ...process.env, LD_PRELOAD: library, NO_DIAG: 'tcp' }
  })
  await askOfEach(t, looker, families)
})

test('the text tables tell listening from connected', { skip }, async (t) => {
  const looker = await startLooker(t, { through: withoutDiag('EACCES') })
  const target = await listen(t, '127.0.0.1')
  const server = await startServer(t, '127.0.0.2')
  const { port } = server.said
  const client = await startClient(t, '127.0.0.1', target.port, { values: { localPort: port } })

  const owners = []
  for (const state of [undefined, 'listening', 'connected']) {
    owners.push(await looker.ask('findPidByLocalTcpPort', port, { state }))
  }

  assert.deepEqual(owners, [server.pid, server.pid, client.pid])
})

test('the text tables know no bound socket, no dead one, and no other connection', {
  skip
}, async (t) => {
  const looker = await startLooker(t, { through: withoutDiag('EACCES') })
  const code = `
    bound = socket.socket()
    bound.bind(('127.0.0.1', values['bound']))
    listener = listen()
    gone = client('127.0.0.1', port_of(listener), values['gone'])
    accepted = listener.accept()[0]
    gone.close()
    say(port=port_of(listener))
    hear()`
  const values = { bound: await quietPort(), gone: await quietPort() }
  const holder = await startPython(t, code, { values })
  const { port } = holder.said
  const ends = { localAddress: '127.0.0.1', localPort: port, remoteAddress: '127.0.0.1' }

  const answers = [
    await looker.ask('findPidByLocalTcpPort', values.bound),
    await looker.ask('findPidByLocalTcpPort', values.gone),
    await looker.ask('findPeerPid', { ...ends, remotePort: values.gone }),
    await looker.ask('findPeerPid', { ...ends, remotePort: port })
  ]

  assert.deepEqual(answers, Array(4).fill(null))
})

test('a client of a mapped address is found in the text tables', {
  skip: skip || needsIPv6
}, async (t) => {
  const looker = await startLooker(t, { through: withoutDiag('EACCES') })
  const server = await startServer(t, '127.0.0.1')
  const code = `
    connection = client('::ffff:127.0.0.1', values['port'])
    say(port=port_of(connection))
    hear()`
  const client = await startPython(t, code, { values: { port: server.said.port } })

  const peer = await looker.ask('findPeerPid', await server.next())
  const owner = await looker.ask('findPidByLocalTcpPort', client.said.port)

  assert.deepEqual([peer, owner], [client.pid, client.pid])
})

test('an ordinary user without sock_diag sees the own processes alone', {
  skip: skip || needsRoot
}, async (t) => {
  const copy = openToAll(t)
  const hidden = await startServer(t, '127.0.0.1')
  const own = await startServer(t, '127.0.0.1', { through: stranger, ...copy })
  const through = [...withoutDiag('EACCES'), ...stranger]
  const looker = await startLooker(t, { through, ...copy })

  const owners = [
    await looker.ask('findPidByLocalTcpPort', hidden.said.port),
    await looker.ask('findPidByLocalTcpPort', own.said.port)
  ]

  assert.deepEqual(owners, [null, own.pid])
})

test('with neither sock_diag nor text a lookup fails with code and syscall', {
  skip: skip || needsRoot
}, async (t) => {
  const server = await startServer(t, '127.0.0.1')
  const client = await startClient(t, '127.0.0.1', server.said.port)
  const ends = await server.next()
  const mask = after('mount -t tmpfs -o size=4k none /proc/$$/net')
  const through = ['unshare', '--mount', ...mask, ...withoutDiag('EPERM')]
  const looker = await startLooker(t, { through })

  await assert.rejects(looker.ask('findPidByLocalTcpPort', server.said.port), isSystemError)
  await assert.rejects(looker.ask('findPeerPid', ends), isSystemError)
  const path = await looker.ask('getProcessPath', client.pid)

  assert.equal(path, process.execPath)
})

test('without /proc a lookup fails with code and syscall, not with null', {
  skip: skip || needsRoot
}, async (t) => {
  const server = await startServer(t, '127.0.0.1')
  await startClient(t, '127.0.0.1', server.said.port)
  const ends = await server.next()
  const mask = after('mount -t tmpfs -o size=4k none /proc')
  const looker = await startLooker(t, { through: ['unshare', '--mount', ...mask] })

  await assert.rejects(looker.ask('findPidByLocalTcpPort', server.said.port), isSystemError)
  await assert.rejects(looker.ask('findPeerPid', ends), isSystemError)
})

test('where /proc may not be listed a lookup fails with EACCES', {
  skip: skip || needsRoot
}, async (t) => {
  const copy = openToAll(t)
  const server = await startServer(t, '127.0.0.1')
  const mask = after('mount -t tmpfs -o size=4k,mode=700 none /proc')
  const through = ['unshare', '--mount', ...mask, ...stranger]
  const looker = await startLooker(t, { through, ...copy })

  const answer = looker.ask('findPidByLocalTcpPort', server.said.port)

  await assert.rejects(answer, (error) => isSystemError(error) && error.code === 'EACCES')
})

/** Both lookups over each family, and a socket that is only bound. */
async function askOfEach(t, looker, asked) {
  for (const { listenHost, connectHost, skip: reason } of asked) {
    if (reason) continue
    const server = await startServer(t, listenHost)
    const client = await startClient(t, connectHost, server.said.port)
    const ends = await server.next()

    const answers = [
      await looker.ask('findPidByLocalTcpPort', server.said.port),
      await looker.ask('findPidByLocalTcpPort', client.said.localPort),
      await looker.ask('findPeerPid', ends),
      await looker.ask('findPeerPid', client.said)
    ]

    assert.deepEqual(answers, [server.pid, client.pid, client.pid, server.pid])
  }
  // What sock_diag alone tells: a guard against a sandbox that refuses nothing.
  const code = 'bound = socket.socket(); bound.bind(("127.0.0.1", values["port"])); say(); hear()'
  const port = await quietPort()
  await startPython(t, code, { values: { port } })
  const bound = await looker.ask('findPidByLocalTcpPort', port)
  assert.equal(bound, null)
}

function isSystemError({ code, syscall, message }) {
  assert.match(code, /^E[A-Z]+$/)
  assert.equal(typeof syscall, 'string')
  assert.ok(message.startsWith(`${code}: ${syscall}`), message)
  return true
}
