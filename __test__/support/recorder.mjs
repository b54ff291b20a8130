// The package with its real binary behind a recorder, which notes what JavaScript passes to the
// native side. A gate holds native answers back until a test has done what must happen first.

import { hostBinary, install, installCode, requireIn } from './install.mjs'

const RECORDER = `
  const native = require(${JSON.stringify(hostBinary)})
  const recorder = exports
  recorder.made = 0
  recorder.slices = []
  recorder.batches = []
  recorder.gate = undefined
  recorder.pathsMax = Infinity
  recorder.begun = () => {}
  recorder.underWay = 0
  recorder.underWayMax = 0

  async function one(task) {
    recorder.underWay += 1
    recorder.underWayMax = Math.max(recorder.underWayMax, recorder.underWay)
    recorder.begun()
    await recorder.gate
    const result = await task()
    recorder.underWay -= 1
    return result
  }

  exports.createLookups = () => {
    recorder.made += 1
    return native.createLookups()
  }
  exports.localPeer = native.localPeer
  exports.advance = (lookups, asked, abandoned) => {
    const lines = asked === '' ? [] : asked.split('\\n')
    const ids = lines.map((line) => Number(line.split(' ')[0]))
    recorder.slices.push({ ids, lines, abandoned: [...abandoned] })
    return one(() => native.advance(lookups, asked, abandoned))
  }
  exports.processPaths = (pids) => {
    recorder.batches.push([...pids])
    return one(() => native.processPaths(pids.slice(0, recorder.pathsMax)))
  }
  exports.processInfos = (pids) => one(() => native.processInfos(pids))`

/**
 * `recorder.close()` closes the gate and returns a function that opens it; `recorder.nextTask()`
 * resolves when a task begins.
 */
export function installRecorder(t) {
  const folder = install(t)
  const recorder = installCode(folder, RECORDER)
  recorder.close = () => {
    let open
    recorder.gate = new Promise((resolve) => {
      open = resolve
    })
    return () => {
      recorder.gate = undefined
      open()
    }
  }
  recorder.nextTask = () =>
    new Promise((resolve) => {
      recorder.begun = resolve
    })
  return { ...requireIn(folder)('socket-owner'), recorder, folder }
}
