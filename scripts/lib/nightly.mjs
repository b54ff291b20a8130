// The nightly compiler, which the sanitizers, the fuzz targets and Miri need.

import { spawnSync } from 'node:child_process'

/** The nightly compiler's host triple. It, or one of its components, is installed where it is missing. */
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

/** What is installed of it, a component a line, or null where there is no nightly. */
function listInstalled() {
  const args = ['component', 'list', '--toolchain', 'nightly', '--installed']
  const { status, stdout } = spawnSync('rustup', args, { encoding: 'utf8' })
  return status === 0 ? stdout.split('\n') : null
}
