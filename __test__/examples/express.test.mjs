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

  assert.deepEqual(JSON.parse(body), { pid, path: node })
  assert.equal(await nextLine(), `GET /whoami from ${node} (pid ${pid})`)
})

test('elsewhere it answers without names and says why', async (t) => {
  const { url, nextLine } = await startExample(t, folder, 'server.js', { isElsewhere: true })

  const { body } = await runClient(node, ['--eval', CLIENT, `${url}/whoami`])

  assert.equal(JSON.parse(body).pid, null)
  assert.match(await nextLine(), /^GET \/whoami from socket-owner has no back end .+ \(pid null\)$/)
})
