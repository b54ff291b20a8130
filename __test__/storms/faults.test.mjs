// Each system call of the package's Linux back end is made to fail, with each errno that it may have,
// at each place where a lookup makes it: no crash, no hang, no wrong pid, and the next call works.
// FAULTS_PLACES says at how many places of a lookup each errno is tried, other ones for other errnos;
// the long form, every place, is in scripts/ci-full.mjs.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { constants } from 'node:os'
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
} from '../support/holders.mjs'
import { after } from '../support/through.mjs'

const places = Number(process.env.FAULTS_PLACES ?? 1)
const skip = needsRoot || needsAddons || needsPython

// What a failure may make of a lookup whose true answer is known:
//   answer  nothing, the answer is the true one
//   hidden  the answer, or what it were if that process were hidden: null, or a younger holder
//   again   the answer, since it is asked again; an error where it fails from now on
//   error   the answer, or an error with that errno as its code
//   part    of a record, that it lacks what is read there
//   info    as error, of a record or a Unix socket alone: there is no other way to what it tells
//   text    as error, in the text tables alone: nothing is kept that could be given up
//   lack    that there are no descriptors, where that is so
//   closed  null, of a Unix socket: it looks closed
const GONE = 'ENOENT ESRCH'
const REFUSED = 'EACCES EPERM'
const FULL = 'EMFILE ENFILE'
const OTHER = 'ENOMEM EIO'

const LACK = { answer: FULL, text: FULL }

/** By call and object; numbers are N. Every call that the back end makes has to be here. */
const TABLE = {
  // Without knowing whose numbers /proc has there is nothing to believe.
  'fstatat /proc': { error: `${GONE} ${REFUSED} ${OTHER}` },
  // The listing of /proc.
  'openat /proc': { answer: FULL, text: FULL, error: `${GONE} ${REFUSED} ${OTHER} EINTR` },
  getdents64: { hidden: GONE, error: `${GONE} ${OTHER} EBADF EINTR` },
  // One process and its descriptors. Without a count it is visited all the same, or listed again.
  'fstatat N/fd': { hidden: `${GONE} ${REFUSED}`, again: OTHER },
  'openat N/fd': { ...LACK, hidden: `${GONE} ${REFUSED}`, again: `${OTHER} EINTR` },
  'readlinkat N': { hidden: `${GONE} ${REFUSED}`, error: OTHER },
  'readlinkat N/fd/N': { answer: `${GONE} ${REFUSED} ${OTHER}` },
  'fstatat N/task': { hidden: `${GONE} ${REFUSED}`, error: OTHER },
  'openat N/task': { answer: FULL, hidden: `${GONE} ${REFUSED}`, error: `${OTHER} EINTR` },
  'openat N/task/N/fd': { answer: FULL, hidden: `${GONE} ${REFUSED}`, error: `${OTHER} EINTR` },
  // Descent.
  'openat N/stat': { ...LACK, hidden: `${GONE} ${REFUSED}`, error: `${OTHER} EINTR` },
  // Of parents alone, which are in `stat` too. ENOTTY is an older kernel's answer, after which neither is
  // asked again.
  pidfd_open: { answer: `ESRCH EINVAL ${FULL} ENOMEM` },
  ioctl: { answer: 'ESRCH ENOTTY' },
  // Kept descriptors are checked, own ones looked at, by number; so is a record's directory.
  fstat: { answer: 'EBADF ENOMEM', info: 'EBADF ENOMEM', closed: 'EBADF' },
  close: { answer: 'EINTR EIO' },
  fcntl: { answer: 'EMFILE EINVAL' },
  // sock_diag. Where it is refused the text tables answer, all but a bound socket.
  'socket netlink': {
    answer: FULL,
    again: 'ENOMEM ENOBUFS',
    hidden: `${REFUSED} EPROTONOSUPPORT EAFNOSUPPORT EINVAL`
  },
  setsockopt: { hidden: 'EINVAL' },
  getsockname: { again: 'ENOBUFS ENOMEM' },
  send: {
    hidden: `${REFUSED} ECONNREFUSED EPIPE`,
    again: 'EINTR EAGAIN ENOBUFS ENOMEM'
  },
  recvfrom: { again: 'EINTR EAGAIN ENOBUFS ENOMEM' },
  // Whether an address is ours, where netlink does not tell.
  'socket inet': { answer: FULL, error: `${REFUSED} ${OTHER}` },
  bind: { error: `${REFUSED} ${OTHER}` },
  // Of a Unix-domain socket, at the call.
  'getsockopt domain': { closed: 'EBADF ENOTSOCK', info: 'ENOBUFS' },
  'getsockopt peer': { closed: 'EBADF ENOTSOCK', info: 'ENOBUFS' },
  getpeername: { closed: 'EBADF ENOTCONN', info: 'ENOBUFS' },
  // Placeholders of users, and names of interfaces, in a list.
  'openat self/uid_map': { answer: `${GONE} ${REFUSED} ${FULL} ${OTHER}` },
  if_indextoname: { part: 'ENXIO ENOMEM' },
  // The text tables. Where they can't be read either, why sock_diag can't is what is told.
  'openat net/udp': { answer: FULL, error: `${GONE} ${REFUSED} ${OTHER} EINTR`, or: 'EACCES' },
  'openat net/udpN': { answer: `${FULL} ENOENT`, error: `ESRCH ${REFUSED} ${OTHER}`, or: 'EACCES' },
  'openat net/tcp': { answer: FULL, error: `${GONE} ${REFUSED} ${OTHER} EINTR`, or: 'EACCES' },
  'openat net/tcpN': { answer: `${FULL} ENOENT`, error: `ESRCH ${REFUSED} ${OTHER}`, or: 'EACCES' },
  // Of tables and stat lines, and of a process's status.
  read: { hidden: 'ESRCH', part: 'ESRCH', error: `ESRCH ${OTHER} EINTR` },
  // Control groups are a hint, where the machine has them.
  'open self/mountinfo': { answer: `${GONE} ${REFUSED} ${FULL} ${OTHER}` },
  'open FILE': { answer: `${GONE} ${REFUSED} ${FULL} ${OTHER}` },
  'opendir FILE': { answer: `${GONE} ${REFUSED} ${FULL} ${OTHER}` },
  readdir: { answer: 'ENOENT EBADF EIO' },
  statx: { answer: `${GONE} ${REFUSED} ${OTHER}` },
  // Scopes.
  if_nametoindex: { answer: 'ENODEV ENXIO', error: `${FULL} EPERM ENOMEM` },
  // Programs.
  'readlinkat N/exe': { hidden: `${GONE} ${REFUSED}`, error: OTHER, lack: GONE },
  'fstatat N/exe': { hidden: `${GONE} ${REFUSED} ${OTHER}` },
  'fstatat N/root': { hidden: `${GONE} ${REFUSED} ${OTHER}` },
  'fstatat FILE': { hidden: `${GONE} ${REFUSED} ${OTHER}` },
  // Records, all of one directory.
  'openat N': { hidden: `${GONE} ${REFUSED}`, error: `${FULL} ${OTHER} EINTR` },
  'openat stat': { hidden: `${GONE} ${REFUSED}`, error: `${FULL} ${OTHER} EINTR` },
  'openat cmdline': { part: `${GONE} ${REFUSED}`, error: `${FULL} ${OTHER} EINTR` },
  'openat cgroup': { part: `${GONE} ${REFUSED}`, error: `${FULL} ${OTHER} EINTR` },
  'readlinkat exe': { part: `${GONE} ${REFUSED}`, error: OTHER },
  'readlinkat cwd': { hidden: GONE, part: REFUSED, error: OTHER },
  'fstatat exe': { part: `${GONE} ${REFUSED} ${OTHER}` },
  'readlinkat fd/N': { hidden: `${GONE} ${REFUSED}`, error: OTHER },
  'fstatat root': { part: `${GONE} ${REFUSED} ${OTHER}` },
  tgkill: { answer: 'EPERM', hidden: 'ESRCH', error: 'EINVAL ENOSYS', or: 'EMFILE' }
}

const HINTS = /^(open|opendir|readdir|statx)\b/

function isAbsence(manner, number) {
  return /^fail/.test(manner) && [constants.errno.EPERM, constants.errno.ENOENT].includes(number)
}

/** What may come of each datagram of sock_diag that is not as it should be: [manner, number]. */
const REPLIES = [
  ...['foreign sequence', 'foreign port id', 'foreign sender', 'longer than its room'],
  ...[0, 15, 16, 20, 87, 88].map((bytes) => ['cut', bytes]),
  ...[0, 15, 16, -1].map((bytes) => ['message length', bytes]),
  ...[0, 4].map((type) => ['message type', type]),
  ...['EINTR', 'EBUSY', 'ENOMEM', 'EPERM'].map((errno) => ['failure', constants.errno[errno]]),
  ['failed end', constants.errno.ENOENT]
].map((manner) => [manner].flat())

test(`a call that fails once, tried at ${places} places a lookup, makes no wrong answer`, {
  skip
}, async (t) => {
  const host = await startFaulty(t)

  const told = await host.ask('failOnce', { errnos: errnosByCall(), places })

  const calls = new Set(told.outcomes.map(({ call }) => call))
  const needed = (names) => [...names].filter((name) => !HINTS.test(name)).sort()
  assert.deepEqual(needed(calls), needed(Object.keys(TABLE)), 'every call, and no other')
  assert.deepEqual(wrongOnes(told.outcomes), [])
})

test('a process that cannot be counted may have lost its first thread', { skip }, async (t) => {
  const host = await startFaulty(t)
  const only = { question: 'thread of a zombie', call: 'fstatat N/fd' }

  const told = await host.ask('failOnce', { errnos: errnosByCall(), places: 1000, only })

  assert.ok(told.outcomes.length > 50, `${told.outcomes.length} outcomes`)
  assert.deepEqual(wrongOnes(told.outcomes), [])
})

test('a call that fails from now on makes no wrong answer, and works again', {
  skip
}, async (t) => {
  const host = await startFaulty(t)

  // Only a broken kernel does not know a descriptor that it has just opened. Interruptions without
  // end are tried where we call again ourselves; Rust's own reading goes on for ever.
  const { fstat, ...errnos } = errnosByCall('EINTR')
  for (const call of ['send', 'recvfrom']) errnos[call].push('EINTR')
  const told = await host.ask('failAlways', { errnos })

  const isLack = ({ errno, told }) => FULL.includes(errno) && told.startsWith(errno)
  const others = told.outcomes.filter((outcome) => !isLack(outcome))
  assert.deepEqual(wrongOnes(others, { stays: true }), [])
})

test('a reply that is foreign, cut or of wrong lengths makes no wrong answer', {
  skip
}, async (t) => {
  const host = await startFaulty(t)

  const told = await host.ask('changeReplies', { replies: REPLIES })

  // A foreign one is passed over, any other asked for again. Only where sock_diag says that it is not
  // there the text answers, which knows no bound socket and no interface.
  const inText = { 'bound socket': 'null', 'list of a link-local port': 'in part' }
  const isRight = ({ manner, number, told, question }) =>
    told === 'answer' || (isAbsence(manner, number) && told === inText[question])
  assert.deepEqual(
    told.outcomes.filter((outcome) => !isRight(outcome)),
    []
  )
  assert.ok(told.outcomes.length > REPLIES.length)
})

test('tables and lines that come in small pieces are read whole', { skip }, async (t) => {
  const host = await startFaulty(t)

  const told = await host.ask('readInPieces')

  assert.deepEqual(
    told.outcomes.filter(({ told }) => told !== 'answer'),
    []
  )
})

/** Starts the process whose calls fail, in a small world of its own. */
async function startFaulty(t) {
  const addon = compileAddon(t, 'faults.c', 'faults_rules.c')
  const program = path.join(temporaryDirectory(t), 'sleep')
  fs.copyFileSync('/bin/sleep', program)
  const source = fs.readFileSync(fixture('holder.py'), 'utf8')
  const driver = fixture('faulty.cjs')
  const values = { driver, addon, root: `${packageRoot}/`, python: pythonPath, source, program }
  // A network in a network may have a table of connections of its own, and a small one: the kernel reads
  // a whole table for each lookup, and the machine's has a place for each of its own connections.
  const small = 'echo 1024 > /proc/sys/net/ipv4/tcp_child_ehash_entries || true'
  const outer = ['unshare', '--net', ...after(`{ ${small}; } 2> /dev/null`)]
  const own = [...outer, 'unshare', '--pid', '--net', '--fork', '--mount-proc']
  const addresses = [
    'ip link set lo up',
    'ip addr add 198.51.100.1/32 dev lo',
    'ip addr add fe80::1/64 dev lo nodad'
  ].join('; ')
  // Pid 1 of its own is a shell that waits, as an init does.
  const through = [...own, ...after(addresses), 'sh', '-c', '"$@"; exit $?', 'sh']
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

/** The errnos of each call's row, without one that is left out. */
function errnosByCall(left = '') {
  return Object.fromEntries(
    Object.entries(TABLE).map(([call, { or, ...row }]) => {
      const errnos = new Set(Object.values(row).join(' ').split(' '))
      return [call, [...errnos].filter((errno) => errno !== left)]
    })
  )
}

/** A line for each kind of outcome that the table does not allow. */
function wrongOnes(outcomes, { stays = false } = {}) {
  const lines = outcomes
    .filter((outcome) => !isAllowed(outcome, stays))
    .map(({ call, errno, told, next, question, isWarm }) => {
      const whose = `${isWarm ? 'warm' : 'cold'} ${question}`
      return `${call} ${errno}: ${told}, and then ${next} (${whose})`
    })
  return [...new Set(lines)]
}

function isAllowed({ call, errno, told, next, question }, stays) {
  if (next !== 'answer') return false
  if (told === 'answer') return true
  const { or, ...row } = TABLE[call] ?? {}
  const isIn = (key) => row[key]?.split(' ').includes(errno) ?? false
  if (isIn('hidden') && ['null', 'younger holder'].includes(told)) return true
  if (isIn('part') && told === 'in part') return true
  // The text knows no interface.
  const isText = isIn('hidden') || (isIn('again') && stays)
  if (isText && question.startsWith('list') && told === 'in part') return true
  if (isIn('closed') && question === 'Unix peer' && told === 'null') return true
  const hasNone = question === 'path without descriptors'
  if (isIn('lack') && hasNone && told.startsWith('EMFILE ')) return true
  const mayFail =
    isIn('error') ||
    (isIn('again') && stays) ||
    (isIn('info') && /^(info|record|Unix)/.test(question)) ||
    (isIn('text') && question.endsWith('in the text'))
  return mayFail && [errno, or].includes(told.split(' ')[0])
}
