// Runs each fuzz target for some seconds: `node scripts/fuzz.mjs [seconds] [targets]`, by default 20 seconds
// and all targets, as many at a time as there are processors. Needs a nightly compiler, and a C++ compiler
// to build libFuzzer from the crate libfuzzer-sys. cargo-fuzz, which would do the same, takes minutes to
// build; it also works on fuzz/, to minimise an input. A finding ends the run and prints its input's path.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureNightly } from './lib/nightly.mjs'

const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'fuzz')
const [seconds = '20', ...chosen] = process.argv.slice(2)
const all = fs.readdirSync(path.join(folder, 'fuzz_targets')).map((name) => path.parse(name).name)
const targets = chosen.length > 0 ? chosen : all

// libFuzzer sees every comparison and edge. A read outside a buffer and an arithmetic overflow end
// the program.
const FLAGS = [
  ...['--cfg=fuzzing', '-Zsanitizer=address', '-Cforce-frame-pointers=yes', '-Ccodegen-units=1'],
  ...['-Cdebug-assertions=yes', '-Coverflow-checks=yes', '-Cpasses=sancov-module'],
  ...['level=4', 'inline-8bit-counters', 'pc-table', 'trace-compares'].map(
    (feature) => `-Cllvm-args=-sanitizer-coverage-${feature}`
  )
]

const host = ensureNightly([])
build()
const waiting = [...targets]
const runSome = async () => {
  for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) {
    await fuzz(target)
  }
}
await Promise.all(Array.from({ length: os.availableParallelism() }, runSome))

function build() {
  // With `--target`, these flags do not apply to build scripts, which are separate programs.
  const args = ['+nightly', 'build', '--release', '--locked', '--target', host]
  const env = { ...process.env, RUSTFLAGS: FLAGS.join(' ') }
  const stdio = ['ignore', 'inherit', 'inherit']
  const { status, error } = spawnSync('cargo', args, { cwd: folder, env, stdio })
  if (status !== 0) fail(`cargo ${args.join(' ')} failed: ${error ?? status}`)
}

async function fuzz(target) {
  const [corpus, findings] = ['corpus', 'artifacts'].map((name) => path.join(folder, name, target))
  for (const made of [corpus, findings]) fs.mkdirSync(made, { recursive: true })
  const program = path.join(folder, 'target', host, 'release', target)
  const limits = [`-max_total_time=${seconds}`, '-max_len=4096', '-timeout=10']
  const told = [`-artifact_prefix=${findings}/`, '-print_final_stats=1']
  const args = [...limits, ...told, corpus, path.join(folder, 'seeds', target)]
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let output = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    output += text
  })

  const [code, signal] = await once(child, 'close')
  if (code !== 0) fail(`${target} failed: ${signal ?? code}\n${output}`)
  const [, counters] = output.match(/\((\d+) inline 8-bit counters\)/) ?? []
  const [, inputs] = output.match(/number_of_executed_units:\s*(\d+)/) ?? []
  if (!(counters > 100 && inputs > 1000)) fail(`${target} was hardly run:\n${output}`)
  console.log(`${target}: ${seconds} s, ${inputs} inputs, no finding`)
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
