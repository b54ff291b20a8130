// The first lines of README.md that a newcomer types: installed from a registry, then asked by the
// command. The registry is a server here that knows these packages alone.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { test } from 'node:test'
import { documentBlocks } from '../support/blocks.mjs'
import { quietPort } from '../support/holders.mjs'
import { hostTag, root, temporaryFolder } from '../support/install.mjs'
import { pack, run } from '../support/packed.mjs'
import { startStranger } from '../support/stranger.mjs'

const readJson = (...names) => JSON.parse(fs.readFileSync(path.join(root, ...names), 'utf8'))
const block = documentBlocks('README.md')

/** Serves the packed packages as they are published; gives the settings for npm to use it alone. */
async function startRegistry(t) {
  const folder = temporaryFolder(t)
  const tarballs = await pack(folder)
  const binary = readJson('npm', hostTag, 'package.json')
  const main = {
    ...readJson('package.json'),
    optionalDependencies: { [binary.name]: binary.version }
  }
  const server = http.createServer((request, response) => {
    const name = request.url.slice(1)
    const tarball = tarballs.find((each) => path.basename(each) === name)
    if (tarball !== undefined) return response.end(fs.readFileSync(tarball))
    const manifest = [main, binary].find((each) => each.name === name)
    if (manifest === undefined) return response.writeHead(404).end('{}')
    const { version } = manifest
    const file = `http://${request.headers.host}/${name}-${version}.tgz`
    const versions = { [version]: { ...manifest, dist: { tarball: file } } }
    return response.end(JSON.stringify({ name, 'dist-tags': { latest: version }, versions }))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    ...process.env,
    npm_config_registry: `http://127.0.0.1:${server.address().port}/`,
    npm_config_cache: path.join(folder, 'cache')
  }
}

const SHAPES = [
  /^\d+: pid \d+, \/\S+$/,
  /^ {2}\S/,
  /^ {2}in \//,
  /^ {2}listening on 127\.0\.0\.1, user \S+, since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/
]

test('the line that installs it and the line that asks it work one after the other', async (t) => {
  const env = await startRegistry(t)
  const cwd = temporaryFolder(t)
  const install = block('sh npm install')
  const [command, ...comment] = block('sh npx socket-owner').trim().split('\n')
  const { port, pid, program } = await startStranger(t)
  const free = await quietPort()

  await run('sh', ['-c', install], { cwd, env })
  const ask = (...words) =>
    run('sh', ['-c', [command.replace(' 3000', ''), ...words].join(' ')], { cwd, env })
  const told = await ask(port)
  const json = await ask(port, '--json')
  const list = await ask()

  assert.ok(told.stdout.startsWith(`${port}: pid ${pid}, ${program}\n`), told.stdout)
  // What the comment shows is what is told, line by line.
  const documented = comment.map((line) => line.replace(/^# /, ''))
  for (const lines of [documented, told.stdout.trimEnd().split('\n')]) {
    assert.equal(lines.length, SHAPES.length, lines.join('\n'))
    for (const [i, line] of lines.entries()) assert.match(line, SHAPES[i])
  }
  const [entry] = JSON.parse(json.stdout)
  assert.deepEqual([entry.port, entry.pid, entry.process.path], [port, pid, program])
  assert.match(list.stdout, new RegExp(`^tcp +127\\.0\\.0\\.1:${port} +${pid} `, 'm'))
  await assert.rejects(ask(free), new RegExp(`${free}: free`))
})
