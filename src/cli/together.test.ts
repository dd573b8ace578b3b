import assert from 'node:assert/strict'
import { test } from 'node:test'
import { together } from './together.ts'

test('what every one came to, in their order', async () => {
  assert.deepEqual(await together([Promise.resolve(1), Promise.resolve(2)]), [1, 2])
})

test('a failure is told once the others have ended', async () => {
  const slow = Promise.withResolvers<void>()
  let isOver = false
  const all = together([Promise.reject(new Error('first')), slow.promise]).finally(() => {
    isOver = true
  })
  const told = assert.rejects(all, /first/)
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(isOver, false)
  slow.resolve()
  await told
})
