// Runs the tests on real sockets with an address-sanitizer build of the addon, in a copy of the checkout:
// `node scripts/sanitize.mjs [lookups] [tests]`. Then checks that many lookups (by default 2,000) for leaks.
// Needs a nightly compiler, and gcc, whose libasan is preloaded: Rust links its own only into programs.

import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { hostTag } from './lib/host-binary.mjs'
import { ensureNightly } from './lib/nightly.mjs'
import { testFiles } from './lib/tests.mjs'

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..')
const [lookups = '2000', ...chosen] = process.argv.slice(2)
/**
 * Tests that can have libasan preloaded in all their processes, because they preload nothing else.
 */
const TESTS = [
  ['port', 'peer', 'state', 'shared', 'threads', 'reply'].map((name) => `sockets/${name}`),
  ['path', 'info', 'args'].map((name) => `processes/${name}`),
  'calls/teardown'
].flat()

// The copy's binary gets the name of the plain one.
if (hostTag === undefined) fail('Build the addon first: npm run build')
const runtime = output('gcc', ['-print-file-name=libasan.so'])
const copy = fs.mkdtempSync(path.join(os.tmpdir(), 'socket-owner-sanitize-'))
process.on('exit', () => fs.rmSync(copy, { recursive: true, force: true }))
makeCopy()
runTests()
checkLeaks()

function makeCopy() {
  const host = ensureNightly([])
  const flags = '-Zsanitizer=address -Cforce-frame-pointers=yes'
  // With `--target`, these flags do not apply to build scripts and macros, which run in other
  // programs.
  const folder = path.join(root, 'target', 'sanitize')
  const args = ['+nightly', 'build', '--lib', '--target', host, '--target-dir', folder]
  run('cargo', args, { ...process.env, RUSTFLAGS: flags })
  for (const name of [
    'index.js',
    'lib',
    'package.json',
    'Cargo.toml',
    '__test__',
    'scripts',
    'node_modules'
  ]) {
    fs.cpSync(path.join(root, name), path.join(copy, name), { recursive: true })
  }
  const library = path.join(folder, host, 'debug', 'libsocket_owner.so')
  fs.copyFileSync(library, path.join(copy, `socket-owner.${hostTag}.node`))
}

function runTests() {
  const files = testFiles(path.join(copy, '__test__'), chosen.length > 0 ? chosen : TESTS)
  // Leaks of the programs that the tests start are not ours; checkLeaks looks for our own.
  run(process.execPath, ['--test', ...files], { ...sanitized('detect_leaks=0') })
}

function checkLeaks() {
  const log = path.join(copy, 'leaks')
  const options = `detect_leaks=1:exitcode=0:log_path=${log}`
  const args = ['--expose-gc', path.join('__test__', 'fixtures', 'soak.cjs'), lookups]
  run(process.execPath, args, sanitized(options))
  const logs = fs.readdirSync(copy).filter((name) => name.startsWith('leaks.'))
  const text = logs.map((name) => fs.readFileSync(path.join(copy, name), 'utf8')).join('\n')
  const leaks = text.split(/\n(?=(?:Direct|Indirect) leak)/).filter(isOurs)
  if (leaks.length > 0) fail(`memory is leaked:\n${leaks.join('\n')}`)
  console.log(`${lookups} lookups leak nothing`)
}

/**
 * Returns whether the addon, and not Node on its behalf, requested that memory: the frame above the
 * allocator's is in no other module. The addon's own frames have a source line, since it has debug
 * info.
 */
function isOurs(record) {
  if (!/^(Direct|Indirect) leak/.test(record)) return false
  const [, caller = ''] = record.split('\n').filter((line) => /^\s*#\d+ /.test(line))
  return caller.includes('socket-owner.') || !/\(\S+\+0x[0-9a-f]+\)/.test(caller)
}

function sanitized(options) {
  return { ...process.env, LD_PRELOAD: runtime, ASAN_OPTIONS: options }
}

function run(command, args, env) {
  const cwd = command === 'cargo' ? root : copy
  const { status, error } = spawnSync(command, args, {
    cwd,
    env,
    stdio: ['ignore', 'inherit', 'inherit']
  })
  if (status !== 0) fail(`${command} ${args.join(' ')} failed: ${error ?? status}`)
}

function output(command, args) {
  const { status, stdout, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) fail(`${command} ${args.join(' ')} failed: ${error ?? status}`)
  return stdout.trim()
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
