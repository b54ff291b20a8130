// args of getProcessInfo: the command line as the kernel holds it. The programs are cat: what it
// echoes shows that it runs.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { test } from 'node:test'
import { getProcessInfo } from '../../index.js'
import { needsLinux, needsPython, pythonPath, startPython } from '../support/holders.mjs'

const skip = needsLinux || needsPython
const LIMIT = 256 * 1024

/** Overwrites the memory that the kernel shows as the command line, and says how long that is. */
const OVERWRITE = `
  def overwrite(text_of):
      fields = open('/proc/self/stat').read().rpartition(')')[2].split()
      start, end = int(fields[45]), int(fields[46])
      text = text_of(end - start)
      ctypes.memmove(start, text, len(text))
      say(bytes=end - start)
      hear()
`

/** Starts Python with these arguments: text, each character a byte, or [character, how many]. */
function startWith(t, args) {
  const code = `
    program = 'import os; os.write(1, b"1\\\\n"); os.read(0, 1)'
    texts = [arg if isinstance(arg, str) else arg[0] * arg[1] for arg in values['args']]
    args = [text.encode('latin-1') for text in texts]
    os.execv(values['python'], ['python', '-c', program] + args)`
  return startPython(t, code, { values: { args, python: pythonPath } })
}

async function argsAfterProgram(child) {
  const { args } = await getProcessInfo(child.pid)
  assert.deepEqual(args.slice(0, 2), ['python', '-c'])
  return args.slice(3)
}

for (const [name, args] of [
  ['spaces, quotes and line feeds', ['a b', '"c"', "d'e", 'f\ng', '\\', '\t']],
  ['empty strings', ['', 'a', '', '', 'b', '']],
  ['no more than the program', []],
  ['what looks like the end of something', ['--', ') S 1 (', ' (deleted)', '\x1b[31mred\r']],
  ['100 KB in one', ['x'.repeat(100_000)]]
]) {
  test(`arguments are told as they are: ${name}`, { skip }, async (t) => {
    const child = await startWith(t, args)

    assert.deepEqual(await argsAfterProgram(child), args)
  })
}

test('UTF-8 is told as it is, other bytes as U+FFFD', { skip }, async (t) => {
  const utf8 = Buffer.from('naïve ☕ 𝄞').toString('latin1')
  const child = await startWith(t, [utf8, 'caf\xe9', '\xff\xfe', 'x\xc3'])

  const args = await argsAfterProgram(child)

  assert.deepEqual(args, ['naïve ☕ 𝄞', 'caf\ufffd', '\ufffd\ufffd', 'x\ufffd'])
})

test('300 KB are cut at a whole argument', { skip }, async (t) => {
  const child = await startWith(t, [
    ['a', 100_000],
    ['b', 100_000],
    ['c', 100_000]
  ])

  const args = await argsAfterProgram(child)

  assert.deepEqual(args, ['a'.repeat(100_000), 'b'.repeat(100_000)])
})

test('the limit counts NULs: what just fits is whole, one byte more is cut', {
  skip
}, async (t) => {
  const bare = await startWith(t, [])
  const room = LIMIT - fs.readFileSync(`/proc/${bare.pid}/cmdline`).length
  const lengthsWith = async (last) => {
    const child = await startWith(t, [
      ['a', 99_999],
      ['b', 99_999],
      ['c', last]
    ])
    return (await argsAfterProgram(child)).map(({ length }) => length)
  }

  const fitting = room - 200_001

  assert.deepEqual(await lengthsWith(fitting), [99_999, 99_999, fitting])
  assert.deepEqual(await lengthsWith(fitting + 1), [99_999, 99_999])
})

test('a program that has overwritten its command line is told as it wants', { skip }, async (t) => {
  const code = `${OVERWRITE}
  overwrite(lambda room: b'worker process: 2'.ljust(room, b'\\0'))`
  const child = await startPython(t, code)

  const { args } = await getProcessInfo(child.pid)

  // What followed is overwritten too: the kernel's text has its NULs.
  assert.equal(args[0], 'worker process: 2')
  assert.deepEqual(new Set(args.slice(1)), new Set(['']))
})

test('one that has overwritten its last NUL is told by what stands there', { skip }, async (t) => {
  const code = `${OVERWRITE}
  overwrite(lambda room: b'title\\0'.ljust(room, b'x'))`
  const child = await startPython(t, code)

  const { args } = await getProcessInfo(child.pid)

  assert.deepEqual(args, ['title'])
})

test('a first argument longer than the limit is cut, between characters', { skip }, async (t) => {
  const code = `${OVERWRITE}
  if sys.argv[-1] != 'again':
      os.execv(values['python'], ['python', '-c', values['source'], *sys.argv[1:], *['x' * 100_000] * 3, 'again'])
  overwrite(lambda room: 'é'.encode() * ((room - 1) // 2))`
  const source = fs.readFileSync(new URL('../fixtures/holder.py', import.meta.url), 'utf8')
  const child = await startPython(t, code, { values: { python: pythonPath, source } })

  const { args } = await getProcessInfo(child.pid)

  assert.ok(child.said.bytes > 300_000)
  assert.deepEqual(args, ['é'.repeat(LIMIT / 2 - 1)])
})

test('each answer has its own array', { skip: needsLinux }, async () => {
  const [first, second] = await Promise.all([
    getProcessInfo(process.pid),
    getProcessInfo(process.pid)
  ])
  first.args.push('mine')

  assert.notDeepEqual(first.args, second.args)
})
