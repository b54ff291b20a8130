// examples/electron with the package from a registry, packed by electron-builder for macOS, Linux and
// Windows, each for x64 and arm64, with a stand-in for Electron's own files: the right binaries lie beside the
// archive, and are loaded from there.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { installOnce } from '../../scripts/lib/registry-tools.mjs'
import { root, temporaryFolder } from '../support/install.mjs'
import { run } from '../support/packed.mjs'
import {
  arm64Node,
  assertAnswers,
  assertMacAnswers,
  assertWindowsAnswers,
  startRegistry,
  target,
  version
} from './registry.mjs'
import { writeElectron } from './stand-in-dist.mjs'

const tools = path.join(target, 'electron-builder')
const require = createRequire(path.join(tools, 'x.js'))
const mac = ['darwin-arm64', 'darwin-x64']
const windows = ['win32-arm64', 'win32-x64']
const documented = fs.readFileSync(path.join(root, 'docs', 'electron.md'), 'utf8')
/** The registry is for all tests here, so it goes after the last. */
const ends = []
const file = { after: (end) => ends.unshift(end) }

let registry
let electron

before(async () => {
  installOnce(tools, { dependencies: { 'electron-builder': '^26.17.0' } })
  registry = await startRegistry(file)
  electron = temporaryFolder(file)
  writeElectron(electron)
})

after(() => {
  for (const end of ends) end()
})

/** The example as its developer has it, installed by `command`. */
async function app(t, command, files = {}) {
  const folder = temporaryFolder(t)
  const isSource = (name) => !/[\\/](node_modules|dist|package-lock\.json)$/.test(name)
  const example = path.join(root, 'examples', 'electron')
  fs.cpSync(example, folder, { recursive: true, filter: isSource })
  // Electron and electron-builder are not in this registry.
  const { devDependencies, ...manifest } = JSON.parse(
    fs.readFileSync(path.join(folder, 'package.json'), 'utf8')
  )
  assert.deepEqual(Object.keys(devDependencies), ['electron', 'electron-builder'])
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest))
  for (const [name, text] of Object.entries(files)) {
    fs.writeFileSync(path.join(folder, name), text)
  }
  await inside(folder, ...command)
  return folder
}

function inside(folder, command, ...args) {
  return run(command, args, { cwd: folder, env: registry.env })
}

async function build(folder, ...targets) {
  const builder = path.join(tools, 'node_modules', 'electron-builder', 'cli.js')
  const standIn = ['-c.electronVersion=45.4.1', `-c.electronDist=${electron}`]
  const args = [builder, '--projectDir', folder, ...targets, '--publish', 'never', ...standIn]
  const { stdout, stderr } = await inside(folder, process.execPath, ...args)
  return stdout + stderr
}

const resources = {
  'darwin-x64': 'dist/mac/Live Requests.app/Contents/Resources',
  'darwin-arm64': 'dist/mac-arm64/Live Requests.app/Contents/Resources',
  'linux-x64': 'dist/linux-unpacked/resources',
  'linux-arm64': 'dist/linux-arm64-unpacked/resources',
  'win32-x64': 'dist/win-unpacked/resources',
  'win32-arm64': 'dist/win-arm64-unpacked/resources'
}

/**
 * Fails unless just these binaries lie beside the archive and nowhere else. Gives a folder in which
 * Node finds the app's files as Electron does: those in the archive, and links to those beside it.
 */
function takeApart(place, tags) {
  const asar = require('@electron/asar')
  const archive = path.join(place, 'app.asar')
  const beside = `${archive}.unpacked`
  // It remembers what was under a name.
  asar.uncache(archive)
  const files = asar.listPackage(archive, {}).map((name) => name.slice(1))
  const binaries = files.filter((name) => name.endsWith('.node')).sort()
  const wanted = tags.map((tag) => `node_modules/socket-owner-${tag}/socket-owner.${tag}.node`)
  assert.deepEqual(binaries, wanted.toSorted())
  for (const [i, name] of wanted.entries()) {
    assert.equal(asar.statFile(archive, name).unpacked, true)
    assert.ok(fs.readFileSync(path.join(beside, name)).equals(registry.binary(tags[i])), name)
  }
  assert.ok(files.includes('node_modules/socket-owner/index.js'))
  assert.ok(!fs.existsSync(path.join(beside, 'node_modules', 'socket-owner')))
  const apart = path.join(place, 'apart')
  asar.extractAll(archive, apart)
  for (const name of files) {
    const there = path.join(beside, name)
    if (!fs.existsSync(there) || fs.statSync(there).isDirectory()) continue
    fs.rmSync(path.join(apart, name))
    fs.symlinkSync(there, path.join(apart, name))
  }
  fs.copyFileSync(path.join(root, '__test__/registry/ask.cjs'), path.join(apart, 'ask.cjs'))
  return apart
}

/** The app's binary for that system answers, and it is the file beside the archive. */
async function assertLoads(folder, system, tags) {
  const place = path.join(folder, resources[system])
  const apart = takeApart(place, tags)
  const [platform, cpu] = system.split('-')
  const { env } = registry
  const node = cpu === process.arch ? [process.execPath] : arm64Node()
  const loaded =
    platform === 'darwin'
      ? await assertMacAnswers(apart, cpu, env)
      : await assertAnswers(apart, `${system}-gnu`, env, node)
  const beside = path.join(place, 'app.asar.unpacked', 'node_modules')
  assert.ok(loaded.startsWith(`${fs.realpathSync(beside)}${path.sep}`), loaded)
}

test('macOS: both binaries are in the app for each CPU, and the universal one', async (t) => {
  const folder = await app(t, ['npm', 'install', '--os=darwin', '--cpu=arm64'])
  await build(folder, '--mac', 'dir', '--x64', '--arm64')
  await assertUniversal(t, folder)
  for (const system of mac) await assertLoads(folder, system, mac)
})

/** By the line in electron-builder.yml and not without it. What makes it looks for macOS first. */
async function assertUniversal(t, folder) {
  const text = fs.readFileSync(path.join(folder, 'electron-builder.yml'), 'utf8')
  const { x64ArchFiles } = require('js-yaml').load(text).mac
  const made = path.join(temporaryFolder(t), 'Live Requests.app')
  const options = {
    x64AppPath: path.join(folder, 'dist/mac/Live Requests.app'),
    arm64AppPath: path.join(folder, 'dist/mac-arm64/Live Requests.app'),
    outAppPath: made,
    mergeASARs: true
  }
  const builder = createRequire(require.resolve('app-builder-lib/package.json'))
  const universal = pathToFileURL(builder.resolve('@electron/universal')).href
  const program = `
    Object.defineProperty(process, 'platform', { value: 'darwin' })
    import(process.argv[1]).then(({ makeUniversalApp }) => makeUniversalApp(JSON.parse(process.argv[2])))`
  const make = (chosen) =>
    inside(folder, process.execPath, '--eval', program, universal, JSON.stringify(chosen))

  await assert.rejects(make(options), /same in both x64 and arm64.*not covered by the x64ArchFiles/)
  await make({ ...options, x64ArchFiles })
  takeApart(path.join(made, 'Contents', 'Resources'), mac)
}

/**
 * Its icon and version would be written into the program by a tool that only Windows or Wine can run, and
 * the archive's hash only into a real program.
 */
const PLAIN = ['-c.win.signAndEditExecutable=false', '-c.disableAsarIntegrity=true']

test('Windows: both binaries are in the app for each CPU', async (t) => {
  const folder = await app(t, ['npm', 'install', '--os=win32', '--cpu=x64'])
  await build(folder, '--win', 'dir', '--x64', '--arm64', ...PLAIN)
  const [, x64] = windows.map((system) => takeApart(path.join(folder, resources[system]), windows))
  await assertWindowsAnswers(x64)
})

test('Linux: the binary of the CPU that was installed for', async (t) => {
  const folder = await app(t, ['npm', 'install'])
  await build(folder, '--linux', 'dir', '--x64')
  await assertLoads(folder, 'linux-x64', ['linux-x64-gnu'])

  const said = await build(folder, '--linux', 'dir', '--arm64')
  assert.doesNotMatch(said, /warn|⨯|socket-owner-linux/i)
  const wrong = takeApart(path.join(folder, resources['linux-arm64']), ['linux-x64-gnu'])
  const { stdout } = await inside(wrong, ...arm64Node(), 'ask.cjs')
  assert.equal(JSON.parse(stdout).told[0][0], 'ERR_BINARY_MISSING')

  const [command] = documented.match(/^npm install --cpu=\S+ .*$/m)
  await inside(folder, ...command.split(' '))
  await build(folder, '--linux', 'dir', '--arm64')
  await assertLoads(folder, 'linux-arm64', ['linux-arm64-gnu'])
})

test("pnpm: the page's supportedArchitectures bring each app all that it needs", async (t) => {
  const [, yaml] = documented.match(/^```yaml\n# pnpm-workspace\.yaml\n(.*?)^```/ms)
  const files = { '.npmrc': `registry=${registry.url}\n`, 'pnpm-workspace.yaml': yaml }
  const folder = await app(t, ['pnpm', 'install'], files)
  const said = await build(folder, '--mac', 'dir', '--linux', 'dir', '--x64', '--arm64')
  // What the page tells of.
  const [, unneeded] = said.match(/optional dependencies not bundled .*dependencies=(\[.*?\])/)
  const musl = ['linux-arm64-musl', 'linux-x64-musl'].map((tag) => `socket-owner-${tag}@${version}`)
  assert.deepEqual(JSON.parse(unneeded), musl)
  const others = yaml.includes('win32') ? windows : []
  const tags = [...mac, ...others, 'linux-arm64-gnu', 'linux-x64-gnu']
  const built = Object.keys(resources).filter((system) => !system.startsWith('win32'))
  for (const system of built) await assertLoads(folder, system, tags)
})
