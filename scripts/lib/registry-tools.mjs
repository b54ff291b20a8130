// The registry and the package managers that the tests of installed packages use.

import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..')
/** Where they are kept. */
export const registryTools = path.join(
  process.env.CARGO_TARGET_DIR ?? path.join(root, 'target'),
  'registry'
)

/** verdaccio-audit requires a tag of node-fetch that some registries lack. */
const TOOLS = {
  dependencies: {
    '@yarnpkg/cli-dist': '^4.18.0',
    npm: '^11.19.0',
    pnpm: '^12.21.0',
    verdaccio: '^6.10.0'
  },
  overrides: { 'node-fetch': '2.7.0' }
}

/** Installs them, unless they are installed already. */
export function installRegistry() {
  installOnce(registryTools, TOOLS)
}

/** Keeps packages installed in a folder; reinstalls them if `wanted` has changed. */
export function installOnce(folder, wanted) {
  const text = `${JSON.stringify({ private: true, ...wanted }, null, 2)}\n`
  const done = path.join(folder, 'installed.json')
  if (fs.existsSync(done) && fs.readFileSync(done, 'utf8') === text) return
  fs.rmSync(folder, { recursive: true, force: true })
  fs.mkdirSync(folder, { recursive: true })
  fs.writeFileSync(path.join(folder, 'package.json'), text)
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const { status } = spawnSync('npm', args, { cwd: folder, stdio: 'inherit' })
  if (status !== 0) throw new Error(`what these tests need does not install in ${folder}`)
  fs.writeFileSync(done, text)
}
