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

test('the line that installs it and the line that asks it work one after the other', async (t) => {
  const env = await startRegistry(t)
  const cwd = temporaryFolder(t)
  const install = block('sh npm install')
  const ask = block('sh npx socket-owner').trim()
  const [command, comment] = ask.split(/\s+# /)
  const { port, pid, program } = await startStranger(t)
  const free = await quietPort()

  await run('sh', ['-c', install], { cwd, env })
  const asked = (...ports) => ['-c', `${command.replace('3000', ports.join(' '))}`]
  const told = await run('sh', asked(port), { cwd, env })
  const json = await run('sh', asked(port, '--json'), { cwd, env })

  const [first] = told.stdout.split('\n')
  assert.equal(first, `${port}: pid ${pid}, ${program}`)
  const [{ process: record, ...holder }] = JSON.parse(json.stdout)
  assert.deepEqual([holder.port, holder.pid, record.path], [port, pid, program])
  // What the comment promises.
  const shape = first.replaceAll(/\d+(?=[:,])/g, 'N').replace(program, '/P')
  const [said, option, code] = comment.split('; ')
  assert.equal(said.replaceAll(/\d+(?=[:,])/g, 'N').replace(/\/.*/, '/P'), shape)
  assert.deepEqual([option, code], ['--json', 'exit code 1: nobody'])
  await assert.rejects(run('sh', asked(free), { cwd, env }), /: free\n/)
})
