// Finds the binary that was built for this machine.

import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..')

/** `linux-x64-gnu`, or another target for this machine that scripts/build.mjs has built. */
export const hostTag = fs
  .readdirSync(root)
  .map((name) => name.match(/^socket-owner\.(.+)\.node$/)?.[1])
  .find((tag) => tag?.startsWith(`${process.platform}-${process.arch}`))

export const hostBinary = path.join(root, `socket-owner.${hostTag}.node`)
