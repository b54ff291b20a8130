// A version that is younger than the package manager wants it: what a newcomer meets on the day of a
// release, and that the line in docs/limits.md helps.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { root } from '../support/install.mjs'
import { run } from '../support/packed.mjs'
import { emptyApp, installed, startRegistry, version } from './registry.mjs'

const execute = promisify(execFile)
const program = fs.readFileSync(path.join(root, '__test__', 'registry', 'ask.cjs'))
/** The registry is for all tests here, so it goes after the last. */
const ends = []

let registry

before(async () => {
  registry = await startRegistry({ after: (end) => ends.unshift(end) })
})

after(() => {
  for (const end of ends) end()
})

/** How each is told to want a day, and what it needs besides to install from a registry here. */
const MANAGERS = {
  npm: { wish: 'min-release-age=1\n', add: ['npm', 'install'] },
  pnpm: { wish: 'minimumReleaseAge: 1440\n', add: ['pnpm', 'add'] },
  yarn: { wish: 'nodeLinker: node-modules\n', add: ['yarn', 'add'] }
}

const documented = fs
  .readFileSync(path.join(root, 'docs', 'limits.md'), 'utf8')
  .split('## On the day of a release')[1]
const rows = [...documented.matchAll(/^\| (\w+).*? \| (`[A-Z].*`) \| `(\S+)` \| `(.+)` \|$/gm)].map(
  ([, manager, codes, configuration, line]) => ({
    manager,
    codes: codes.match(/\w+/g),
    configuration,
    line
  })
)

/** An app whose manager wants a day, and has the line in its configuration. */
function appOf(t, { manager, configuration }, line) {
  const files = {
    'ask.cjs': program,
    // pnpm takes its registry from here.
    '.npmrc': `registry=${registry.url}\n`,
    // Else yarn looks for a project in the folders above.
    ...(manager === 'yarn' ? { 'yarn.lock': '' } : {})
  }
  files[configuration] = `${files[configuration] ?? ''}${MANAGERS[manager].wish}${line}\n`
  return emptyApp(t, files)
}

async function add(folder, { manager }, name = 'socket-owner') {
  const [command, ...args] = [...MANAGERS[manager].add, name]
  return execute(command, args, { cwd: folder, env: registry.env })
}

async function told(folder) {
  const options = { cwd: folder, env: registry.env }
  const { stdout } = await run(process.execPath, ['ask.cjs'], options)
  return JSON.parse(stdout)
}

test('the page tells of each manager', () => {
  assert.deepEqual(
    rows.map(({ manager }) => manager),
    Object.keys(MANAGERS)
  )
})

for (const row of rows) {
  test(`${row.manager} refuses with ${row.codes.join(' or ')}, and installs with the line`, async (t) => {
    const names = ['socket-owner', `socket-owner@${version}`].slice(0, row.codes.length)
    for (const [i, name] of names.entries()) {
      await assert.rejects(add(appOf(t, row, ''), row, name), ({ stdout, stderr }) => {
        assert.match(stdout + stderr, new RegExp(`\\b${row.codes[i]}\\b`))
        return true
      })
    }

    const folder = appOf(t, row, row.line)
    await add(folder, row)
    assert.deepEqual(installed(folder), ['socket-owner', 'socket-owner-linux-x64-gnu'])
    const answer = await told(folder)
    assert.equal(answer.told[0], answer.pid)
  })
}

test('npm with an exception for the main package alone leaves the binary out, as the page says', async (t) => {
  const [npm] = rows
  assert.match(npm.line, /=socket-owner\*$/)
  const folder = appOf(t, npm, npm.line.replace('*', ''))
  await add(folder, npm)
  assert.deepEqual(installed(folder), ['socket-owner'])
  assert.equal((await told(folder)).told[0][0], 'ERR_BINARY_MISSING')
})

test('pnpm as it comes installs it, and writes down that it was young', async (t) => {
  const folder = emptyApp(t, { 'ask.cjs': program, '.npmrc': `registry=${registry.url}\n` })
  await add(folder, { manager: 'pnpm' })
  assert.deepEqual(installed(folder), ['socket-owner', 'socket-owner-linux-x64-gnu'])
  const written = fs.readFileSync(path.join(folder, 'pnpm-workspace.yaml'), 'utf8')
  assert.match(written, /^minimumReleaseAgeExclude:\n(.*\n)*? {2}- socket-owner@/m)
})
