// Real programs through the example proxy: every answer is right by pid, name and command line, and
// whoever has answered once is known from then on: hardly any of its connections needs a count of
// processes or a walk over them. No times.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PROGRAMS } from '../../bench/clients/programs.mjs'
import { Clients, knownAtOnce } from '../../bench/clients.mjs'

/** So many that the first moments count little: a browser opens six before one is answered. */
const COUNT = 250
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

      const wrong = lookUps.filter(({ isRight }) => isRight === false)
      assert.deepEqual(wrong, [])
      // A browser closes some connections before they can be checked.
      const right = lookUps.filter(({ isRight }) => isRight)
      assert.ok(right.length > lookUps.length / 2, `${right.length} of ${lookUps.length}`)
      const { known, quick } = knownAtOnce(lookUps)
      assert.ok(quick >= Math.floor(known * SHARE), `${quick} of ${known}`)
    })
  }
}
