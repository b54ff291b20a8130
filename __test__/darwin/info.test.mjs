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
  path: `${browser}/Contents/Frameworks/H.app/Contents/MacOS/H`,
  cwd: '/Users/a b'
}
helper.args = [helper.path, '--type=renderer', '']
helper.environment = ['SECRET=1']

const whole = {
  pid: 700,
  ppid: 600,
  uid: USER,
  name: 'Br Helper (Renderer) with a nam',
  path: helper.path,
  args: [helper.path, '--type=renderer', ''],
  cwd: '/Users/a b',
  startTime: new Date(1700000000123),
  bundlePath: browser,
  cgroup: null,
  services: null
}

test('the facts of a process of the caller', async () => {
  machine([helper])
  assert.deepEqual(await getProcessInfo(700), whole)
})

test("another user's process has a start, but no command line and no folder, except for root", async () => {
  machine([{ ...helper, uid: ROOT }])
  const hidden = { args: null, cwd: null, name: 'Br Helper (Rend', uid: ROOT }
  assert.deepEqual(await getProcessInfo(700), { ...whole, ...hidden })
  machine([{ ...helper, uid: USER }], { uid: ROOT })
  assert.deepEqual(await getProcessInfo(700), whole)
})

test('a start that the system does not tell is null', async () => {
  machine([{ ...helper, uid: ROOT }])
  mac.run(mac.kernel({ hides_starts: true }))
  assert.equal((await getProcessInfo(700)).startTime, null)
})

test('command lines as a program may have them', async () => {
  const long = 'x'.repeat(100_000)
  const lines = {
    'empty, in front too': [[''], ['']],
    'none at all': [[], []],
    'with newlines': [
      ['a\nb', 'c'],
      ['a\nb', 'c']
    ],
    'bytes that are no UTF-8': [[Buffer.from([0x61, 0xff, 0x62])], ['a\ufffdb']],
    '100 KB': [
      ['a', long],
      ['a', long]
    ],
    '300 KB, cut at a whole argument': [
      ['a', long, long, long],
      ['a', long, long]
    ],
    'a first one that is too long': [['y'.repeat(300_000), 'b'], ['y'.repeat(262_143)]]
  }
  for (const [name, [args, told]] of Object.entries(lines)) {
    machine([{ ...helper, args, environment: ['SECRET=1'] }])
    assert.deepEqual((await getProcessInfo(700)).args, told, name)
  }
})

test('a folder that has gone or cannot be told is null', async () => {
  for (const change of [{ cwd: '' }, { cwd_errno: mac.ERRNO.ENOENT }]) {
    machine([{ ...helper, ...change }])
    assert.equal((await getProcessInfo(700)).cwd, null)
  }
  machine([helper])
  mac.refuse('cwd', { pid: 700 }, mac.ERRNO.EFAULT)
  await assert.rejects(getProcessInfo(700), { code: 'EFAULT', syscall: 'proc_pidinfo' })
})

test('a parent that is younger than its child is none', async () => {
  for (const [start, ppid] of [
    [1600000000, 600],
    [1700000001, null]
  ]) {
    machine([{ pid: 600, start, uid: ROOT }, helper])
    assert.equal((await getProcessInfo(700)).ppid, ppid)
  }
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
