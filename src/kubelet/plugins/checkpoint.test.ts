import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSaver } from './checkpoint.ts'

test('who waits for a write waits for one that began after the call; many share one', async () => {
  const written: unknown[] = []
  const pending: { resolve(): void; reject(error: Error): void }[] = []
  let value = 0
  const save = createSaver(
    {
      write: (state) =>
        new Promise<void>((resolve, reject) => {
          written.push(state)
          pending.push({ resolve, reject })
        }),
    },
    () => value,
  )
  value = 1
  const first = save()
  value = 2
  const second = save()
  value = 3
  const third = save()
  assert.deepEqual(written, [1])
  pending[0]!.reject(new Error('full'))
  await assert.rejects(first, /full/)
  await settled()
  assert.deepEqual(written, [1, 3], 'a write that failed keeps no other from being tried')
  value = 4
  const fourth = save()
  assert.deepEqual(written, [1, 3], 'never two at once')
  pending[1]!.resolve()
  await Promise.all([second, third])
  await settled()
  assert.deepEqual(written, [1, 3, 4])
  pending[2]!.resolve()
  await fourth
})

const settled = () => new Promise<void>((resolve) => setImmediate(resolve))
