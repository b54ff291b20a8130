// Real programs through the example proxy: every answer is right by pid, name and command line, and
// whoever has answered once is known from then on: hardly any of its connections needs a count of
// processes or a walk over them. No times.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PROGRAMS } from '../../bench/clients/programs.mjs'
import { Clients, knownAtOnce } from '../../bench/clients.mjs'

const COUNT = 60
/** One of fifty may be met in an odd moment: another program's first connection, a thread's exec. */
const SHARE = 0.98

for (const [name, { needs = name, atOnce = [1, 6] }] of Object.entries(PROGRAMS)) {
  for (const many of atOnce) {
    const missing = needs === undefined ? `needs ${name}` : false
    const skip = process.platform !== 'linux' ? 'the truth comes from /proc' : missing
    test(`${name}, ${many} at a time, is told rightly and known at once`, { skip }, async (t) => {
      const clients = await Clients.start()
      t.after(() => clients.end())

      const { lookUps } = await clients.measure(name, COUNT, many)

      assert.ok(lookUps.length > 0)
      assert.deepEqual(
        lookUps.filter(({ isRight }) => !isRight),
        []
      )
      const { known, quick } = knownAtOnce(lookUps)
      assert.ok(quick >= Math.floor(known * SHARE), `${quick} of ${known}`)
    })
  }
}
