// Runs the command as a person would.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { root } from './install.mjs'

export const command = path.join(root, 'bin', 'socket-owner.js')
export const node = fs.realpathSync(process.execPath)

/** `through` goes before Node, and `flags` are options of Node. */
export async function runCommand(args, options = {}) {
  const { through = [], flags = [], file = command, node = process.execPath } = options
  const [program, ...rest] = [...through, node, ...flags, file, ...args]
  const child = spawn(program, rest)
  const [stdout, stderr] = [child.stdout, child.stderr].map((stream) =>
    stream.setEncoding('utf8').toArray()
  )
  const [code] = await once(child, 'close')
  return { code, stdout: (await stdout).join(''), stderr: (await stderr).join('') }
}
