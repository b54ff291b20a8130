// An example as its reader starts it, and the lines that it says.

import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { temporaryFolder } from '../support/install.mjs'

/** Its address is in the first line, `first`. `isElsewhere`: on a system that has no back end. */
export async function startExample(t, folder, file, options = {}) {
  const { isElsewhere = false, env = {}, through = [], node = process.execPath } = options
  const args = [file]
  if (isElsewhere) {
    const preload = path.join(temporaryFolder(t), 'elsewhere.js')
    fs.writeFileSync(preload, "Object.defineProperty(process, 'platform', { value: 'freebsd' })")
    args.unshift('--require', preload)
  }
  const settings = { cwd: folder, env: { ...process.env, PORT: '0', ...env } }
  const [command, ...rest] = [...through, node, ...args]
  const child = spawn(command, rest, { ...settings, stdio: ['ignore', 'pipe', 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  const stderr = child.stderr.setEncoding('utf8').toArray()
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const nextLine = async () => (await lines.next()).value
  const first = await nextLine()
  return { child, stderr, nextLine, first, url: first?.match(/http:\/\/127\.0\.0\.1:\d+/)?.[0] }
}

/** Runs a program to its end; its pid tells whether it was recognised. */
export async function runClient(program, args) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const body = await child.stdout.setEncoding('utf8').toArray()
  return { pid: child.pid, body: body.join('') }
}
