// An app made by each bundler, with the very configurations of docs/bundlers.md, runs.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { before, test } from 'node:test'
import { documentBlocks } from '../support/blocks.mjs'
import { installApp, run } from '../support/packed.mjs'
import { startStranger } from '../support/stranger.mjs'

const block = documentBlocks('docs/bundlers.md')
const files = {
  'webpack.config.js': block('js // webpack.config.js'),
  'rollup.config.mjs': block('js // rollup.config.mjs'),
  'vite.main.config.mjs': block('js // vite.main.config.mjs')
}
const commands = block('sh esbuild').trim().split('\n')

const app = `
  import { findPeerPid, findPidByLocalTcpPort, getProcessPath } from 'socket-owner'
  async function main(port) {
    const pid = await findPidByLocalTcpPort(port)
    const none = await findPeerPid({ destroyed: true })
    console.log(JSON.stringify([pid, await getProcessPath(pid), none]))
  }
  main(Number(process.argv[2]))`

const packages = ['esbuild@0.28', 'webpack@5', 'vite@8', 'rollup@4', '@vercel/ncc@0.45']
let folder

before(async () => {
  // The folder is for all tests here, so it goes when the file has ended.
  const file = { after: (end) => process.on('exit', end) }
  folder = await installApp(file, { packages, files: { ...files, 'app.mjs': app } })
})

const bin = (name) => path.join(folder, 'node_modules', '.bin', name)

async function assertRuns(t, bundle) {
  const { port, pid, program } = await startStranger(t)

  const { stdout } = await run(process.execPath, [bundle, String(port)], { cwd: folder })

  assert.deepEqual(JSON.parse(stdout), [pid, program, null])
}

test('esbuild is shown in both forms', () => {
  assert.equal(commands.length, 2)
})

for (const command of commands) {
  const [program, ...args] = command.split(' ')
  const [, bundle] = args.at(-1).split('=')
  test(`esbuild to ${bundle}`, async (t) => {
    await run(bin(program), args, { cwd: folder })

    await assertRuns(t, bundle)
  })
}

test('esbuild with the front in the bundle', async (t) => {
  const [, ...args] = commands[0].replace('--external:socket-owner ', '').split(' ')
  await run(bin('esbuild'), args, { cwd: folder })

  assert.match(fs.readFileSync(path.join(folder, 'dist', 'app.cjs'), 'utf8'), /ERR_BINARY_MISSING/)
  await assertRuns(t, 'dist/app.cjs')
})

test('webpack', async (t) => {
  // By its own interface: the command line is one more package.
  const build = `
    const config = require('./webpack.config.js')
    const paths = { entry: './app.mjs', mode: 'production', context: process.cwd() }
    require('webpack')({ ...paths, ...config }, (error, stats) => {
      if (error || stats.hasErrors()) throw error ?? new Error(stats.toString())
    })`
  await run(process.execPath, ['--eval', build], { cwd: folder })

  await assertRuns(t, 'dist/main.js')
})

test('Rollup', async (t) => {
  await run(bin('rollup'), ['--config'], { cwd: folder })

  await assertRuns(t, 'dist/rollup.mjs')
})

test('ncc', async (t) => {
  const [program, ...args] = block('sh ncc').trim().split(' ')
  await run(bin(program), args, { cwd: folder })

  await assertRuns(t, path.join('ncc', fs.readdirSync(path.join(folder, 'ncc'))[0]))
})

test('Vite for a server', async (t) => {
  await run(bin('vite'), ['build', '--ssr', 'app.mjs', '--outDir', 'ssr'], { cwd: folder })

  await assertRuns(t, `ssr/${fs.readdirSync(path.join(folder, 'ssr'))[0]}`)
})

test("Vite for Electron's main process", async (t) => {
  const args = ['build', '--config', 'vite.main.config.mjs', '--outDir', 'main']
  await run(bin('vite'), args, { cwd: folder })

  await assertRuns(t, `main/${fs.readdirSync(path.join(folder, 'main'))[0]}`)
})
