// The nine packages published to a registry on loopback, as the release workflow does it, and apps
// that install them from there. Linux x64 with glibc; the registry needs Node 20 or later.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import readline from 'node:readline'
import { fileURLToPath } from 'node:url'
import { buildHost } from '../../scripts/lib/darwin-host.mjs'
import { emulatedNode } from '../../scripts/lib/debian.mjs'
import { installRegistry, registryTools } from '../../scripts/lib/registry-tools.mjs'
import { NODE_VERSIONS, prepareWine } from '../../scripts/lib/wine.mjs'
import { hostBinary, hostTag, root, temporaryFolder } from '../support/install.mjs'
import { run } from '../support/packed.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))
export const target = process.env.CARGO_TARGET_DIR ?? path.join(root, 'target')
const bin = path.join(registryTools, 'node_modules', '.bin')

/** What is published besides the binary packages, and what makes it ready. */
const SOURCES = ['index.js', 'index.d.ts', 'lib', 'bin', 'package.json', 'npm', 'scripts']
const TEXTS = ['CHANGELOG.md', 'LICENSE', 'README.md']
export const { version } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'))
export const tags = fs.readdirSync(path.join(root, 'npm')).sort()
/** In the short form only these are the real ones; the others have a text for a binary. */
export const realTags = process.env.REGISTRY_CORE
  ? tags.filter((tag) => tag.startsWith('darwin-') || tag === hostTag)
  : tags

/**
 * A registry with everything published. `env` is for programs that use it and nothing else; `said`
 * is what npm said while publishing; `binary(tag)` are the bytes that were published.
 */
export async function startRegistry(t) {
  assert.equal(hostTag, 'linux-x64-gnu', 'these tests are for Linux x64 with glibc')
  installRegistry()
  const folder = temporaryFolder(t)
  const storage = path.join(folder, 'storage')
  fs.mkdirSync(storage)
  const verdaccio = path.join(registryTools, 'node_modules', 'verdaccio')
  const server = spawn(process.execPath, [path.join(here, 'serve.cjs'), verdaccio, storage], {
    stdio: ['pipe', 'pipe', 'inherit']
  })
  t.after(() => server.kill())
  const lines = readline.createInterface({ input: server.stdout })
  const [line] = await Promise.race([once(lines, 'line'), once(server, 'exit')])
  const [, port] = String(line).match(/^port (\d+)$/) ?? assert.fail(`no registry: ${line}`)
  const env = environment(folder, port)
  const { copy, said } = await publish(folder, env)
  const binary = (tag) => fs.readFileSync(path.join(copy, 'npm', tag, `socket-owner.${tag}.node`))
  return { env, storage, said, binary, url: env.npm_config_registry }
}

/** Nothing of this machine's own configuration, cache or network is used. */
function environment(folder, port) {
  const foreign = /^(ci$|npm|pnpm|yarn|corepack|node_|.*_proxy$)/i
  const kept = Object.entries(process.env).filter(([name]) => !foreign.test(name))
  const configuration = path.join(folder, 'npmrc')
  // npm wants to be logged in before it publishes; the registry lets everybody in.
  fs.writeFileSync(configuration, `//127.0.0.1:${port}/:_authToken=nobody\n`)
  const home = path.join(folder, 'home')
  fs.mkdirSync(home)
  return {
    ...Object.fromEntries(kept),
    CI: '1',
    HOME: home,
    PATH: `${bin}${path.delimiter}${process.env.PATH}`,
    npm_config_registry: `http://127.0.0.1:${port}/`,
    npm_config_userconfig: configuration,
    npm_config_globalconfig: path.join(folder, 'no-such-npmrc'),
    npm_config_cache: path.join(folder, 'cache'),
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_update_notifier: 'false',
    YARN_NPM_REGISTRY_SERVER: `http://127.0.0.1:${port}`,
    YARN_UNSAFE_HTTP_WHITELIST: '127.0.0.1',
    YARN_ENABLE_TELEMETRY: '0'
  }
}

/** By the very lines of the release workflow, in a copy. */
async function publish(folder, env) {
  const copy = path.join(folder, 'checkout')
  for (const name of [...SOURCES, ...TEXTS]) {
    fs.cpSync(path.join(root, name), path.join(copy, name), { recursive: true })
  }
  for (const tag of tags) {
    const file = path.join(copy, 'npm', tag, `socket-owner.${tag}.node`)
    if (tag === hostTag && process.env.REGISTRY_CORE) fs.copyFileSync(hostBinary, file)
    if (!realTags.includes(tag)) fs.writeFileSync(file, `stands for the binary of ${tag}\n`)
  }
  const prepare = path.join(copy, 'scripts', 'prepare-release.mjs')
  await run(process.execPath, [prepare, `v${version}`], { cwd: copy, env })
  const workflow = fs.readFileSync(path.join(root, '.github/workflows/release.yml'), 'utf8')
  const [, script] = workflow.match(/- name: Publish\n +run: \|\n((?: {10}.*\n)+)/)
  const { stdout, stderr } = await run('sh', ['-ec', script], { cwd: copy, env })
  return { copy, said: `${stdout}${stderr}` }
}

/** An empty app; `files` go by their name. */
export function emptyApp(t, files = {}) {
  const folder = temporaryFolder(t)
  for (const [name, text] of Object.entries({
    'package.json': '{ "private": true }\n',
    ...files
  })) {
    fs.writeFileSync(path.join(folder, name), text)
  }
  return folder
}

/** Where scripts/test-darwin.mjs has its Mach-O host and its arm64 Node. */
const hostCache = path.join(target, 'darwin-tests')
export const arm64Node = () => emulatedNode(hostCache)

/** Fails unless the macOS binary that is installed in a folder answers; gives its path. */
export async function assertMacAnswers(folder, cpu, env) {
  const node = cpu === process.arch ? [process.execPath] : arm64Node()
  const preload = path.join(root, '__test__', 'darwin', 'host', 'preload.cjs')
  const [command, ...args] = [...node, '--require', preload, path.join(here, 'ask-mac.mjs'), folder]
  const hosted = { ...env, MACHO_HOST: buildHost(cpu, hostCache) }
  const { stdout } = await run(command, args, { cwd: folder, env: hosted })
  const { told, binaries } = JSON.parse(stdout)
  assert.deepEqual(told, [700, 800, '/usr/bin/curl', '/Applications/A.app'])
  return onlyBinary(binaries, `darwin-${cpu}`)
}

/**
 * Fails unless the binary that is installed in a folder answers, in a Node of its system or another
 * runtime: `program`, which `command` starts. Gives the binary's path.
 */
export async function assertAnswers(
  folder,
  tag,
  env,
  command = [process.execPath],
  program = command.at(-1)
) {
  const [first, ...args] = [...command, 'ask.cjs']
  const { stdout } = await run(first, args, { cwd: folder, env })
  const { pid, ppid, told, binaries } = JSON.parse(stdout)
  // qemu tells the name of what it runs, which is not the file that the kernel runs.
  const file = path.basename(first).startsWith('qemu') ? null : fs.realpathSync(program)
  assert.deepEqual(told, [pid, pid, file, ppid])
  return onlyBinary(binaries, tag)
}

/** The same for Windows, in a node.exe under Wine; only for x64. */
export async function assertWindowsAnswers(folder) {
  const version = NODE_VERSIONS[2]
  const wine = await prepareWine(path.join(target, 'windows', 'wine'), [version])
  const copy = path.join(wine.lab, 'installed')
  fs.rmSync(copy, { recursive: true, force: true })
  fs.cpSync(folder, copy, { recursive: true, dereference: true })
  const { stdout } = await wine.run([wine.nodeExe(version), 'ask.cjs'], { folder: 'installed' })
  const { pid, told, binaries } = JSON.parse(stdout)
  assert.deepEqual(told.slice(0, 3), [pid, pid, wine.nodeExe(version)])
  assert.deepEqual(
    binaries.map((file) => path.win32.basename(file)),
    ['socket-owner.win32-x64.node']
  )
}

function onlyBinary(binaries, tag) {
  assert.deepEqual(
    binaries.map((file) => path.basename(file)),
    [`socket-owner.${tag}.node`]
  )
  return binaries[0]
}

/** The lines of docs/electron.md that bring the binaries of other systems. */
export function documentedYaml() {
  const page = fs.readFileSync(path.join(root, 'docs', 'electron.md'), 'utf8')
  const [, yaml] = page.match(/^```yaml\n# pnpm-workspace\.yaml\n(.*?)^```/ms)
  assert.match(page, /for Yarn in\s`\.yarnrc\.yml`/)
  return yaml
}

/** What those lines bring: this system's, and those of the systems that they name. */
export function documentedTags() {
  const [, systems] = documentedYaml().match(/os: \[(.*)\]/)
  const others = ['darwin', 'win32'].filter((name) => systems.includes(name))
  const foreign = others.flatMap((name) => [`${name}-arm64`, `${name}-x64`])
  return [...foreign, 'linux-arm64-gnu', 'linux-x64-gnu'].sort()
}

/** Every package that lies in a folder as npm, or pnpm with its own store, has put it there. */
export function installed(folder) {
  const modules = path.join(folder, 'node_modules')
  const store = path.join(modules, '.pnpm')
  const names = fs.existsSync(store)
    ? fs.readdirSync(store).map((name) => name.match(/^(.+)@\d/)?.[1])
    : fs.readdirSync(modules).filter((name) => !name.startsWith('.'))
  return names.filter((name) => name !== undefined).sort()
}
