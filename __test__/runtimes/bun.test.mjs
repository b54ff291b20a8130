// The packed package in Bun.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { installApp, run } from '../support/packed.mjs'
import { smokeFiles, startStranger } from '../support/stranger.mjs'

test('Bun', async (t) => {
  const folder = await installApp(t, { packages: ['bun@1'], files: smokeFiles })
  // The script that would link the binary does not run here; npm chose the package for this machine.
  const packages = path.join(folder, 'node_modules', '@oven')
  const bun = path.join(packages, fs.readdirSync(packages).sort()[0], 'bin', 'bun')

  const stranger = JSON.stringify(await startStranger(t))
  const { stdout } = await run(bun, ['run.mjs', stranger], { cwd: folder })

  assert.match(stdout, /^passed on v\d+\S* 1\./)
})
