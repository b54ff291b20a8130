// What is published: the files, the versions, the platforms, and nothing that runs at installation.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import binding from '../../lib/binding.js'
import { root } from '../support/install.mjs'
import { run } from '../support/packed.mjs'

const read = (...names) => fs.readFileSync(path.join(root, ...names), 'utf8')
const readJson = (...names) => JSON.parse(read(...names))
const main = readJson('package.json')

/** What each binary package says it is for. Those of macOS and Windows name no CPU: each gets both. */
const PLATFORMS = {
  'darwin-arm64': { os: ['darwin'] },
  'darwin-x64': { os: ['darwin'] },
  'linux-arm64-gnu': { os: ['linux'], cpu: ['arm64'], libc: ['glibc'] },
  'linux-arm64-musl': { os: ['linux'], cpu: ['arm64'], libc: ['musl'] },
  'linux-x64-gnu': { os: ['linux'], cpu: ['x64'], libc: ['glibc'] },
  'linux-x64-musl': { os: ['linux'], cpu: ['x64'], libc: ['musl'] },
  'win32-arm64': { os: ['win32'] },
  'win32-x64': { os: ['win32'] }
}

test('the tarball holds the front, its typings and its licence, nothing else', async () => {
  const { stdout } = await run('npm', ['pack', '--dry-run', '--json'], { cwd: root })

  const packed = JSON.parse(stdout)
  const [{ files }] = Array.isArray(packed) ? packed : Object.values(packed)
  const bin = fs.readdirSync(path.join(root, 'bin')).map((name) => `bin/${name}`)
  const lib = fs.readdirSync(path.join(root, 'lib')).map((name) => `lib/${name}`)
  assert.deepEqual(
    files.map((file) => file.path).sort(),
    [
      ...bin,
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'index.d.ts',
      'index.js',
      'package.json',
      ...lib
    ].sort()
  )
})

test('every version is the same', () => {
  const [, cargo] = read('Cargo.toml').match(/^version = "(.+)"/m)
  const [, changelog] = read('CHANGELOG.md').match(/^## \[(\d.+?)\]/m)
  const lock = readJson('package-lock.json')
  const versions = {
    cargo,
    changelog,
    lock: lock.version,
    lockRoot: lock.packages[''].version,
    ...Object.fromEntries(
      Object.keys(PLATFORMS).map((tag) => [tag, readJson('npm', tag, 'package.json').version])
    )
  }

  for (const [where, version] of Object.entries(versions)) {
    assert.equal(version, main.version, where)
  }
})

test('the packages and the loader know the same platforms', () => {
  assert.deepEqual(fs.readdirSync(path.join(root, 'npm')).sort(), Object.keys(PLATFORMS))
  assert.deepEqual(binding.TAGS, Object.keys(PLATFORMS))
})

for (const [tag, platform] of Object.entries(PLATFORMS)) {
  test(`the package for ${tag} is one binary, for that platform`, async () => {
    const manifest = readJson('npm', tag, 'package.json')
    const { description, ...rest } = manifest

    assert.equal(typeof description, 'string')
    assert.deepEqual(rest, {
      name: `socket-owner-${tag}`,
      version: main.version,
      license: main.license,
      repository: { ...main.repository, directory: `npm/${tag}` },
      engines: main.engines,
      ...platform,
      main: `socket-owner.${tag}.node`,
      files: [`socket-owner.${tag}.node`]
    })
    assert.ok(read('npm', tag, 'README.md').startsWith(`# socket-owner-${tag}\n`))
  })
}

test('nothing runs at installation, nothing is depended on', () => {
  for (const name of ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish']) {
    assert.equal(main.scripts[name], undefined)
  }
  for (const name of ['dependencies', 'optionalDependencies', 'peerDependencies']) {
    assert.equal(main[name], undefined)
  }
})

test('the lock file names no registry and has a version for every platform', () => {
  const { '': _, ...locked } = readJson('package-lock.json').packages

  assert.doesNotMatch(read('package-lock.json'), /"resolved"/)
  // Where a registry lacked one, npm writes an entry without a version and `npm ci` fails.
  for (const [name, { version }] of Object.entries(locked))
    assert.notEqual(version, undefined, name)
})

for (const [name, program, options] of [
  ['publint', 'publint/src/cli.js', ['--strict']],
  ['attw', '@arethetypeswrong/cli/dist/index.js', ['--pack', '.']]
]) {
  test(`${name} finds nothing wrong`, async () => {
    const file = path.join(root, 'node_modules', program)
    await run(process.execPath, [file, ...options], { cwd: root })
  })
}
