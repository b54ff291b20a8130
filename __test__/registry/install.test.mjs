// Installed from a registry by npm and pnpm, for this system and others: exactly the packages that
// belong there arrive, and what has arrived compiles, loads and answers, or says what is wrong.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { muslNode } from '../../scripts/lib/musl-node.mjs'
import { root } from '../support/install.mjs'
import { run } from '../support/packed.mjs'
import {
  arm64Node,
  assertAnswers,
  assertMacAnswers,
  assertWindowsAnswers,
  documentedTags,
  documentedYaml,
  emptyApp,
  installed,
  realTags,
  startRegistry,
  tags,
  version
} from './registry.mjs'

const isCore = Boolean(process.env.REGISTRY_CORE)
const here = path.join(root, '__test__', 'registry')
/** The registry and the folders are for all tests here, so they go after the last. */
const ends = []
const file = { after: (end) => ends.unshift(end) }
const programs = { 'ask.cjs': fs.readFileSync(path.join(here, 'ask.cjs')) }
const typings = Object.fromEntries(
  ['usage.mts', 'usage.cts'].map((name) => [
    name,
    fs.readFileSync(path.join(root, '__test__', 'repo', 'typings', name))
  ])
)
const mac = ['darwin-arm64', 'darwin-x64']
const windows = ['win32-arm64', 'win32-x64']

let registry
const folders = []

before(async () => {
  registry = await startRegistry(file)
})

after(() => {
  for (const end of ends) end()
})

/** An app of this file, in which `npm` has done what `args` say. */
async function npm(args, files = {}) {
  const folder = emptyApp(file, { ...programs, ...typings, ...files })
  await inside(folder, 'npm', ...args)
  folders.push(folder)
  return folder
}

/** The same by pnpm, whose registry is named in the folder. */
async function pnpm(workspace = '') {
  const files = { '.npmrc': `registry=${registry.url}\n`, 'pnpm-workspace.yaml': workspace }
  const folder = emptyApp(file, { ...programs, ...typings, ...files })
  await inside(folder, 'pnpm', 'add', 'socket-owner')
  folders.push(folder)
  return folder
}

function inside(folder, command, ...args) {
  return run(command, args, { cwd: folder, env: registry.env })
}

/** Nothing else may have come, and each binary is the one that was published. */
function assertArrived(folder, wanted) {
  const names = wanted.map((tag) => `socket-owner-${tag}`)
  assert.deepEqual(installed(folder), ['socket-owner', ...names].sort())
  for (const tag of wanted) {
    const name = path.join(`socket-owner-${tag}`, `socket-owner.${tag}.node`)
    const store = path.join('.pnpm', `socket-owner-${tag}@${version}`, 'node_modules')
    const places = ['', store].map((place) => path.join(folder, 'node_modules', place, name))
    const place = places.find((each) => fs.existsSync(each))
    assert.deepEqual(fs.readFileSync(place ?? name), registry.binary(tag))
  }
}

/** On `system` the package loads and each of its calls is refused alike. */
async function assertRefuses(folder, system, code, message) {
  const [platform, arch] = system.split('-')
  const fake = `for (const [name, value] of Object.entries(${JSON.stringify({ platform, arch })}))
    Object.defineProperty(process, name, { value })`
  fs.writeFileSync(path.join(folder, 'system.cjs'), fake)
  const args = ['--require', './system.cjs', 'ask.cjs']
  const { stdout } = await inside(folder, process.execPath, ...args)
  const { told } = JSON.parse(stdout)
  assert.equal(told.length, 4)
  for (const refusal of told) {
    assert.equal(refusal[0], code)
    assert.match(refusal[1], message)
  }
}

/** What a system without its package says: which one is not there, and whose are. */
const MISSING = 'socket-owner needs the package socket-owner-linux-x64-gnu, which is not installed'
const omitted = new RegExp(`^${MISSING}\\..*--omit=optional`)
const hasOthers = (...there) =>
  new RegExp(
    `^${MISSING}\\. node_modules has socket-owner-${there.join(' and socket-owner-')} instead, so `
  )

test('all nine are published without a warning, the main one last', () => {
  const published = [...registry.said.matchAll(/^\+ (\S+)@(\S+)$/gm)]
  const names = [...tags.map((tag) => `socket-owner-${tag}`), 'socket-owner']
  assert.deepEqual(
    published.map(([, name, number]) => `${name}@${number}`),
    names.map((name) => `${name}@${version}`)
  )
  assert.doesNotMatch(registry.said, /warn/i)
  assert.deepEqual(realTags, isCore ? [...mac, 'linux-x64-gnu'] : tags)
})

test('the published manifest names each binary package in exactly its version', async () => {
  const answer = await fetch(`${registry.url}socket-owner/${version}`)
  const { optionalDependencies, bin, dependencies, scripts } = await answer.json()
  assert.deepEqual(
    optionalDependencies,
    Object.fromEntries(tags.map((tag) => [`socket-owner-${tag}`, version]))
  )
  assert.deepEqual(bin, { 'socket-owner': 'bin/socket-owner.js' })
  assert.equal(dependencies, undefined)
  const atInstall = /^(pre|post)?(install|prepare|publish)/
  assert.deepEqual(
    Object.keys(scripts).filter((name) => atInstall.test(name)),
    []
  )
})

for (const flags of [[], ['--cpu=x64']]) {
  test(`npm install ${flags.join(' ') || 'without flags'}: this host's`, async () => {
    const folder = await npm(['install', ...flags, 'socket-owner'])
    assertArrived(folder, ['linux-x64-gnu'])
    await assertAnswers(folder, 'linux-x64-gnu', registry.env)
    const { stdout } = await inside(folder, 'npx', '--no', '--', 'socket-owner', '--version')
    assert.equal(stdout.trim(), version)
  })
}

for (const cpu of ['arm64', 'x64']) {
  test(`npm install --os=darwin --cpu=${cpu}: both of a Mac`, async () => {
    const folder = await npm(['install', '--os=darwin', `--cpu=${cpu}`, 'socket-owner'])
    assertArrived(folder, mac)
    await assertMacAnswers(folder, cpu, registry.env)
    await assertRefuses(folder, 'linux-x64', 'ERR_BINARY_MISSING', hasOthers(...mac))
  })

  test(`npm install --os=win32 --cpu=${cpu}: both of Windows`, async () => {
    const folder = await npm(['install', '--os=win32', `--cpu=${cpu}`, 'socket-owner'])
    assertArrived(folder, windows)
    await assertRefuses(folder, 'linux-x64', 'ERR_BINARY_MISSING', hasOthers(...windows))
    if (!isCore) await assertWindowsAnswers(folder)
  })
}

test('a 32-bit Windows has none, and a call says that there is none', async () => {
  const folder = await npm(['install', '--os=win32', '--cpu=ia32', 'socket-owner'])
  assertArrived(folder, windows)
  const message =
    /^socket-owner has no back end for win32-ia32\. It works on macOS, Linux and Windows/
  await assertRefuses(folder, 'win32-ia32', 'ERR_UNSUPPORTED_PLATFORM', message)
})

test('npm install --libc=musl: the one for musl', async () => {
  const folder = await npm(['install', '--libc=musl', 'socket-owner'])
  assertArrived(folder, ['linux-x64-musl'])
  await assertRefuses(folder, 'linux-x64', 'ERR_BINARY_MISSING', hasOthers('linux-x64-musl'))
  if (!isCore) await assertAnswers(folder, 'linux-x64-musl', registry.env, muslNode('x64'))
})

test('pnpm add for both C libraries: each Node takes the binary of its own', async () => {
  const folder = await pnpm('supportedArchitectures:\n  libc: [glibc, musl]\n')
  assertArrived(folder, ['linux-x64-gnu', 'linux-x64-musl'])
  await assertAnswers(folder, 'linux-x64-gnu', registry.env)
  if (!isCore) await assertAnswers(folder, 'linux-x64-musl', registry.env, muslNode('x64'))
})

async function assertMuslIsTold() {
  const folder = await npm(['install', 'socket-owner'])
  const { stdout } = await inside(folder, ...muslNode('x64'), 'ask.cjs')
  const message =
    'socket-owner needs the package socket-owner-linux-x64-musl, which is not installed. ' +
    'node_modules has socket-owner-linux-x64-gnu instead, so it came from another system'
  for (const [code, text] of JSON.parse(stdout).told) {
    assert.equal(code, 'ERR_BINARY_MISSING')
    assert.ok(text.startsWith(message), text)
  }
}

// Not skipped in the short form, but not there: it has no Node with musl.
if (!isCore) test("a container with musl that has this host's folder is told so", assertMuslIsTold)

test('npm install --cpu=arm64: the one for Linux on arm64', async () => {
  const folder = await npm(['install', '--cpu=arm64', 'socket-owner'])
  assertArrived(folder, ['linux-arm64-gnu'])
  await assertRefuses(folder, 'linux-x64', 'ERR_BINARY_MISSING', hasOthers('linux-arm64-gnu'))
  if (!isCore) await assertAnswers(folder, 'linux-arm64-gnu', registry.env, arm64Node())
})

test('npm install --cpu=arm64 --libc=musl: the one for musl on arm64', async () => {
  const folder = await npm(['install', '--cpu=arm64', '--libc=musl', 'socket-owner'])
  assertArrived(folder, ['linux-arm64-musl'])
  if (!isCore) await assertAnswers(folder, 'linux-arm64-musl', registry.env, muslNode('arm64'))
})

test('npm install --omit=optional: none, and the error has the cure', async () => {
  const folder = await npm(['install', '--omit=optional', 'socket-owner'])
  assertArrived(folder, [])
  await assertRefuses(folder, 'linux-x64', 'ERR_BINARY_MISSING', omitted)
  const [, cure] = (await refusal(folder)).match(/: npm (install \S+@\S+)\.$/)
  await inside(folder, 'npm', ...cure.split(' '))
  assertArrived(folder, ['linux-x64-gnu'])
  await assertAnswers(folder, 'linux-x64-gnu', registry.env)
})

async function refusal(folder) {
  const { stdout } = await inside(folder, process.execPath, 'ask.cjs')
  return JSON.parse(stdout).told[0][1]
}

const others = {
  'a Mac': ['--os=darwin', '--cpu=arm64'],
  Windows: ['--os=win32', '--cpu=x64'],
  'no optional packages': ['--omit=optional']
}
for (const [system, flags] of Object.entries(others)) {
  test(`npm ci here, by a lock file that was made for ${system}`, async () => {
    const made = await npm(['install', ...flags, 'socket-owner'])
    const files = Object.fromEntries(
      ['package.json', 'package-lock.json'].map((name) => [
        name,
        fs.readFileSync(path.join(made, name))
      ])
    )
    const folder = await npm(['ci'], files)
    assertArrived(folder, ['linux-x64-gnu'])
    await assertAnswers(folder, 'linux-x64-gnu', registry.env)
    await inside(folder, 'npm', 'ci', '--os=darwin', '--cpu=arm64')
    assertArrived(folder, mac)
  })
}

test('pnpm add: this host alone; with supportedArchitectures what docs/electron.md says', async () => {
  const folder = await pnpm()
  assertArrived(folder, ['linux-x64-gnu'])
  await assertAnswers(folder, 'linux-x64-gnu', registry.env)

  const more = await pnpm(documentedYaml())
  assertArrived(more, documentedTags())
  await assertAnswers(more, 'linux-x64-gnu', registry.env)
  const cpus = isCore ? ['x64'] : ['x64', 'arm64']
  for (const cpu of cpus) await assertMacAnswers(more, cpu, registry.env)
})

test('yarn add: the same, where docs/electron.md says', async () => {
  const yaml = documentedYaml()
  const files = {
    '.yarnrc.yml': `nodeLinker: node-modules\nnpmMinimalAgeGate: 0\n${yaml}`,
    // Else it looks for a project in the folders above.
    'yarn.lock': ''
  }
  const folder = emptyApp(file, { ...programs, ...typings, ...files })
  await inside(folder, 'yarn', 'add', 'socket-owner')
  folders.push(folder)
  assertArrived(folder, documentedTags())
  await assertAnswers(folder, 'linux-x64-gnu', registry.env)
})

// One compilation for all: what takes long is Node's own typings.
test('the package compiles in every folder that it was installed in', async () => {
  assert.equal(folders.length, isCore ? 21 : 22)
  const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const options = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2022']
  const types = ['--types', 'node', '--typeRoots', path.join(root, 'node_modules', '@types')]
  const usages = folders.flatMap((folder) => Object.keys(typings).map((n) => path.join(folder, n)))
  const args = [tsc, ...options, '--module', 'nodenext', ...types, '--listFiles', ...usages]
  const { stdout } = await run(process.execPath, args, { cwd: root })
  const read = stdout.split('\n').filter((name) => /socket-owner\/index\.d\.ts$/.test(name))
  assert.equal(new Set(read).size, folders.length)
  for (const name of read) assert.ok(!name.startsWith(root), name)
})
