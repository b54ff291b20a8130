// The lines of docs/comparison.md: what others answer to the question, and what ours answers.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { before, test } from 'node:test'
import { documentBlocks } from '../support/blocks.mjs'
import { needsProgram } from '../support/holders.mjs'
import { installApp, run } from '../support/packed.mjs'
import { startStranger } from '../support/stranger.mjs'

const block = documentBlocks('docs/comparison.md')
/** By package: its way and ours. */
const WAYS = {
  'find-process': [
    block("js import findProcess from 'find-process'"),
    block('js import { findPidByLocalTcpPort }', 'From find-process')
  ],
  'pid-port': [
    block("js import { portToPid } from 'pid-port'"),
    block('js import { findPidByLocalTcpPort }', 'From pid-port')
  ],
  systeminformation: [
    block("js import si from 'systeminformation'"),
    block('js import { findPidByLocalTcpPort }', 'From systeminformation')
  ]
}
const skip = needsProgram('ss')
let folder

before(async () => {
  if (skip) return
  const packages = ['find-process@2', 'pid-port@2', 'systeminformation@5']
  folder = await installApp({ after: (end) => process.on('exit', end) }, { packages })
})

for (const [name, ways] of Object.entries(WAYS)) {
  test(`${name} and ours give the same pid`, { skip }, async (t) => {
    const { port, pid } = await startStranger(t)

    for (const [i, way] of ways.entries()) {
      const file = path.join(folder, `${name}-${i}.mjs`)
      fs.writeFileSync(file, `${way.replaceAll('3000', port)}\nconsole.log(pid)\n`)
      const { stdout } = await run(process.execPath, [file], { cwd: folder })
      assert.equal(stdout, `${pid}\n`)
    }
  })
}

test('lsof and our command give the same pid', {
  skip: skip || needsProgram('lsof')
}, async (t) => {
  const { port, pid } = await startStranger(t)
  const theirs = block('sh lsof').replace('3000', port)
  const ours = block('sh npx socket-owner').replace('3000', port)

  const lsof = await run('sh', ['-c', theirs], { cwd: folder })
  const command = await run('sh', ['-c', `npm_config_offline=true ${ours}`], { cwd: folder })
  assert.equal(lsof.stdout, `${pid}\n`)
  assert.match(command.stdout, new RegExp(`^${port}: pid ${pid}, /`))
})

test('the line for an accepted connection runs', { skip }, async () => {
  const program = block("js import { findPeerPid } from 'socket-owner'")
  const around = `
    console.log(process.pid)
    server.on('connection', async (socket) => {
      await findPeerPid(socket)
      setImmediate(() => process.exit())
    })
    server.listen(0, '127.0.0.1', () => net.connect(server.address().port, '127.0.0.1'))`
  const file = path.join(folder, 'accepted.mjs')
  const opening = "import net from 'node:net'\nconst server = net.createServer()\n"
  fs.writeFileSync(file, opening + program + around)

  const { stdout } = await run(process.execPath, [file], { cwd: folder })

  const [own, found, ...rest] = stdout.trim().split('\n')
  assert.equal(found, own)
  assert.deepEqual(rest, [])
})
