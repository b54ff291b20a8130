// Says whether macOS binaries may be shipped: `node scripts/check-darwin-binary.mjs FILE...`.

import fs from 'node:fs'
import path from 'node:path'
import { checkDarwinBinary } from './lib/darwin-binary.mjs'

for (const name of process.argv.slice(2)) {
  const arch = /darwin-(x64|arm64)/.exec(path.basename(name))?.[1]
  const problems = checkDarwinBinary(fs.readFileSync(name), arch)
  for (const problem of problems) console.error(`${name} ${problem}`)
  if (problems.length > 0) process.exitCode = 1
  else console.log(`${name} is fit`)
}
