// The simulated kernel, as tests write it. Commands are plain strings: `run` does them at once,
// `before` between two calls of the code under test.
//
//   run(spawn({ pid: 700, uid: 501 }), open(700, 5, listening({ port: 8080 })))
//   before('fdinfo', { pid: 700, fd: 5 }, close(700, 5))

import net from 'node:net'

const host = globalThis[Symbol.for('socket-owner.simulated-kernel')]
if (host === undefined)
  throw new Error('run this with: node --require __test__/darwin/host/preload.cjs')

export const DTYPE = { vnode: 1, socket: 2, kqueue: 5, pipe: 6 }
export const STATE = {
  closed: 0,
  listen: 1,
  synSent: 2,
  synReceived: 3,
  established: 4,
  closeWait: 5,
  finWait1: 6,
  closing: 7,
  lastAck: 8,
  finWait2: 9,
  timeWait: 10
}
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EBADF: 9,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EINVAL: 22,
  EMFILE: 24,
  ENOTCONN: 57
}
export const CLOEXEC = 2

/** An empty machine with kernel_task, whose caller is `uid`. */
export function reset({ uid = 501 } = {}) {
  host.kernel('reset')
  run(command('kernel', { uid }))
}

export function run(...commands) {
  for (const each of commands) host.kernel(each)
}

/**
 * Right before the call that fits `where` (`pid`, `fd`, and `nth` of those, 1 if not given), the
 * commands are done; `times` calls in a row, -1 for all. `call` is 'any' or a name of `counts`.
 */
export function before(call, where, ...commands) {
  host.kernel(`${command('at', { call, ...where })}\n${commands.join(';')}`)
}

/** The call fails with `errno` before it looks at anything. */
export function refuse(call, where, errno) {
  host.kernel(command('at', { call, ...where, errno }))
}

/** The call waits until `release`; `isHeld` tells that one does. */
export const hold = 'hold'
export const release = () => host.kernel('release')
export const isHeld = () => host.kernel('held') !== '0'

/** Calls by kind since `zero`. */
export function counts() {
  const { listpidsAllocated, ...calls } = JSON.parse(host.kernel('counts'))
  return calls
}

export function callCount() {
  return Object.values(counts()).reduce((sum, count) => sum + count, 0)
}

/** The calls since `record`, each `[name, pid, fd]`. */
export const record = () => host.kernel('record')
export const trace = () => JSON.parse(host.kernel('trace'))
export const zero = () => host.kernel('zero')
/** How many hooks have not run. Throws when one could not do its command. */
export const waitingHooks = () => Number(host.kernel('waiting'))
/** What the plain walk answers: a pid or -1. */
export const plainWalk = (port) => host.plainWalk(BigInt(port))

export const kernel = (options) => command('kernel', options)
export const networkInterface = (name, index) => command('interface', { name, index })
/** One more address of this machine; it has 127.0.0.1 and ::1. */
export const ownAddress = (address, scope) => {
  const { family } = addressKind(address)
  return command('address', { family, scope, bytes: addressBytes(address) })
}
/** Who used the other end of `fd`, a Unix-domain socket of this process, last; or `{ errno }`. */
export const peer = (fd, pid) =>
  command('peer', typeof pid === 'number' ? { fd, pid } : { fd, ...pid })
/** The same of all descriptors whose other end was `from`'s. */
export const peers = (from, pid) =>
  command('peers', typeof pid === 'number' ? { from, pid } : { from, ...pid })
/** `args` and `environment` are arrays. */
export const spawn = (process) => command('spawn', process)
/** `options` are those of a new process; a fork has its parent's, and its descriptors. */
export const fork = (parent, pid, options) => command('fork', { parent, pid, ...options })
export const exec = (pid, options) => command('exec', { pid, ...options })
export const change = (pid, options) => command('change', { pid, ...options })
/** A zombie; with `reaped` gone altogether. */
export const exit = (pid, options) => command('exit', { pid, ...options })
export const reap = (pid) => command('reap', { pid })
export const open = (pid, fd, file) => command('open', { pid, fd, ...file })
/** Changes the file object, as all its holders see it. */
export const set = (pid, fd, changes) => command('set', { pid, fd, ...changes })
export const close = (pid, fd) => command('close', { pid, fd })
/** The same file object under another number (`as`) or in another process (`to`) as well. */
export const pass = (pid, fd, options) => command('pass', { pid, fd, ...options })
export const move = (pid, fd, options) => command('move', { pid, fd, ...options })

/** A TCP socket of whatever state; ends are `{ address, port }`. */
export function tcp({ local, foreign, state = 'established', ...rest }) {
  const kind = addressKind(local.address)
  return {
    kind: 2,
    type: 1,
    protocol: 6,
    family: kind.family,
    vflag: kind.vflag,
    state: STATE[state],
    local: addressBytes(local.address),
    local_port: local.port,
    foreign: foreign === undefined ? undefined : addressBytes(foreign.address),
    foreign_port: foreign?.port,
    ...rest
  }
}

/** A listener: on all IPv4 addresses if no other is given; '::' means both families. */
export function listening({ address = '0.0.0.0', port, ...rest }) {
  const vflag = address === '::' ? 3 : undefined
  return tcp({ local: { address, port }, state: 'listen', ...(vflag && { vflag }), ...rest })
}

/** A UDP socket, connected if it has a foreign end; '::' means both families. */
export const udp = ({ address = '0.0.0.0', port, foreign, ...rest }) => ({
  ...tcp({ local: { address, port }, foreign }),
  kind: 1,
  type: 2,
  protocol: 17,
  ...(address === '::' && { vflag: 3 }),
  ...rest
})

export const file = { fdtype: DTYPE.vnode }

function addressKind(address) {
  if (net.isIPv4(address)) return { family: 2, vflag: 1 }
  // A socket of family IPv6 that speaks IPv4.
  if (address.startsWith('::ffff:')) return { family: 30, vflag: 1 }
  return { family: 30, vflag: 2 }
}

/** 16 bytes in hexadecimal. IPv4 stands in the last four behind zeros; a scope in bytes 2 and 3. */
function addressBytes(address) {
  const v4 = address.replace(/^::ffff:/, '')
  const bytes = Buffer.alloc(16)
  if (net.isIPv4(v4)) {
    bytes.set(v4.split('.').map(Number), 12)
    return bytes.toString('hex')
  }
  const [plain, scope = '0'] = address.split('%')
  const [head, tail = ''] = plain.split('::')
  const words = (text) => (text === '' ? [] : text.split(':').map((word) => Number(`0x${word}`)))
  const [front, back] = [words(head), words(tail)]
  front.forEach((word, i) => {
    bytes.writeUInt16BE(word, i * 2)
  })
  back.forEach((word, i) => {
    bytes.writeUInt16BE(word, 16 - (back.length - i) * 2)
  })
  if (Number(scope) !== 0) bytes.writeUInt16BE(Number(scope), 2)
  return bytes.toString('hex')
}

function command(verb, options = {}) {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return [verb, ...given.map(([key, value]) => `${key}=${encoded(value)}`)].join(' ')
}

/** Ends each string of an array: ARGUMENT_END of kernel.h. */
const END = Buffer.from([0x1f])

function bytesOf(value) {
  if (Array.isArray(value)) return Buffer.concat(value.flatMap((each) => [Buffer.from(each), END]))
  return Buffer.from(typeof value === 'boolean' ? String(Number(value)) : String(value))
}

/** A space or a semicolon would end the value. */
function encoded(value) {
  return [...bytesOf(value)]
    .map((byte) =>
      byte > 0x20 && byte < 0x7f && !'%;'.includes(String.fromCharCode(byte))
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).padStart(2, '0')}`
    )
    .join('')
}
