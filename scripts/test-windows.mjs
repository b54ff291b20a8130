// Runs the package with its Windows binary in node.exe, under Wine 10:
//
//   node scripts/test-windows.mjs [--core] [--no-build] [NAME…]
//
// Runs the tests in __test__/windows in every version of Node; with a library that makes up tables, the tests of
// what Wine lacks; and in one version the general tests that can pass on Windows. A name selects among all of
// them, as in scripts/test.mjs. --core: only the oldest and the newest Node, and only the Windows tests. Wine,
// node.exe and the compiler are fetched if they are missing.
//
// Wine is not Windows. It tests that the binary loads, the calls, the offsets, the buffers and the JavaScript;
// not which rows Windows has, who may see what, or how long it takes.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { installDebian } from './lib/debian.mjs'
import { Summary } from './lib/summary.mjs'
import { testFiles } from './lib/tests.mjs'
import { NODE_VERSIONS, prepareWine } from './lib/wine.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const cache = path.join(process.env.CARGO_TARGET_DIR ?? path.join(root, 'target'), 'windows')
const sources = path.join(root, '__test__', 'windows')
const binary = 'socket-owner.win32-x64.node'
const FILES = ['Cargo.toml', 'README.md', 'index.d.ts', 'index.js', 'package.json']
const FOLDERS = ['__test__', 'bin', 'examples', 'lib', 'scripts']
/**
 * Tests for every system, including `npm start`. Not included: tests that always need Linux, Python
 * or a compiler, that need npm, or that are about this repository.
 */
const EVERYWHERE = Object.entries({
  calls: [
    ...['abort', 'address', 'arguments', 'cures', 'datagram-ends', 'debug', 'ends', 'lists'],
    ...['load', 'queue', 'unix-ends', 'wire']
  ],
  examples: ['dns', 'port-in-use'],
  processes: ['info', 'path', 'start'],
  repo: ['bin', 'bin-table', 'first-run', 'proxy', 'readme-examples', 'setup'],
  sockets: ['peer', 'port', 'secure', 'shared', 'threads', 'udp']
}).flatMap(([folder, names]) => names.map((name) => `${folder}/${name}`))
/** The version of Node in which those run. */
const MIDDLE = NODE_VERSIONS[2]
/** A file that takes longer is stuck and has failed. */
const LONGEST_MS = 5 * 60 * 1000

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { core: { type: 'boolean' }, 'no-build': { type: 'boolean' } }
})
const versions = values.core ? [NODE_VERSIONS[0], NODE_VERSIONS.at(-1)] : NODE_VERSIONS
const summary = new Summary()

const built = values['no-build'] ? undefined : build()
const wine = await prepareWine(path.join(cache, 'wine'), [...new Set([...versions, MIDDLE])])
await built
const programs = compile()
const checkout = copyCheckout()
checkHere()
for (const version of versions) {
  for (const name of chosen(['windows/processes', 'windows/sockets'])) await runTest(version, name)
  for (const name of chosen(['windows/scripted'])) await runScripted(version, name)
}
if (positionals.length === 0) await runAtLongPath(MIDDLE)
if (positionals.length > 0 || !values.core) {
  for (const name of chosen(EVERYWHERE)) await runTest(MIDDLE, name)
}
if (!values.core && positionals.length === 0) await runPanicking(MIDDLE)
summary.end()

function chosen(names) {
  return names.filter((name) => positionals.length === 0 || positionals.includes(name))
}

/** Asynchronous, so that Wine is unpacked at the same time. */
async function build(...more) {
  const args = [path.join(root, 'scripts', 'build-windows.mjs'), 'x64', ...more]
  const [code] = await once(spawn(process.execPath, args, { stdio: 'inherit' }), 'exit')
  if (code !== 0) throw new Error('build-windows.mjs failed')
}

/** Checks the offsets, and compiles the tests' C programs. Returns their folder. */
function compile() {
  const gcc = 'x86_64-w64-mingw32-gcc'
  installDebian({ [`/usr/bin/${gcc}`]: 'gcc-mingw-w64-x86-64-win32' })
  const folder = path.join(wine.lab, 'programs')
  fs.mkdirSync(folder, { recursive: true })
  const run = (...args) =>
    execFileSync(gcc, ['-Wall', '-Werror', '-O1', '-s', ...args], { cwd: sources })
  run('-D_WIN32_WINNT=0x0A00', '-fsyntax-only', 'layout-check.c')
  run('-shared', '-o', path.join(folder, 'iphlpapi.dll'), 'iphlpapi.c')
  run('-o', path.join(folder, 'refused.exe'), 'refused.c', '-lws2_32', '-ladvapi32')
  return folder
}

/** Cargo.toml makes it a checkout, in which the binary next to the sources is used. */
function copyCheckout() {
  const folder = path.join(wine.lab, 'checkout')
  fs.rmSync(folder, { recursive: true, force: true })
  for (const name of [...FILES, ...FOLDERS]) {
    fs.cpSync(path.join(root, name), path.join(folder, name), { recursive: true })
  }
  fs.copyFileSync(path.join(root, 'npm', 'win32-x64', binary), path.join(folder, binary))
  return folder
}

/** The check of the binaries has its own tests, which do not need Windows. */
function checkHere() {
  if (chosen(['windows/binary']).length === 0) return
  const file = path.join(sources, 'binary.test.mjs')
  const args = ['--test-reporter=spec', file]
  const stdout = execFileSync(process.execPath, args, { encoding: 'utf8' })
  report('windows/binary', { code: 0, signal: null, stdout })
}

async function runTest(version, name, node = wine.nodeExe(version), overrides = '') {
  const [file] = testFiles(path.join(checkout, '__test__'), [name])
  const script = path.relative(checkout, file)
  const result = await wine.run([node, '--test-reporter=spec', script], {
    folder: 'checkout',
    env: { REFUSED_PROGRAM: 'Z:\\lab\\programs\\refused.exe' },
    overrides,
    timeout: LONGEST_MS
  })
  report(`${name} in node.exe ${version}`, result)
}

/** In a separate folder, since every process that starts there loads a library next to node.exe. */
async function runScripted(version, name) {
  const folder = path.join(wine.lab, `scripted-${version}`)
  fs.rmSync(folder, { recursive: true, force: true })
  fs.mkdirSync(folder)
  fs.linkSync(path.join(wine.nodeFolder(version), 'node.exe'), path.join(folder, 'node.exe'))
  fs.copyFileSync(path.join(programs, 'iphlpapi.dll'), path.join(folder, 'iphlpapi.dll'))
  await runTest(version, name, `Z:\\lab\\scripted-${version}\\node.exe`, 'iphlpapi=n,b')
}

/** Only Wine itself can start this: programs on Windows cannot, since Node's limit is 260 units. */
async function runAtLongPath(version) {
  const names = [...Array(4).fill('é日本\u{1F600}'.repeat(9)), 'x'.repeat(120)]
  const folder = path.join(wine.lab, 'long', ...names)
  fs.rmSync(path.join(wine.lab, 'long'), { recursive: true, force: true })
  fs.mkdirSync(folder, { recursive: true })
  fs.linkSync(path.join(wine.nodeFolder(version), 'node.exe'), path.join(folder, 'node.exe'))
  const node = path.posix.join('/lab/long', ...names, 'node.exe')
  const told = path.win32.join('Z:\\lab\\long', ...names, 'node.exe')
  const args = [node, '__test__/windows/self.mjs', told]
  const result = await wine.run(args, { folder: 'checkout' })
  console.log(result.stdout + result.stderr)
  if (result.code === 0) summary.pass++
  else summary.fail++
}

/** A panic of ours must become an error there too, where unwinding works differently. */
async function runPanicking(version) {
  const folder = path.join(cache, 'panicking')
  if (!values['no-build']) await build('--features', 'panic-on-purpose', '--out', folder)
  fs.copyFileSync(path.join(folder, binary), path.join(wine.lab, 'programs', binary))
  await runTest(version, 'windows/panic')
}

/** Tests for every system say why some do not hold on Windows, which is not a gap. */
function report(name, result) {
  const own = name.startsWith('windows/')
  const lines = result.stdout.split(/\r?\n/).filter((line) => own || !/# |skipped/.test(line))
  const skipped = own ? 0 : (result.stdout.match(/^\S+ skipped (\d+)/m)?.[1] ?? 0)
  console.log(`${name}\n${lines.join('\n')}`)
  if (Number(skipped) > 0) console.log(`${skipped} of them are not for Windows`)
  if (result.code !== 0) console.error(result.stderr)
  summary.add(name, own ? result : { ...result, stdout: lines.join('\n') })
}
