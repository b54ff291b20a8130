// The check that a Linux binary must pass before it is shipped, tried on small libraries that are fit but
// for one thing. This host's own binary is no example: it was built for this system alone.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { checkLinuxBinary } from '../../scripts/lib/linux-binary.mjs'
import { needsLinux, needsProgram } from '../support/holders.mjs'
import { hostTag, root, temporaryFolder } from '../support/install.mjs'

const skip = needsLinux || needsProgram('cc') || needsProgram('readelf')
const target = hostTag.slice('linux-'.length)
const [arch] = target.split('-')
const otherCpu = target.replace(arch, arch === 'x64' ? 'arm64' : 'x64')
const needsGlibc = skip || (target.endsWith('-gnu') ? false : 'needs glibc')
const LARGEST_BYTES = 471_040

const entry = 'void *napi_register_module_v1(void) { return 0; }'
const FIT = { code: entry, flags: ['-nostdlib'], bytes: LARGEST_BYTES, target }

for (const [what, broken, wanted, reason = skip] of [
  ['as large as it may be', {}, []],
  ['a byte larger', { bytes: LARGEST_BYTES + 1 }, ['has 471041 bytes, more than 471040']],
  ['for another CPU', { target: otherCpu }, [/^is for .+, not for (x64|arm64)$/]],
  ['with a second export', { code: `${entry} void more(void) {}` }, ['exports more']],
  ['without the entry', { code: '' }, ['does not export napi_register_module_v1']],
  [
    "that needs the compiler's library",
    { flags: ['-nostdlib', '-Wl,--no-as-needed', '-lgcc_s'] },
    [/^needs libgcc_s\.so/]
  ],
  [
    'that needs a newer glibc',
    { code: `${entry} void *dlopen(); static void *o = dlopen;`, flags: ['-nostartfiles'] },
    ['needs glibc 2.34'],
    needsGlibc
  ],
  [
    'that names the build folder',
    { code: `${entry} __attribute__((used)) static char at[] = ${JSON.stringify(`${root}/a.c`)};` },
    ['names the build folder']
  ]
]) {
  test(`one ${what}: ${wanted.length === 0 ? 'fit' : 'told'}`, { skip: reason }, (t) => {
    const told = toldOf(t, { ...FIT, ...broken })

    assert.equal(told.length, wanted.length, told.join('\n'))
    for (const [i, each] of wanted.entries()) {
      if (typeof each === 'string') assert.equal(told[i], each)
      else assert.match(told[i], each)
    }
  })
}

/** Compiles it, makes it as long as it is to be, and asks the check. */
function toldOf(t, { code, flags, bytes, target }) {
  const folder = temporaryFolder(t)
  const [source, file] = ['a.c', 'a.node'].map((name) => path.join(folder, name))
  fs.writeFileSync(source, code)
  execFileSync('cc', ['-shared', '-fPIC', '-s', '-w', ...flags, '-o', file, source])
  fs.truncateSync(file, bytes)
  return checkLinuxBinary(file, target)
}
