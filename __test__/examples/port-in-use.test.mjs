// examples/port-in-use, started twice.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import fs from 'node:fs'
import { test } from 'node:test'
import { root } from '../support/install.mjs'
import { startExample } from './started.mjs'

const file = 'examples/port-in-use/server.js'
const node = fs.realpathSync(process.execPath)

async function startTwice(t, options = {}) {
  const first = await startExample(t, root, file)
  const { port } = new URL(first.url)
  const second = await startExample(t, root, file, { ...options, env: { PORT: port } })
  const [code] = second.child.exitCode === null ? await once(second.child, 'exit') : [1]
  assert.equal(code, 1)
  return { port: Number(port), pid: first.child.pid, said: (await second.stderr).join('') }
}

test('the second is told which program has the port', async (t) => {
  const { port, pid, said } = await startTwice(t)

  const message = `Port ${port} is in use by ${node} (pid ${pid}). `
  assert.equal(said, `${message}Another one: PORT=${port + 1} npm start\n`)
})

test('elsewhere it is told what it would be told anyway', async (t) => {
  const { port, said } = await startTwice(t, { isElsewhere: true })

  assert.equal(said, `Port ${port} is in use. Another one: PORT=${port + 1} npm start\n`)
})
