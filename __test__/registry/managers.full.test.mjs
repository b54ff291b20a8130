// Installed from a registry by the managers that put packages elsewhere than npm does, or run them in a
// runtime of their own: Yarn without node_modules, Bun, Deno. And here by lock files that were made on a
// Mac, by all but npm, whose are in install.test.mjs.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { installOnce } from '../../scripts/lib/registry-tools.mjs'
import { root } from '../support/install.mjs'
import { run } from '../support/packed.mjs'
import {
  assertAnswers,
  documentedTags,
  documentedYaml,
  emptyApp,
  installed,
  startRegistry,
  target
} from './registry.mjs'

const tools = path.join(target, 'managers')
const program = fs.readFileSync(path.join(root, '__test__', 'registry', 'ask.cjs'))
const here = 'linux-x64-gnu'
const mac = ['darwin-arm64', 'darwin-x64']
const windows = ['win32-arm64', 'win32-x64']
const namesOf = (tags) => tags.map((tag) => `socket-owner-${tag}`)
const youngYarn = 'npmMinimalAgeGate: 0\n'
/** The registry is for all tests here, so it goes after the last. */
const ends = []

let registry
let bun
let deno

before(async () => {
  installOnce(tools, { dependencies: { bun: '^1.4.5', deno: '^2.9.6' } })
  bun = programOf('@oven', 'bin', 'bun')
  deno = programOf('@deno', 'deno')
  registry = await startRegistry({ after: (end) => ends.unshift(end) })
})

after(() => {
  for (const end of ends) end()
})

/** The program in the package that npm chose for this machine. */
function programOf(scope, ...below) {
  const folder = path.join(tools, 'node_modules', scope)
  return path.join(folder, fs.readdirSync(folder).sort()[0], ...below)
}

/** An app in which a manager has done what `command` says. */
async function app(t, command, files = {}) {
  const all = { 'ask.cjs': program, '.npmrc': `registry=${registry.url}\n`, ...files }
  const folder = emptyApp(t, all)
  const [name, ...args] = command
  await run(name, args, { cwd: folder, env: registry.env })
  return folder
}

function assertArrived(folder, tags) {
  assert.deepEqual(installed(folder), ['socket-owner', ...namesOf(tags)])
}

for (const [what, yaml, tagsOf] of [
  ['this host alone', () => '', () => [here]],
  ['what docs/electron.md says', documentedYaml, documentedTags]
]) {
  test(`yarn add without node_modules: ${what}, with each binary as a file`, async (t) => {
    // Else it looks for a project in the folders above.
    const files = { 'yarn.lock': '', '.yarnrc.yml': `${youngYarn}${yaml()}` }
    const folder = await app(t, ['yarn', 'add', 'socket-owner'], files)

    assert.ok(!fs.existsSync(path.join(folder, 'node_modules')))
    const unplugged = fs.readdirSync(path.join(folder, '.yarn', 'unplugged'))
    const names = unplugged.map((name) => name.replace(/-npm-.*/, '')).sort()
    assert.deepEqual(names, namesOf(tagsOf()))
    await assertAnswers(folder, here, registry.env, ['yarn', 'node'], process.execPath)
  })
}

test('bun add: this host alone, and it answers in Bun and in Node', async (t) => {
  const folder = await app(t, [bun, 'add', 'socket-owner'])

  assertArrived(folder, [here])
  await assertAnswers(folder, here, registry.env, [bun])
  await assertAnswers(folder, here, registry.env)
})

for (const [os, tags] of Object.entries({ darwin: mac, win32: windows })) {
  test(`bun add --os=${os}: both of that system`, async (t) => {
    assertArrived(await app(t, [bun, 'add', `--os=${os}`, '--cpu=arm64', 'socket-owner']), tags)
  })
}

test('deno add: it answers in Deno and in Node', async (t) => {
  const young = '--minimum-dependency-age=0'
  const folder = await app(t, [deno, 'add', young, 'npm:socket-owner'])

  await assertAnswers(folder, here, registry.env, [deno, 'run', '-A'], deno)
  await assertAnswers(folder, here, registry.env)
})

const supported = 'supportedArchitectures:\n  os: [darwin]\n  cpu: [arm64]\n'
const plainYarn = `${youngYarn}nodeLinker: node-modules\n`
const LOCKED = {
  pnpm: {
    elsewhere: { 'pnpm-workspace.yaml': supported },
    add: ['pnpm', 'add', 'socket-owner'],
    lock: 'pnpm-lock.yaml',
    install: ['pnpm', 'install', '--frozen-lockfile'],
    // It reads the CPU off the name, as docs/electron.md says.
    brought: ['darwin-arm64']
  },
  yarn: {
    elsewhere: { 'yarn.lock': '', '.yarnrc.yml': `${plainYarn}${supported}` },
    add: ['yarn', 'add', 'socket-owner'],
    lock: 'yarn.lock',
    install: ['yarn', 'install', '--immutable'],
    here: { '.yarnrc.yml': plainYarn }
  },
  bun: {
    add: () => [bun, 'add', '--os=darwin', '--cpu=arm64', 'socket-owner'],
    lock: 'bun.lock',
    install: () => [bun, 'install', '--frozen-lockfile']
  }
}
/** Where Bun lies is known only later. */
const commandOf = (command) => (typeof command === 'function' ? command() : command)

for (const [manager, locked] of Object.entries(LOCKED)) {
  test(`${manager} here, by a lock file that was made for a Mac`, async (t) => {
    const made = await app(t, commandOf(locked.add), locked.elsewhere)
    assertArrived(made, locked.brought ?? mac)
    const read = (name) => fs.readFileSync(path.join(made, name))
    const kept = { 'package.json': read('package.json'), [locked.lock]: read(locked.lock) }

    const folder = await app(t, commandOf(locked.install), { ...locked.here, ...kept })

    assertArrived(folder, [here])
    await assertAnswers(folder, here, registry.env)
  })
}
