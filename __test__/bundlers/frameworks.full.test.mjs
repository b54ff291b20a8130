// A server made by a framework that traces its files, Nitro and Next.js standalone, runs where nothing
// else is installed, with the very configuration of docs/bundlers.md.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { documentBlocks } from '../support/blocks.mjs'
import { quietPort } from '../support/holders.mjs'
import { temporaryFolder } from '../support/install.mjs'
import { installApp, run } from '../support/packed.mjs'

const block = documentBlocks('docs/bundlers.md')
const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1' }

const FRAMEWORKS = {
  'Next.js': {
    packages: ['next@16', 'react@19', 'react-dom@19'],
    files: {
      'next.config.js': block('js // next.config.js'),
      'app/layout.js': 'export default ({ children }) => children\n',
      'app/holder/route.js': `
        import { findPidByLocalTcpPort } from 'socket-owner'
        export const dynamic = 'force-dynamic'
        export const GET = async () =>
          Response.json(await findPidByLocalTcpPort(Number(process.env.PORT)))`
    },
    build: ['next', 'build'],
    built: '.next/standalone',
    server: 'server.js'
  },
  Nitro: {
    packages: ['nitropack@2'],
    files: {
      'nitro.config.mjs': "export default { compatibilityDate: '2025-01-01' }\n",
      'routes/holder.js': `
        import { findPidByLocalTcpPort } from 'socket-owner'
        export default defineEventHandler(() => findPidByLocalTcpPort(Number(process.env.PORT)))`
    },
    build: ['nitropack', 'build'],
    built: '.output',
    server: 'server/index.mjs'
  }
}

/** Starts the server elsewhere, and returns what it says of itself. */
async function ask(t, folder, server) {
  const port = await quietPort()
  const settings = { ...env, PORT: String(port), HOSTNAME: '127.0.0.1', HOST: '127.0.0.1' }
  const stdio = ['ignore', 'pipe', 'inherit']
  const child = spawn(process.execPath, [server], { cwd: folder, env: settings, stdio })
  t.after(() => child.kill('SIGKILL'))
  for await (const line of createInterface({ input: child.stdout })) {
    if (/Listening|Ready/.test(line)) break
  }
  child.stdout.resume()
  const answer = await fetch(`http://127.0.0.1:${port}/holder`)
  return { pid: child.pid, told: await answer.json() }
}

for (const [name, { packages, files, build, built, server }] of Object.entries(FRAMEWORKS)) {
  test(name, async (t) => {
    const app = await installApp(t, { packages, files })
    const [program, ...args] = build
    await run(path.join(app, 'node_modules', '.bin', program), args, { cwd: app, env })
    const elsewhere = path.join(temporaryFolder(t), 'server')
    fs.cpSync(path.join(app, built), elsewhere, { recursive: true, verbatimSymlinks: true })
    fs.rmSync(app, { recursive: true })

    const { pid, told } = await ask(t, elsewhere, server)

    assert.equal(told, pid)
  })
}
