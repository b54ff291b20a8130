// Publishes the packages to a registry on the loopback interface and installs them from there, in
// __test__/registry; on Linux x64 with glibc.
//
//   node scripts/test-registry.mjs [--core] [--no-build]
//
// The full form builds all eight binaries and calls each in a Node for its system. --core builds none: it
// uses the existing macOS binaries and this host's; the other packages contain a text file instead of a
// binary, which is installed but not loaded.
import { execFileSync, spawnSync } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { installRegistry } from './lib/registry-tools.mjs'
import { testFiles } from './lib/tests.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))

const { values } = parseArgs({
  options: { core: { type: 'boolean' }, 'no-build': { type: 'boolean' } }
})
if (!values.core && !values['no-build']) {
  for (const script of ['build-darwin.mjs', 'build-linux.mjs', 'build-windows.mjs']) {
    execFileSync(process.execPath, [path.join(root, 'scripts', script)], { stdio: 'inherit' })
  }
}
// Done once here, before several files need the tools at the same time.
installRegistry()
const files = testFiles(path.join(root, '__test__'), ['registry'], { isCore: values.core })
const result = spawnSync(process.execPath, ['--test', '--test-reporter=spec', ...files], {
  stdio: 'inherit',
  env: { ...process.env, REGISTRY_CORE: values.core ? '1' : '' }
})
process.exitCode = result.status ?? 1
