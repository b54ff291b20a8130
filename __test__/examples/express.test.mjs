// examples/express with real clients.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { before, test } from 'node:test'
import { installApp } from '../support/packed.mjs'
import { runClient, startExample } from './started.mjs'

const node = fs.realpathSync(process.execPath)
const CLIENT = `require('node:http').get(process.argv[1], (answer) => answer.pipe(process.stdout))`
let folder

before(async () => {
  folder = await installApp(
    { after: (end) => process.on('exit', end) },
    { from: 'examples/express' }
  )
})

test('the server knows which program called it', async (t) => {
  const { url, nextLine } = await startExample(t, folder, 'server.js')

  const { pid, body } = await runClient(node, ['--eval', CLIENT, `${url}/whoami`])

  const { startTime, ...told } = JSON.parse(body)
  assert.deepEqual(told, { pid, path: node })
  assert.equal(new Date(startTime).toJSON(), startTime)
  assert.equal(await nextLine(), `GET /whoami from ${node} (pid ${pid})`)
})

test('elsewhere it answers without names and says why, once', async (t) => {
  const server = await startExample(t, folder, 'server.js', { isElsewhere: true })

  for (let i = 0; i < 2; i += 1) {
    const { body } = await runClient(node, ['--eval', CLIENT, `${server.url}/whoami`])
    assert.equal(JSON.parse(body).pid, null)
    assert.equal(await server.nextLine(), 'GET /whoami from an unknown program (pid null)')
  }

  server.child.kill()
  assert.match((await server.stderr).join(''), /^socket-owner has no back end for freebsd.+\n$/)
})
