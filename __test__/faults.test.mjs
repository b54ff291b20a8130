// Each system call of the package's Linux back end is made to fail, with each errno that it may have,
// at each place where a look-up makes it: no crash, no hang, no wrong pid, and the next call works.
// FAULTS_PLACES says at how many places of a look-up the same call fails in turn, one after the other;
// the long form, every place, is in scripts/ci-full.mjs.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import {
  compileAddon,
  fixture,
  needsAddons,
  needsPython,
  needsRoot,
  packageRoot,
  pythonPath,
  startNode,
  temporaryDirectory
} from './holders.mjs'
import { after } from './through.mjs'

const places = Number(process.env.FAULTS_PLACES ?? 3)
const skip = needsRoot || needsAddons || needsPython

// What a failure may make of a look-up whose true answer is known:
//   answer  nothing, the answer is the true one
//   hidden  the answer, or what it were if that process were hidden: null, or a younger holder
//   error   the answer, or an error with that errno as its code
const GONE = 'ENOENT ESRCH'
const REFUSED = 'EACCES EPERM'
const FULL = 'EMFILE ENFILE'
const OTHER = 'ENOMEM EIO'

/** By call and object; numbers are N. Every call that the back end makes has to be here. */
const TABLE = {
  // The kept descriptor of /proc; without it names are looked up from the root.
  'openat /proc': { answer: `${GONE} ${REFUSED} ${FULL} ${OTHER} EINTR` },
  // Without /proc/self there is no /proc to believe.
  'readlinkat self': { error: `${GONE} ${REFUSED} ${OTHER}` },
  // The listing of /proc.
  'openat .': { answer: FULL, error: `${GONE} ${REFUSED} ${OTHER} EINTR` },
  getdents64: { error: `${GONE} ${OTHER} EBADF EINTR` },
  // One process and its descriptors. Without a count it is visited all the same, or listed again.
  'fstatat N/fd': { answer: `${GONE} ${REFUSED} ${OTHER}` },
  'openat N/fd': { answer: FULL, hidden: `${GONE} ${REFUSED}`, error: `${OTHER} EINTR` },
  'readlinkat N': { answer: `${GONE} ${REFUSED} ${OTHER}` },
  'readlinkat N/fd/N': { answer: `${GONE} ${REFUSED} ${OTHER}` },
  'fstatat N/task': { hidden: `${GONE} ${REFUSED}`, error: OTHER },
  'openat N/task': { answer: FULL, hidden: `${GONE} ${REFUSED}`, error: `${OTHER} EINTR` },
  'openat N/task/N/fd': { answer: FULL, hidden: `${GONE} ${REFUSED}`, error: `${OTHER} EINTR` },
  // Descent.
  'openat N/stat': { answer: FULL, hidden: `${GONE} ${REFUSED}`, error: `${OTHER} EINTR` },
  // Kept descriptors are checked, own ones looked at, by number.
  fstat: { answer: 'EBADF ENOMEM' },
  close: { answer: 'EINTR EIO' },
  fcntl: { answer: 'EMFILE EINVAL' },
  // sock_diag. Where it is refused the text tables answer, all but a bound socket.
  socket: {
    answer: `${FULL} ENOMEM ENOBUFS`,
    hidden: `${REFUSED} EPROTONOSUPPORT EAFNOSUPPORT EINVAL`
  },
  setsockopt: { error: 'ENOMEM', hidden: 'ENOPROTOOPT' },
  getsockname: { error: 'ENOBUFS ENOMEM' },
  send: { answer: 'EINTR', hidden: `${REFUSED} ECONNREFUSED EPIPE`, error: 'EAGAIN ENOBUFS ENOMEM' },
  recvfrom: { answer: 'EINTR', error: 'EAGAIN ENOBUFS ENOMEM' },
  // The text tables. Where they can't be read either, why sock_diag can't is what is told.
  'openat net/tcp': { answer: FULL, error: `${GONE} ${REFUSED} ${OTHER} EINTR`, or: 'EACCES' },
  'openat net/tcpN': { answer: `${FULL} ENOENT`, error: `ESRCH ${REFUSED} ${OTHER}`, or: 'EACCES' },
  // Of tables and stat lines, and of a process's status.
  read: { error: `${OTHER} EINTR`, hidden: 'ESRCH' },
  // Scopes.
  if_nametoindex: { answer: 'ENODEV ENXIO', error: `${FULL} EPERM ENOMEM` },
  // Programs.
  'readlinkat N/exe': { hidden: `${GONE} ${REFUSED}`, error: OTHER },
  'openat N/status': { answer: FULL, hidden: `${GONE} ${REFUSED}`, error: `${OTHER} EINTR` },
  'fstatat N/exe': { hidden: `${GONE} ${REFUSED} ${OTHER}` },
  'fstatat N/root': { hidden: `${GONE} ${REFUSED} ${OTHER}` },
  tgkill: { answer: 'EPERM', hidden: 'ESRCH', error: 'EINVAL ENOSYS', or: 'EMFILE' }
}

/** What may come of each datagram of sock_diag that is not as it should be: [manner, number]. */
const REPLIES = [
  ...['foreign sequence', 'foreign port id', 'foreign sender', 'longer than its room'],
  ...[0, 4, 15, 16, 19, 20, 71, 87, 88, 100].map((bytes) => ['cut', bytes]),
  ...[0, 15, 16, 0xffff, -1].map((bytes) => ['message length', bytes]),
  ...[0, 1, 4, 999].map((type) => ['message type', type])
].map((manner) => [manner].flat())

test(`a call that fails once at ${places} places of each look-up makes no wrong answer`, {
  skip
}, async (t) => {
  const host = await startFaulty(t)

  const told = await host.ask('once', { errnos: errnosByCall(), places })

  const wrong = told.outcomes.filter((outcome) => !isAllowed(outcome))
  assert.deepEqual(wrong, [])
  const calls = new Set(told.outcomes.map(({ call }) => call))
  assert.deepEqual([...calls].sort(), Object.keys(TABLE).sort(), 'every call, and no other')
})

test('a call that fails from now on makes no wrong answer, and works again', {
  skip
}, async (t) => {
  const host = await startFaulty(t)

  const told = await host.ask('always', { errnos: errnosByCall('EINTR') })

  const wrong = told.outcomes.filter((outcome) => !isAllowed(outcome))
  assert.deepEqual(wrong, [])
})

test('a reply that is foreign, cut or of wrong lengths makes no wrong answer', {
  skip
}, async (t) => {
  const host = await startFaulty(t)

  const told = await host.ask('replies', { replies: REPLIES })

  // A foreign one is passed over. After any other the text answers, which knows no bound socket.
  const isRight = ({ manner, told, question }) =>
    told === 'answer' || (!manner.startsWith('foreign') && question === 'bound socket')
  assert.deepEqual(told.outcomes.filter((outcome) => !isRight(outcome)), [])
  assert.ok(told.outcomes.length > REPLIES.length)
})

test('tables and lines that come in small pieces are read whole', { skip }, async (t) => {
  const host = await startFaulty(t)

  const told = await host.ask('pieces')

  assert.deepEqual(told.outcomes.filter(({ told }) => told !== 'answer'), [])
})

/** Starts the process whose calls fail, in a small world of its own. */
async function startFaulty(t) {
  const addon = compileAddon(t, 'faults.c')
  const program = path.join(temporaryDirectory(t), 'sleep')
  fs.copyFileSync('/bin/sleep', program)
  const source = fs.readFileSync(fixture('holder.py'), 'utf8')
  const driver = fixture('faulty.cjs')
  const values = { driver, addon, root: `${packageRoot}/`, python: pythonPath, source, program }
  const own = ['unshare', '--pid', '--net', '--fork', '--mount-proc']
  // Pid 1 of its own is a shell that waits, as an init does.
  const through = [...own, ...after('ip link set lo up'), 'sh', '-c', '"$@"; exit $?', 'sh']
  const env = { ...process.env, LD_PRELOAD: addon }
  const host = await startNode(t, failOnRequest, { through, values, env, flags: ['--expose-gc'] })
  return Object.assign(host, { ask: (name, values) => host.tell([name, values]).next() })
}

async function failOnRequest({ say, hear, require, driver, ...values }) {
  delete process.env.LD_PRELOAD
  const faulty = require(driver)
  const world = await faulty.begin(values)
  say({ questions: Object.keys(world.questions) })
  for (;;) {
    const [name, parameters] = await hear()
    say({ outcomes: await faulty[name](world, parameters) })
  }
}

/** The errnos of each call's row; without those that come for ever only from a broken kernel. */
function errnosByCall(left = '') {
  return Object.fromEntries(
    Object.entries(TABLE).map(([call, { answer = '', hidden = '', error = '' }]) => {
      const errnos = `${answer} ${hidden} ${error}`.split(' ')
      return [call, errnos.filter((errno) => errno !== '' && errno !== left)]
    })
  )
}

function isAllowed({ call, errno, told, next }) {
  if (next !== 'answer') return false
  if (told === 'answer') return true
  const { hidden = '', error = '', or } = TABLE[call] ?? {}
  if (hidden.split(' ').includes(errno)) return told === 'null' || told === 'younger holder'
  return error.split(' ').includes(errno) && [errno, or].includes(told.split(' ')[0])
}
