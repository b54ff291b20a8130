// Runs each fuzz target for some seconds: `node scripts/fuzz.mjs [seconds]`, 20 unless told. Needs a
// nightly compiler; installs cargo-fuzz where it is missing. A finding ends it with its input's path.

import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..')
const seconds = Number(process.argv[2] ?? 20)
const targets = fs
  .readdirSync(path.join(root, 'fuzz', 'fuzz_targets'))
  .map((name) => path.parse(name).name)

if (spawnSync('cargo', ['fuzz', '--version']).status !== 0) {
  run('cargo', ['install', '--locked', 'cargo-fuzz'])
}
run('cargo', ['+nightly', 'fuzz', 'build'])
for (const target of targets) {
  const corpus = path.join('fuzz', 'corpus', target)
  fs.mkdirSync(path.join(root, corpus), { recursive: true })
  const folders = [corpus, path.join('fuzz', 'seeds', target)]
  const limits = [`-max_total_time=${seconds}`, '-max_len=4096', '-timeout=10']
  const args = ['+nightly', 'fuzz', 'run', target, ...folders, '--', ...limits]
  const output = run('cargo', [...args, '-print_final_stats=1'], 'pipe')
  const [, units] = output.match(/number_of_executed_units:\s*(\d+)/)
  console.log(`${target}: ${seconds} s, ${units} inputs, no finding`)
}

function run(command, args, stderr = 'inherit') {
  const stdio = ['ignore', 'inherit', stderr]
  const options = { cwd: root, stdio, encoding: 'utf8', maxBuffer: 1 << 28 }
  const { status, error, stderr: text } = spawnSync(command, args, options)
  if (status !== 0) {
    console.error(`${command} ${args.join(' ')} failed: ${error ?? status}\n${text ?? ''}`)
    process.exit(1)
  }
  return text
}
