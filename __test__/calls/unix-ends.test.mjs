// A Unix-domain socket tells no ends, but has a descriptor: it is asked about at the call, and handed
// to nobody else.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import fs from 'node:fs'
import http from 'node:http'
import http2 from 'node:http2'
import net from 'node:net'
import path from 'node:path'
import { test } from 'node:test'
import { needsLinux } from '../support/holders.mjs'
import { temporaryFolder } from '../support/install.mjs'
import { installStandIn } from '../support/stand-in.mjs'

/** The package on a stand-in that writes down which descriptors it was asked about. */
function installNoter(t, answer = () => [7, 8]) {
  const owner = installStandIn(t)
  const noted = []
  owner.native.localPeer = (fd, isKept) => {
    noted.push({ fd, isKept, target: fs.readlinkSync(`/proc/self/fd/${fd}`).split(':')[0] })
    return answer(fd)
  }
  return { ...owner, noted }
}

async function listen(t, server) {
  const address = path.join(temporaryFolder(t), 's')
  server.listen(address)
  t.after(() => server.close())
  await once(server, 'listening')
  return address
}

const skip = needsLinux

test('both ends of a connection have a descriptor, at the call', { skip }, async (t) => {
  const { native, noted, findPeerPid, findPeerProcess } = installNoter(t)
  const server = net.createServer()
  const client = net.connect(await listen(t, server))
  const [accepted] = await once(server, 'connection')
  t.after(() => client.destroy())

  const answers = [findPeerPid(accepted), findPeerProcess(client)]
  assert.deepEqual(
    noted.map(({ isKept, target }) => [isKept, target]),
    [
      [false, 'socket'],
      [true, 'socket']
    ]
  )
  accepted.destroy()
  await Promise.all(answers)

  assert.notEqual(noted[0].fd, noted[1].fd)
  assert.equal(native.asked[0].lines, '1 unix pid 7 8\n2 unix record 7 8')
})

test('a request over a socket file, of HTTP and of HTTP/2', { skip }, async (t) => {
  const { noted, findPeerPid } = installNoter(t)
  const server = http.createServer((_, response) => response.end())
  const client = http.get({ socketPath: await listen(t, server), agent: false })
  client.on('error', () => {}) // It hangs up before the answer.
  const [request] = await once(server, 'request')
  await findPeerPid(request.socket)
  client.destroy()

  const server2 = http2.createServer()
  const address = await listen(t, server2)
  const client2 = http2.connect('http://localhost', {
    createConnection: () => net.connect(address)
  })
  t.after(() => client2.destroy())
  const [session] = await once(server2, 'session')
  await findPeerPid(session.socket)

  assert.deepEqual(
    noted.map(({ target }) => target),
    ['socket', 'socket']
  )
})

test('a socket that has gone is null, and nobody is asked', { skip }, async (t) => {
  const { native, noted, findPeerPid } = installNoter(t, () => null)
  const server = net.createServer()
  const client = net.connect(await listen(t, server))
  const [accepted] = await once(server, 'connection')
  client.destroy()
  assert.equal(await findPeerPid(client), null)
  assert.equal(noted.length, 0)

  assert.equal(await findPeerPid(accepted), null)

  assert.equal(noted.length, 1)
  assert.deepEqual(native.asked, [])
  accepted.destroy()
})

test('a failure to look at the descriptor is the rejection', { skip }, async (t) => {
  const failure = { id: 0, code: 'EMFILE', syscall: 'dup', message: 'EMFILE: dup: too many' }
  const { findPeerProcess } = installNoter(t, () => failure)
  const server = net.createServer()
  const client = net.connect(await listen(t, server))
  t.after(() => client.destroy())
  await once(server, 'connection')

  await assert.rejects(findPeerProcess(client), { code: 'EMFILE', syscall: 'dup' })
})

// The native side may have opened a descriptor for it, which it closes when the question ends.
test('a question aborted before its task is handed over all the same', { skip }, async (t) => {
  const { native, findPeerProcess } = installNoter(t)
  const server = net.createServer()
  const client = net.connect(await listen(t, server))
  t.after(() => client.destroy())
  await once(server, 'connection')
  const controller = new AbortController()

  const answer = findPeerProcess(client, { signal: controller.signal })
  controller.abort()
  await assert.rejects(answer, { name: 'AbortError' })

  assert.deepEqual(native.asked, [{ lines: '1 unix record 7 8', abandoned: [1] }])
})

test('what has a handle but no descriptor is null', async (t) => {
  const { findPeerPid, noted } = installNoter(t)

  for (const _handle of [undefined, null, 5, {}, { fd: -1 }, { fd: 1.5 }, { fd: '3' }]) {
    assert.equal(await findPeerPid({ destroyed: false, _handle }), null)
  }

  assert.deepEqual(noted, [])
})
