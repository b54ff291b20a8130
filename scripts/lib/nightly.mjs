// The nightly compiler, which the sanitizer, the fuzz targets and Miri need.

import { spawnSync } from 'node:child_process'

/** Installs the nightly compiler and those components if missing. Returns its host triple. */
export function ensureNightly(components) {
  const has = listInstalled()
  if (has === null || components.some((name) => !has.some((line) => line.startsWith(name)))) {
    const wanted = components.flatMap((name) => ['--component', name])
    const args = ['toolchain', 'install', 'nightly', '--profile', 'minimal', ...wanted]
    const { status, error } = spawnSync('rustup', args, { stdio: ['ignore', 'inherit', 'inherit'] })
    if (status !== 0) throw new Error(`rustup ${args.join(' ')} failed: ${error ?? status}`)
  }
  const { stdout } = spawnSync('rustc', ['+nightly', '-vV'], { encoding: 'utf8' })
  return stdout.match(/^host: (\S+)$/m)[1]
}

/** Returns the installed components, one per line, or null if there is no nightly compiler. */
function listInstalled() {
  const args = ['component', 'list', '--toolchain', 'nightly', '--installed']
  const { status, stdout } = spawnSync('rustup', args, { encoding: 'utf8' })
  return status === 0 ? stdout.split('\n') : null
}
