// Prefixes for a command that make it run as another user or in another environment.

import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { packageRoot, temporaryDirectory } from './holders.mjs'

/** Runs the rest of the command as an ordinary user. */
export const strangerId = 54321
export const stranger = [
  'setpriv',
  `--reuid=${strangerId}`,
  `--regid=${strangerId}`,
  '--clear-groups'
]

/** Runs the rest of the command after shell commands. */
export const after = (commands) => ['sh', '-ec', `${commands}; exec "$@"`, 'sh']

/** Runs the rest of the command in a new network namespace, or in that of `pid`. */
export const ownNetwork = ['unshare', '--net', ...after('ip link set lo up')]
export const networkOf = ({ pid }) => ['nsenter', `--net=/proc/${pid}/ns/net`]

/**
 * Returns paths that an unprivileged user may read: a copy of the package, and Node or a copy of
 * it.
 */
export function openToAll(t) {
  const root = temporaryDirectory(t)
  for (const name of fs.readdirSync(packageRoot)) {
    const isPart = ['index.js', 'lib', 'package.json', 'Cargo.toml'].includes(name)
    if (!isPart && !name.endsWith('.node')) continue
    spawnSync('cp', ['-R', path.join(packageRoot, name), root])
  }
  spawnSync('chmod', ['-R', 'a+rX', root])
  const isOpen = spawnSync(stranger[0], [...stranger.slice(1), process.execPath, '--version'])
  if (isOpen.status === 0) return { root, node: process.execPath }
  const node = path.join(root, 'node')
  fs.copyFileSync(process.execPath, node)
  return { root, node }
}
