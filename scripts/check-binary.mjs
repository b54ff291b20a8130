// Checks whether binaries are fit to publish: `node scripts/check-binary.mjs FILE...`. Each file's
// name says which system it is for: socket-owner.linux-x64-musl.node.

import fs from 'node:fs'
import path from 'node:path'
import { checkDarwinBinary } from './lib/darwin-binary.mjs'
import { checkLinuxBinary } from './lib/linux-binary.mjs'
import { checkWindowsBinary } from './lib/windows-binary.mjs'

const CHECKS = {
  darwin: (file, arch) => checkDarwinBinary(fs.readFileSync(file), arch),
  linux: checkLinuxBinary,
  win32: (file, arch) => checkWindowsBinary(fs.readFileSync(file), arch)
}

for (const file of process.argv.slice(2)) {
  const name = /^socket-owner\.(darwin|linux|win32)-(.+)\.node$/.exec(path.basename(file))
  const problems = name === null ? ['has a name of no system'] : CHECKS[name[1]](file, name[2])
  for (const problem of problems) console.error(`${file} ${problem}`)
  if (problems.length > 0) process.exitCode = 1
  else console.log(`${file} is fit`)
}
