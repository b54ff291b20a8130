// Programs whose files a test may change: copies of cat. Their echo shows that they run.

import fs from 'node:fs'
import path from 'node:path'
import { needsUnix, startProgram, temporaryDirectory } from './holders.mjs'

export const cat = needsUnix || fs.realpathSync('/bin/cat')

/** Copies cat into `directory` and returns the copy's path. */
export function copyOfCat(directory, name) {
  const file = path.join(directory, name)
  fs.copyFileSync(cat, file)
  return file
}

/** Starts a program that echoes, and waits for the echo: then the program itself runs. */
export function startEcho(t, program, args = []) {
  return startProgram(t, program, args, { told: 'running' })
}

/** Starts a copy of cat in a separate directory. */
export async function startCopy(t, name) {
  const file = copyOfCat(temporaryDirectory(t), name)
  return { file, child: await startEcho(t, file) }
}
