// A failure to look is an error, never `null`; one process that can't be looked at is skipped.

import assert from 'node:assert/strict'
import test from 'node:test'
import * as mac from './host/kernel.mjs'
import { freshPackage, machine } from './mac.mjs'

const PORT = 5000
const holder = { pid: 600, files: { 3: mac.file, 8: mac.listening({ port: PORT }) } }
const bystander = { pid: 700, files: { 3: mac.file, 8: mac.listening({ port: 5001 }) } }
const { EACCES, EBADF, EINVAL, ENOENT, ENOMEM, EPERM } = mac.ERRNO

for (const bytes of [784, 800, 824]) {
  test(`a kernel whose structure has ${bytes} bytes is an error that says what to do`, async () => {
    const { findPidByLocalTcpPort } = freshPackage()
    machine([holder])
    mac.run(mac.kernel({ socket_bytes: bytes }))
    for (const port of [PORT, 1]) {
      await assert.rejects(findPidByLocalTcpPort(port), (error) => {
        assert.ok(error instanceof Error)
        assert.equal(error.syscall, 'proc_pidfdinfo')
        assert.match(error.code, /^E[A-Z]+$/)
        assert.match(error.message, /version/)
        return true
      })
    }
    // Once the kernel fits again, so does the answer.
    mac.run(mac.kernel({ socket_bytes: 792 }))
    assert.equal(await findPidByLocalTcpPort(PORT), 600)
  })
}

test('fields that moved inside a structure of the same size give no wrong owner', async () => {
  const { findPidByLocalTcpPort } = freshPackage()
  machine([holder, bystander])
  mac.run(mac.kernel({ socket_shift: 4 }))
  const answer = await findPidByLocalTcpPort(PORT).catch((error) => error)
  assert.ok(answer instanceof Error || answer === null, String(answer))
})

test('processes that may not be listed are an error with the errno', async () => {
  const { findPidByLocalTcpPort } = freshPackage()
  machine([holder])
  mac.run(mac.kernel({ listpids_policy_errno: EPERM }))
  const refused = { code: 'EPERM', syscall: 'proc_listpids' }
  await assert.rejects(findPidByLocalTcpPort(PORT), refused)
  mac.run(mac.kernel({ listpids_policy_errno: 0 }))
  assert.equal(await findPidByLocalTcpPort(PORT), 600)
})

test('a process that the sandbox hides is skipped', async () => {
  const { findPidByLocalTcpPort } = freshPackage()
  machine([holder, { ...bystander, policy_errno: EPERM }])
  assert.equal(await findPidByLocalTcpPort(PORT), 600)
  mac.run(mac.change(600, { policy_errno: EPERM }), mac.change(700, { policy_errno: 0 }))
  assert.equal(await findPidByLocalTcpPort(PORT), null)
})

test('no memory for one table: an error, not an owner overlooked', async () => {
  const { findPidByLocalTcpPort } = freshPackage()
  machine([holder])
  mac.refuse('listfds', { pid: 600, times: -1 }, ENOMEM)
  await assert.rejects(findPidByLocalTcpPort(PORT), { code: 'ENOMEM', syscall: 'proc_pidinfo' })
})

test('an errno outside the manual is an error with its name', async () => {
  const { findPidByLocalTcpPort } = freshPackage()
  machine([holder])
  mac.refuse('listfds', { pid: 600, times: -1 }, EINVAL)
  await assert.rejects(findPidByLocalTcpPort(PORT), { code: 'EINVAL', syscall: 'proc_pidinfo' })
})

test('a descriptor that cannot be read now and then hides no other', async () => {
  const { findPidByLocalTcpPort } = freshPackage()
  machine([{ ...holder, files: { 4: mac.listening({ port: 1 }), ...holder.files } }])
  mac.refuse('fdinfo', { pid: 600, fd: 4 }, EBADF)
  assert.equal(await findPidByLocalTcpPort(PORT), 600)
})

test('a start time that is refused makes no error of a shared socket', async () => {
  const { findPidByLocalTcpPort } = freshPackage()
  machine([holder, { pid: 700 }])
  mac.run(mac.pass(600, 8, { to: 700 }))
  mac.refuse('bsdinfo', { pid: 700, times: -1 }, EPERM)
  assert.equal(await findPidByLocalTcpPort(PORT), 600)
})

test('a full table of descriptors is asked for again with more room', async () => {
  const { findPidByLocalTcpPort } = freshPackage()
  machine([{ pid: 600 }])
  for (let fd = 0; fd < 9000; fd++) mac.run(mac.open(600, fd, mac.file))
  mac.run(mac.open(600, 9000, mac.listening({ port: PORT })))
  assert.equal(await findPidByLocalTcpPort(PORT), 600)
})

test('a full list of processes is asked for again with more room', async () => {
  const { findPidByLocalTcpPort } = freshPackage()
  machine([holder])
  for (let i = 0; i < 3500; i++) mac.run(mac.spawn({ pid: 1000 + i, uid: 501 }))
  assert.equal(await findPidByLocalTcpPort(PORT), 600)
})

test('a process without descriptors is no failure, even after one that failed', async () => {
  const { findPidByLocalTcpPort } = freshPackage()
  machine([holder, { pid: 650 }, { pid: 700, policy_errno: EPERM }, { pid: 701, exiting: 1 }])
  assert.equal(await findPidByLocalTcpPort(PORT), 600)
  assert.equal(await findPidByLocalTcpPort(1), null)
})

test('a path: gone and hidden are null, any other refusal is an error', async () => {
  const { getProcessPath } = freshPackage()
  machine([holder])
  for (const errno of [EPERM, EACCES, ENOENT]) {
    mac.run(mac.change(600, { path_errno: errno }))
    assert.equal(await getProcessPath(600), null)
  }
  mac.run(mac.change(600, { path_errno: ENOMEM }))
  await assert.rejects(getProcessPath(600), { code: 'ENOMEM', syscall: 'proc_pidpath' })
})

test('a panic is ERR_INTERNAL, and the next call works', async () => {
  const { findPidByLocalTcpPort, getProcessPath } = freshPackage(process.env.MAC_APP_PANICKING)
  machine([holder])
  const internal = { code: 'ERR_INTERNAL' }
  await assert.rejects(findPidByLocalTcpPort(65535, { state: 'listening' }), internal)
  await assert.rejects(getProcessPath(2147483647), internal)
  assert.equal(await findPidByLocalTcpPort(PORT), 600)
  assert.equal(await getProcessPath(600), '/bin/p600')
})
