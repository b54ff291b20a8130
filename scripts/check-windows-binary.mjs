// Says whether Windows binaries may be shipped: `node scripts/check-windows-binary.mjs FILE...`.

import fs from 'node:fs'
import path from 'node:path'
import { checkWindowsBinary } from './lib/windows-binary.mjs'

for (const name of process.argv.slice(2)) {
  const arch = /win32-(x64|arm64)/.exec(path.basename(name))?.[1]
  const problems = checkWindowsBinary(fs.readFileSync(name), arch)
  for (const problem of problems) console.error(`${name} ${problem}`)
  if (problems.length > 0) process.exitCode = 1
  else console.log(`${name} is fit`)
}
