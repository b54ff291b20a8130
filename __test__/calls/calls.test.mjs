// How many system calls a lookup makes, in a small world: a pid namespace whose pid 1 has made
// forty processes with sixty descriptors each, where nothing else starts or ends. Counts, never times.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import {
  needsProgram,
  needsPython,
  needsRoot,
  startPython,
  temporaryDirectory
} from '../support/holders.mjs'
import { after } from '../support/through.mjs'
import { callsOf, tracedCommand } from '../support/trace.mjs'

const skip = needsRoot || needsPython || needsProgram('strace')

const WORLD = `
    import subprocess
    flying = socket.socketpair()
    listener = listen(backlog=200)
    port = port_of(listener)
    clients = []
    for _ in range(40):
        ours, theirs = socket.socketpair()
        def live():
            filled = [os.dup(0) for _ in range(50)]
            connections = []
            while command := theirs.recv(1):
                if command == b'.':
                    connections.append(client('127.0.0.1', port))
                else:
                    connections.pop(0).close()
                theirs.send(struct.pack('H', port_of(connections[-1]) if connections else 0))
        pid = fork(live)
        theirs.close()
        clients.append((pid, ours))
    say(pid=os.getpid())
    command = subprocess.Popen(values['command'], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    def told(line):
        command.stdin.write((json.dumps(line) + '\\n').encode())
        command.stdin.flush()
        return json.loads(command.stdout.readline())
    def ends(port_of_client):
        host = '127.0.0.1'
        return dict(localAddress=host, localPort=port, remoteAddress=host, remotePort=port_of_client)
    command.stdout.readline()
    while True:
        order = hear()
        if order[0] == 'connect':
            pid, channel = clients[order[1]]
            channel.send(b'.')
            say(ends=ends(struct.unpack('H', channel.recv(2))[0]), pid=pid)
        elif order[0] == 'disconnect':
            _, channel = clients[order[1]]
            channel.send(b'-')
            channel.recv(2)
            say()
        elif order[0] == 'fly':
            sockets = [client('127.0.0.1', port) for _ in range(order[1])]
            ports = [port_of(one) for one in sockets]
            flying[0].sendmsg([b'.'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                struct.pack('%di' % len(sockets), *[one.fileno() for one in sockets]))])
            for one in sockets:
                one.close()
            say(questions=[dict(ends=ends(one), pid=None) for one in ports])
        else:
            say(**told(dict(name=order[1], asked=order[2])))`

const through = [
  'unshare',
  '--pid',
  '--net',
  '--fork',
  '--mount-proc',
  ...after('ip link set lo up')
]

/** A world, and a process in it that looks up and whose calls are counted. */
async function startWorld(t) {
  const log = path.join(temporaryDirectory(t), 'strace.txt')
  const values = { command: tracedCommand(log) }
  const world = await startPython(t, WORLD, { through, values })
  assert.equal(world.said.pid, 1)
  const order = (...words) => world.tell(words).next()
  let asked = 0
  return {
    connect: (client) => order('connect', client),
    /** Closes that client's oldest connection. */
    disconnect: (client) => order('disconnect', client),
    fly: async (count) => (await order('fly', count)).questions,
    /** The calls of these lookups, all made at once. */
    async count(...questions) {
      asked += 1
      const name = `lookup-${asked}`
      const { pids } = await order(
        'look',
        name,
        questions.map(({ ends }) => ends)
      )
      assert.deepEqual(
        pids,
        questions.map(({ pid }) => pid)
      )
      return callsOf(log, name)
    },
    plainWalk: () => plainWalk(world.pid)
  }
}

/**
 * The calls with which everything can be read once: a directory takes one to open, one to list, one
 * to see the end and one to close, a link one. `/proc/self`'s own links need none.
 */
function plainWalk(insider) {
  const child = fs.readFileSync(`/proc/${insider}/task/${insider}/children`, 'utf8').trim()
  const namespace = (pid) => fs.readlinkSync(`/proc/${pid}/ns/pid`)
  const world = namespace(child)
  let calls = 4
  for (const pid of fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    let isTraced = false
    try {
      if (namespace(pid) !== world) continue
      isTraced = fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith(process.execPath)
    } catch {
      continue // Gone, and none of ours.
    }
    calls += 4 + (isTraced ? 0 : fs.readdirSync(`/proc/${pid}/fd`).length)
  }
  return calls
}

test('a lookup that finds nobody reads everything once', { skip }, async (t) => {
  const world = await startWorld(t)
  const [question] = await world.fly(1)
  // The very first one lists the machine's control groups too, once.
  await world.count(question)

  const { total } = await world.count(question)

  const plain = world.plainWalk()
  assert.ok(plain > 2000, `${plain}`)
  assert.ok(total > plain * 0.95 && total <= plain * 1.05, `${total} of ${plain}`)
})

test('fifty lookups that find nobody share one walk', { skip }, async (t) => {
  const world = await startWorld(t)
  const questions = await world.fly(51)

  const one = await world.count(questions[0])
  const fifty = await world.count(...questions.slice(1))

  assert.ok(fifty.total <= one.total * 1.1, `${fifty.total}, one alone ${one.total}`)
})

test('fifty owners are found by one walk and a dozen calls each', { skip }, async (t) => {
  const world = await startWorld(t)
  await world.count(...(await world.fly(1)))
  const questions = []
  for (let i = 0; i < 50; i += 1) questions.push(await world.connect(i % 40))

  const { total } = await world.count(...questions)

  const plain = world.plainWalk()
  assert.ok(total <= plain + 50 * 12, `${total} of ${plain}`)
})

test('a new owner costs a count of each process and the tables that changed', {
  skip
}, async (t) => {
  const world = await startWorld(t)
  await world.count(...(await world.fly(1)))
  const question = await world.connect(20)

  const { total } = await world.count(question)

  const plain = world.plainWalk()
  assert.ok(total <= plain / 5, `${total} of ${plain}`)
})

test('a recent owner is found without reading a table', { skip }, async (t) => {
  const world = await startWorld(t)
  await world.count(await world.connect(20))
  const question = await world.connect(20)

  const { kinds, total } = await world.count(question)

  assert.equal(kinds.getdents64, undefined)
  assert.ok(total <= 15, JSON.stringify(kinds))
})

test('a client that closes before it connects again costs a dozen calls, whoever its parent is', {
  skip
}, async (t) => {
  const world = await startWorld(t)
  await world.count(await world.connect(20))
  await world.disconnect(20)
  const question = await world.connect(20)

  const { kinds, total } = await world.count(question)

  // Its parent is pid 1 and has a hundred descriptors, which nobody reads.
  assert.equal(kinds.getdents64, undefined)
  assert.ok(total <= 12, JSON.stringify(kinds))
})

test('a pool of connections is found in its own table at most, before anybody is counted', {
  skip
}, async (t) => {
  const world = await startWorld(t)
  for (let i = 0; i < 6; i += 1) await world.count(await world.connect(20))
  const costs = []
  for (let i = 0; i < 12; i += 1) {
    // The lowest of the free numbers is the next one, and it differs.
    for (let closed = 0; closed <= i % 3; closed += 1) await world.disconnect(20)
    for (let opened = 0; opened < i % 3; opened += 1) await world.connect(20)
    costs.push(await world.count(await world.connect(20)))
  }

  // A walk would list and count everybody: more than forty of these.
  const counted = costs.filter(({ kinds }) => (kinds.newfstatat ?? 0) > 5)
  assert.deepEqual(counted, [])
  assert.ok(
    costs.every(({ total }) => total <= 100),
    `${costs.map(({ total }) => total)}`
  )
})
