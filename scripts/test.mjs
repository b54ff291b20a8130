// Runs tests by name, on any system and shell:
//
//   node scripts/test.mjs [--core] [options of node] NAME…
//
// A name is a folder in __test__, or a file there without its ending: `sockets`, `sockets/port`. --core leaves
// out the slow tests. Node options are passed on; their values follow a `=`.
import { spawnSync } from 'node:child_process'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { testFiles } from './lib/tests.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const given = process.argv.slice(2)
const isCore = given.includes('--core')
const options = given.filter((each) => each.startsWith('-') && each !== '--core')
const names = given.filter((each) => !each.startsWith('-'))
if (names.length === 0) throw new Error('which tests? For instance: sockets, or sockets/port')
const files = testFiles(path.join(root, '__test__'), names, { isCore })
const args = ['--test', ...concurrency(), ...options, ...files]
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
process.exitCode = status ?? 1

/**
 * At least two files at a time, if this Node has the option: tests mostly wait for their processes.
 */
function concurrency() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  const isKnown = major > 20 || (major === 20 && minor >= 10) || (major === 18 && minor >= 19)
  return isKnown ? [`--test-concurrency=${Math.max(2, os.cpus().length - 1)}`] : []
}
