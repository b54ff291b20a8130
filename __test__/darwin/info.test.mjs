// What is told of a process, and to whom.

import assert from 'node:assert/strict'
import test from 'node:test'
import * as mac from './host/kernel.mjs'
import { freshPackage, machine, ROOT, USER } from './mac.mjs'

const { getProcessInfo } = freshPackage()
const browser = '/Applications/Br.app'
const helper = {
  pid: 700,
  ppid: 600,
  start: 1700000000,
  microseconds: 123456,
  comm: 'Br Helper (Rend',
  name: 'Br Helper (Renderer) with a name',
  path: `${browser}/Contents/Frameworks/H.app/Contents/MacOS/H`
}

test('the facts of a process of the caller', async () => {
  machine([helper])
  assert.deepEqual(await getProcessInfo(700), {
    pid: 700,
    ppid: 600,
    uid: USER,
    name: 'Br Helper (Renderer) with a nam',
    path: helper.path,
    startTime: new Date(1700000000123),
    bundlePath: browser
  })
})

test("another user's process has no start time and a shorter name, but for root", async () => {
  machine([{ ...helper, uid: ROOT }])
  const seen = await getProcessInfo(700)
  assert.deepEqual(seen, {
    pid: 700,
    ppid: 600,
    uid: ROOT,
    name: 'Br Helper (Rend',
    path: helper.path,
    startTime: null,
    bundlePath: browser
  })
  machine([{ ...helper, uid: USER }], { uid: ROOT })
  assert.deepEqual((await getProcessInfo(700)).startTime, new Date(1700000000123))
})

test('who has gone, is going, or is hidden altogether is null', async () => {
  machine([
    helper,
    { pid: 701, policy_errno: mac.ERRNO.EPERM },
    { pid: 702, exiting: 1 },
    { pid: 703 }
  ])
  mac.run(mac.exit(703))
  for (const pid of [701, 702, 703, 704]) assert.equal(await getProcessInfo(pid), null)
})

test('a pid that is given away in the middle mixes no two processes', async () => {
  const again = mac.spawn({
    pid: 700,
    uid: USER,
    start: 1700000009,
    path: '/bin/other',
    comm: 'other'
  })
  for (let nth = 1, isOver = false; !isOver; nth++) {
    machine([helper])
    mac.before('any', { nth }, mac.exit(700, { reaped: true }), again)
    const info = await getProcessInfo(700)
    isOver = mac.waitingHooks() > 0
    if (info === null) continue
    const isOld = info.startTime.getTime() === 1700000000123
    assert.equal(info.path, isOld ? helper.path : '/bin/other', `before call ${nth}`)
  }
})

test('a program whose file was deleted has facts without a path', async () => {
  machine([{ ...helper, path_errno: mac.ERRNO.ENOENT }])
  const { path, bundlePath, ppid } = await getProcessInfo(700)
  assert.deepEqual({ path, bundlePath, ppid }, { path: null, bundlePath: null, ppid: 600 })
})
