import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Client } from '#client/client.ts'
import { WherryError } from '#lib/errors.ts'
import { silentLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createSliceWiper } from './slice-wiper.ts'

test('what cannot be deleted is tried again, but not once its driver is back', async () => {
  const clock = createVirtualClock(0)
  const deleted: string[] = []
  let isAway = true
  const client = {
    async list(_kind: unknown, { fieldSelector = '' }) {
      if (isAway) throw new WherryError('ServiceUnavailable', 'away')
      return { items: [{ metadata: { name: fieldSelector.slice(fieldSelector.lastIndexOf('=') + 1), uid: 'u' } }] }
    },
    delete: async (_kind: unknown, name: string) => void deleted.push(name),
  } as unknown as Client
  const wiper = createSliceWiper({ nodeName: 'n', client, clock, random: seededRandom(1), log: silentLog })
  for (const driver of ['one', 'two']) wiper.wipe(driver)
  await clock.advance(10_000)
  wiper.spare('one')
  isAway = false
  await clock.advance(60_000)
  assert.deepEqual(deleted, ['two'])
  wiper.wipe('one')
  await clock.advance(0)
  assert.deepEqual(deleted, ['two', 'one'])
  wiper.close()
})
