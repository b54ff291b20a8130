// The lines of docs/comparison.md: what others answer to the question, and what ours answers.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { before, test } from 'node:test'
import { needsProgram } from '../support/holders.mjs'
import { root } from '../support/install.mjs'
import { installApp, run } from '../support/packed.mjs'
import { startStranger } from '../support/stranger.mjs'

const page = fs.readFileSync(path.join(root, 'docs', 'comparison.md'), 'utf8')
const sections = page.split(/^## From /m).slice(1)
const blocksOf = (section) => [...section.matchAll(/^```\w+\n(.*?)^```/gms)].map(([, text]) => text)
const skip = needsProgram('ss')
let folder

before(async () => {
  if (skip) return
  const packages = ['find-process@2', 'pid-port@2', 'systeminformation@5']
  folder = await installApp({ after: (end) => process.on('exit', end) }, { packages })
})

for (const section of sections.slice(0, 3)) {
  const [name] = section.split('\n')
  test(`${name} and ours give the same pid`, { skip }, async (t) => {
    const { port, pid } = await startStranger(t)
    const blocks = blocksOf(section)

    assert.equal(blocks.length, 2)
    for (const [i, block] of blocks.entries()) {
      const file = path.join(folder, `${name}-${i}.mjs`)
      fs.writeFileSync(file, `${block.replaceAll('3000', port)}\nconsole.log(pid)\n`)
      const { stdout } = await run(process.execPath, [file], { cwd: folder })
      assert.equal(stdout, `${pid}\n`)
    }
  })
}

test('lsof and our command give the same pid', {
  skip: skip || needsProgram('lsof')
}, async (t) => {
  const { port, pid } = await startStranger(t)
  const [theirs, ours] = blocksOf(sections[3]).map((text) => text.replace('3000', port))

  const lsof = await run('sh', ['-c', theirs], { cwd: folder })
  const command = await run('sh', ['-c', `npm_config_offline=true ${ours}`], { cwd: folder })
  assert.equal(lsof.stdout, `${pid}\n`)
  assert.match(command.stdout, new RegExp(`^${port}: pid ${pid}, /`))
})

test('the line for an accepted connection runs', { skip }, async () => {
  const [, , program] = blocksOf(sections[3])
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
