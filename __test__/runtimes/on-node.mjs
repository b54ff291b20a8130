// The packed package on one Node, as npm has it for this machine.

import assert from 'node:assert/strict'
import path from 'node:path'
import { test } from 'node:test'
import { installApp, run } from '../support/packed.mjs'
import { smokeFiles, startStranger } from '../support/stranger.mjs'

export function onNode(major) {
  test(`Node ${major}`, async (t) => {
    const runtime = `node-${process.platform}-${process.arch}`
    const folder = await installApp(t, { packages: [`${runtime}@${major}`], files: smokeFiles })
    const node = path.join(folder, 'node_modules', runtime, 'bin', 'node')

    const stranger = JSON.stringify(await startStranger(t))
    const { stdout, stderr } = await run(node, ['run.mjs', stranger], { cwd: folder })

    assert.match(stdout, new RegExp(`^passed on v${major}\\.`))
    assert.equal(stderr, '')
  })
}
