import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Item } from '../cacher/item.ts'
import { deleteInOrder } from './delete-in-order.ts'

test('only so many wait for the disk at once, and all are waited for', async () => {
  const items = Array.from({ length: 200 }, (_, i) => ({ object: { metadata: { name: `o${i}` } } }) as unknown as Item)
  const waiting: (() => void)[] = []
  let most = 0
  let begun = 0
  const all = deleteInOrder(items, async (_object, committing) => {
    begun += 1
    committing()
    await new Promise<void>((resolve) => {
      most = Math.max(most, waiting.push(resolve))
    })
  })
  while (begun < items.length) {
    await new Promise((resolve) => setImmediate(resolve))
    for (const written of waiting.splice(0)) written()
  }
  for (const written of waiting.splice(0)) written()
  await all
  assert.equal(most, 64)
})
