// How a wrong argument is refused.

import assert from 'node:assert/strict'

/** The whole error: type, code, message, name, and where the caller's own line stands. */
export async function assertRefused(call, Type, code, message) {
  const promise = call()
  assert.ok(promise instanceof Promise)
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof Type)
    assert.equal(error.name, Type.name)
    assert.equal(error.code, code)
    assert.equal(error.message, message)
    assert.ok(error.stack.startsWith(`${Type.name} [${code}]: ${message}`))
    assert.match(error.stack, /\.test\.mjs/)
    return true
  })
}
