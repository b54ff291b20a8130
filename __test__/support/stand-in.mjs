// A stand-in for the native side: it finds no process unless a test says otherwise. It is justified
// only because tests of the JavaScript side must choose what is returned, and when: a table of
// 50,000 rows, a record that two callers share, a pid that no process has.

import { install, installCode, requireIn } from './install.mjs'

const NATIVE = `
  const { stat } = require('node:fs').promises
  const native = exports
  native.asked = []
  native.answer = () => ({})
  native.createLookups = () => ({})
  native.advance = async (lookups, lines, abandoned) => {
    native.asked.push({ lines, abandoned: [...abandoned] })
    const ids = lines === '' ? [] : lines.split('\\n').map((line) => Number(line.split(' ')[0]))
    const none = { records: [], lists: [], failed: [] }
    const answered = Int32Array.from(ids.flatMap((id) => [id | 0, 0, 0]))
    return { answered, ...none, ...native.answer(ids, lines) }
  }
  native.localPeer = () => null
  // As a task of libuv's does, it comes back when the event loop has come round.
  native.processPaths = (pids) => stat('/').then(() => [...pids].map(() => null))
  native.processInfos = async (pids) => [...pids].map(() => null)`

/**
 * Loads the package with a stand-in that a test can change: `native.answer(ids)` returns what it
 * finds.
 */
export function installStandIn(t) {
  const folder = install(t)
  const native = installCode(folder, NATIVE)
  return { ...requireIn(folder)('socket-owner'), native, folder }
}
