// examples/mockttp with real clients, through a tunnel too.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { before, test } from 'node:test'
import { needsProgram } from '../support/holders.mjs'
import { installApp } from '../support/packed.mjs'
import { runClient, startExample } from './started.mjs'

const skip = needsProgram('curl')
let folder

before(async () => {
  if (skip) return
  const from = 'examples/mockttp'
  folder = await installApp({ after: (end) => process.on('exit', end) }, { from })
})

async function startOrigin(t) {
  const server = http.createServer((_, response) => response.end('hello'))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => server.closeAllConnections() ?? server.close())
  return `http://127.0.0.1:${server.address().port}/`
}

for (const [name, how] of [
  ['a request', []],
  ['a tunnelled request', ['--proxytunnel']]
]) {
  test(`${name} is known by its program`, { skip }, async (t) => {
    const origin = await startOrigin(t)
    const { url, nextLine } = await startExample(t, folder, 'proxy.js')

    const { pid, body } = await runClient('curl', ['-s', ...how, '-x', url, origin])

    assert.equal(body, 'hello')
    const [, program, told] = (await nextLine()).match(/^GET http:\S+ from (.+) \(pid (\d+)\)$/)
    assert.equal(path.basename(program), 'curl')
    assert.ok(fs.existsSync(program))
    assert.equal(Number(told), pid)
  })
}

test('elsewhere it goes on without names and says why', { skip }, async (t) => {
  const origin = await startOrigin(t)
  const proxy = await startExample(t, folder, 'proxy.js', { isElsewhere: true })

  const { body } = await runClient('curl', ['-s', '-x', proxy.url, origin])

  assert.equal(body, 'hello')
  assert.match(await proxy.nextLine(), /^GET http:\S+ from an unknown program \(pid null\)$/)
  proxy.child.kill()
  assert.match((await proxy.stderr).join(''), /^socket-owner has no back end for freebsd.+\n$/)
})
