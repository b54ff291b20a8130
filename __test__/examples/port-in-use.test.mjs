// examples/port-in-use: what is said of who has the port, by whom it may be seen.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import fs from 'node:fs'
import { test } from 'node:test'
import { listen, needsLinux, needsPython, needsRoot, startPython } from '../support/holders.mjs'
import { root } from '../support/install.mjs'
import { openToAll, stranger } from '../support/through.mjs'
import { startExample } from './started.mjs'

const file = 'examples/port-in-use/server.js'
const node = fs.realpathSync(process.execPath)
/** Windows does not tell it. */
const inFolder = process.platform === 'win32' ? '' : ` in ${fs.realpathSync(root)}`

/** What it says where the port is taken, without the end that is always the same. */
async function said(t, port, { folder = root, ...options } = {}) {
  const { child, stderr } = await startExample(t, folder, file, { ...options, env: { PORT: port } })
  const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode]
  assert.equal(code, 1)
  const ending = `. Another one: PORT=${Number(port) + 1} npm start\n`
  const text = (await stderr).join('')
  assert.ok(text.endsWith(ending), text)
  return text.slice(0, -ending.length)
}

test('the second is told which program has the port, and where it was started', async (t) => {
  const first = await startExample(t, root, file)
  const { port } = new URL(first.url)

  const told = await said(t, port)

  assert.equal(told, `Port ${port} is in use by ${node} (pid ${first.child.pid})${inFolder}`)
})

test('listeners elsewhere on the port are not what is in the way', async (t) => {
  const elsewhere = await listen(t, '127.0.0.2')
  for (let i = 3; i < 9; i += 1) await listen(t, `127.0.0.${i}`, { port: elsewhere.port })
  const first = await startExample(t, root, file, { env: { PORT: String(elsewhere.port) } })

  const told = await said(t, String(elsewhere.port))
  assert.ok(told.endsWith(` (pid ${first.child.pid})${inFolder}`), told)
})

test('a holder that may not be seen is told by its user', {
  skip: needsRoot
}, async (t) => {
  const first = await startExample(t, root, file)
  const { port } = new URL(first.url)
  const copy = openToAll(t)
  fs.cpSync(`${root}/examples`, `${copy.root}/examples`, { recursive: true })

  const told = await said(t, port, { folder: copy.root, through: stranger, node: copy.node })

  assert.equal(told, `Port ${port} is in use by a process of user 0 that is hidden from you`)
})

test('a socket that is bound and does not listen is in the way too', {
  skip: needsLinux || needsPython
}, async (t) => {
  const holder = await startPython(
    t,
    `
    kept = socket.socket()
    kept.bind(('127.0.0.1', 0))
    say(port=port_of(kept))
    hear()`
  )
  const { port } = holder.said

  const told = await said(t, String(port))

  // Linux before 6.8 or so does not tell of it.
  const known = new RegExp(`^Port ${port} is in use( by \\S+ \\(pid ${holder.pid}\\) in /)?$`)
  assert.match(told, known)
})

test('elsewhere it is told what it would be told anyway', async (t) => {
  const { port } = new URL((await startExample(t, root, file)).url)

  assert.equal(await said(t, port, { isElsewhere: true }), `Port ${port} is in use`)
})
