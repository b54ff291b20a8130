// What is shipped without its node_modules: a traced folder, a single executable of Node.js and one of
// Bun, made as docs/bundlers.md says and run where no package is installed.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { before, test } from 'node:test'
import { documentBlocks } from '../support/blocks.mjs'
import { needsLinux } from '../support/holders.mjs'
import { hostTag, temporaryFolder } from '../support/install.mjs'
import { installApp, run } from '../support/packed.mjs'
import { startStranger } from '../support/stranger.mjs'

const block = documentBlocks('docs/bundlers.md')
const name = `socket-owner-${hostTag}`
const app = `
  import { findPidByLocalTcpPort } from 'socket-owner'
  findPidByLocalTcpPort(Number(process.argv[2])).then(
    (pid) => console.log(JSON.stringify(pid)),
    ({ code, message }) => console.log(JSON.stringify([code, message]))
  )`
const packages = ['@vercel/nft@1', 'esbuild@0.28', 'postject@1.0.0-alpha.6', 'bun@1']
let folder

before(async () => {
  const file = { after: (end) => process.on('exit', end) }
  const compiled = block('js // compiled.mjs').replaceAll('linux-x64-gnu', hostTag)
  folder = await installApp(file, { packages, files: { 'app.mjs': app, 'compiled.mjs': compiled } })
})

const bin = (program) => path.join(folder, 'node_modules', '.bin', program)

/** What a program says of the port of a stranger. */
async function ask(t, [command, ...args], { cwd, env = {} }) {
  const { port, pid } = await startStranger(t)
  const settings = { cwd, env: { ...process.env, ...env } }
  const { stdout } = await run(command, [...args, String(port)], settings)
  return { told: JSON.parse(stdout.trim().split('\n').at(-1)), pid }
}

/** A folder elsewhere, with these files of the app's. */
function ship(t, ...files) {
  const elsewhere = temporaryFolder(t)
  for (const file of files) {
    fs.cpSync(path.join(folder, file), path.join(elsewhere, file), { recursive: true })
  }
  return elsewhere
}

test('@vercel/nft traces the binary', async (t) => {
  await run(bin('nft'), ['build', 'app.mjs'], { cwd: folder })
  const traced = path.join(ship(t, 'dist'), 'dist')

  const { told, pid } = await ask(t, [process.execPath, 'app.mjs'], { cwd: traced })

  assert.equal(told, pid)
  assert.deepEqual(fs.readdirSync(path.join(traced, 'node_modules', name)), [
    `socket-owner.${hostTag}.node`
  ])
})

test('what was traced without the binary is told', async (t) => {
  await run(bin('nft'), ['build', 'app.mjs'], { cwd: folder })
  const traced = path.join(ship(t, 'dist'), 'dist')
  fs.rmSync(path.join(traced, 'node_modules', name), { recursive: true })

  const { told } = await ask(t, [process.execPath, 'app.mjs'], { cwd: traced })

  assert.match(
    told[1],
    /^socket-owner needs the package .+, which was left behind when node_modules/
  )
})

const SEA = { main: 'sea.cjs', output: 'sea.blob', disableExperimentalSEAWarning: true }
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'

test('a single executable of Node.js finds the package beside it, or the file that is named', {
  skip: needsLinux
}, async (t) => {
  const options = ['--bundle', '--platform=node', '--format=cjs', '--outfile=sea.cjs']
  await run(bin('esbuild'), ['app.mjs', ...options], { cwd: folder })
  fs.writeFileSync(path.join(folder, 'sea.json'), JSON.stringify(SEA))
  await run(process.execPath, ['--experimental-sea-config', 'sea.json'], { cwd: folder })
  fs.copyFileSync(process.execPath, path.join(folder, 'sea'))
  const injected = ['sea', 'NODE_SEA_BLOB', 'sea.blob', '--sentinel-fuse', FUSE]
  await run(bin('postject'), injected, { cwd: folder })
  const cwd = ship(t, 'sea')
  const command = [path.join(cwd, 'sea')]
  const binary = path.join('node_modules', name, `socket-owner.${hostTag}.node`)
  fs.copyFileSync(path.join(folder, binary), path.join(cwd, 'owner.node'))

  const alone = await ask(t, command, { cwd })
  const env = { SOCKET_OWNER_BINARY: path.join(cwd, 'owner.node') }
  const named = await ask(t, command, { cwd, env })
  fs.cpSync(path.join(folder, 'node_modules', name), path.join(cwd, 'node_modules', name), {
    recursive: true
  })
  const beside = await ask(t, command, { cwd })

  assert.equal(alone.told[0], 'ERR_BINARY_MISSING')
  assert.match(
    alone.told[1],
    /which is missing from this single executable\. Ship node_modules\/socket-/
  )
  assert.equal(named.told, named.pid)
  assert.equal(beside.told, beside.pid)
})

test("Bun's executable holds the file", { skip: needsLinux }, async (t) => {
  const packages = path.join(folder, 'node_modules', '@oven')
  const bun = path.join(packages, fs.readdirSync(packages).sort()[0], 'bin', 'bun')
  const [, ...args] = block('sh bun').trim().split(' ')
  await run(bun, args, { cwd: folder })
  await run(bun, ['build', '--compile', 'app.mjs', '--outfile', 'bare'], { cwd: folder })
  const cwd = ship(t, 'compiled', 'bare')

  // Bun's code knows where it was built, and would look there.
  const installed = path.join(folder, 'node_modules', name)
  fs.renameSync(installed, `${installed}.away`)
  t.after(() => fs.renameSync(`${installed}.away`, installed))

  const { told, pid } = await ask(t, [path.join(cwd, 'compiled')], { cwd })
  const bare = await ask(t, [path.join(cwd, 'bare')], { cwd })

  assert.equal(told, pid)
  assert.match(bare.told[1], /which is missing from this single executable/)
})
