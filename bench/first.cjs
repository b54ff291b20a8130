'use strict'

// A process that has never looked anything up: told what to ask, it says how long `require`, the
// loading of the binary and the lookup took.

const { stdin, stdout } = process

stdin.setEncoding('utf8').once('data', async (line) => {
  const ends = JSON.parse(line)
  const begun = performance.now()
  const { findPeerPid } = require('../index.js')
  const required = performance.now()
  require('../lib/binding').load()
  const loaded = performance.now()
  const pid = await findPeerPid(ends)
  const answered = performance.now()
  const times = { require: required - begun, load: loaded - required, look: answered - loaded }
  stdout.write(`${JSON.stringify({ ...times, pid })}\n`)
})
stdout.write('"ready"\n')
