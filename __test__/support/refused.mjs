// Checks how a wrong argument is refused.

import assert from 'node:assert/strict'

/**
 * Checks the whole error: type, name, code, message, and that the stack contains the caller's line.
 */
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
