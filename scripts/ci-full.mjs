// The long forms of what .ci/run does in a minute each: `npm run ci:full`, about two hours. Names on the
// command line select some of them. Each prints its figures. Checks without a long form (Miri, cargo
// deny) are complete in .ci/run.

import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..')

/** What to run, and with which environment. */
const FORMS = {
  faults: [test('storms/faults'), { FAULTS_PLACES: '1000' }],
  teardown: [test('calls/teardown'), { TEARDOWN_WORKERS: '500' }],
  churn: [test('storms/churn'), { CHURN_SECONDS: '600' }],
  soak: [test('storms/soak'), { SOAK_LOOKUPS: '1000000' }],
  sanitize: [[process.execPath, 'scripts/sanitize.mjs', '100000']],
  fuzz: [[process.execPath, 'scripts/fuzz.mjs', '600']]
}

function test(name) {
  return [process.execPath, 'scripts/test.mjs', '--test-reporter=spec', name]
}

const chosen = process.argv.slice(2)
const failed = []
for (const [name, [[command, ...args], env]] of Object.entries(FORMS)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue
  const options = {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit']
  }
  const begun = Date.now()
  const { status, error } = spawnSync(command, args, options)
  const minutes = ((Date.now() - begun) / 60_000).toFixed(1)
  console.log(
    `${name}: ${status === 0 ? 'held' : `FAILED (${error ?? status})`}, ${minutes} minutes`
  )
  if (status !== 0) failed.push(name)
}
if (failed.length > 0) {
  console.error(`Failed: ${failed.join(', ')}`)
  process.exit(1)
}
