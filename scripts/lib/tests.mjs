// Finds test files by name: `sockets` is every test in that folder, `sockets/port` is one test. A
// file that ends in `.full.test.mjs` is slow or needs much from a registry; the core form leaves it
// out.
import fs from 'node:fs'
import path from 'node:path'

const ENDING = '.test.mjs'
const FULL_ENDING = `.full${ENDING}`

/** Returns paths. `tests` is a checkout's folder __test__. Throws if a name matches no test. */
export function testFiles(tests, names, { isCore = false } = {}) {
  return names.flatMap((name) => {
    const stem = path.join(tests, name)
    const file = [stem + ENDING, stem + FULL_ENDING].find((each) => fs.existsSync(each))
    const files = file === undefined ? filesOf(stem, isCore) : [file]
    if (files.length === 0) throw new Error(`no test is named ${name}`)
    return files
  })
}

function filesOf(folder, isCore) {
  if (!fs.existsSync(folder)) return []
  const all = fs.readdirSync(folder).filter((name) => name.endsWith(ENDING))
  const files = all.filter((name) => !isCore || !name.endsWith(FULL_ENDING))
  return files.sort().map((name) => path.join(folder, name))
}
