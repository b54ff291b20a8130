// The packed package in Deno, and which permissions it needs there.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { installApp, run } from '../support/packed.mjs'
import { smokeFiles, startStranger } from '../support/stranger.mjs'

const lookUp = `
  import { findPidByLocalTcpPort } from 'socket-owner'
  await findPidByLocalTcpPort(Number(process.argv[2])).then(console.log, (e) => console.log(e.code))`

async function installDeno(t) {
  const files = { ...smokeFiles, 'lookup.mjs': lookUp }
  const folder = await installApp(t, { packages: ['deno@2'], files })
  const packages = path.join(folder, 'node_modules', '@deno')
  const deno = path.join(packages, fs.readdirSync(packages).sort()[0], 'deno')
  return { folder, deno }
}

test('Deno', async (t) => {
  const { folder, deno } = await installDeno(t)
  const stranger = await startStranger(t)
  const args = ['run', '--no-prompt', '--no-lock']

  const all = [...args, '-A', 'run.mjs', JSON.stringify(stranger)]
  const { stdout } = await run(deno, all, { cwd: folder })
  assert.match(stdout, /^passed on v\d+\S* 2\./)

  const port = String(stranger.port)
  const enough = [...args, '--allow-ffi', '--allow-read', '--allow-env', 'lookup.mjs', port]
  const permitted = await run(deno, enough, { cwd: folder })
  assert.equal(permitted.stdout, `${process.pid}\n`)

  const without = [...args, '--allow-read', '--allow-env', 'lookup.mjs', port]
  const refused = await run(deno, without, { cwd: folder })
  assert.equal(refused.stdout, 'ERR_BINARY_LOAD\n')
})
