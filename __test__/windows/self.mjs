// Run by scripts/test-windows.mjs as a node.exe that lies at a long path: says whether its own path is
// told whole. Node cannot start a program at such a path itself.

import assert from 'node:assert/strict'
import { getProcessInfo, getProcessPath } from '../../index.js'

const [, , expected] = process.argv

assert.ok(expected.length > 260)
// Node's own execPath is cut off there.
assert.ok(expected.startsWith(process.execPath))
assert.equal(await getProcessPath(process.pid), expected)
assert.equal((await getProcessInfo(process.pid)).path, expected)
console.log(`a path of ${expected.length} units is told whole`)
