import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { stoppable } from './stoppable.ts'

const listening = () => process.listenerCount('SIGHUP')

test('who is told to stop hears it, tidies up, and ends with what it says', async () => {
  const before = listening()
  const said: string[] = []
  const seen: string[] = []
  const running = stoppable({ error: (text) => said.push(text) }, async (signal) => {
    try {
      for (; !signal.aborted; await delay(1)) seen[0] = 'ran'
      signal.throwIfAborted()
    } finally {
      seen.push('tidied')
    }
  })
  process.kill(process.pid, 'SIGHUP')
  await assert.rejects(running, { code: 'Timeout', message: /stopped before its end/ })
  assert.deepEqual(seen, ['ran', 'tidied'])
  assert.match(said.join(''), /removed first/)
  assert.equal(listening(), before)
})

test('who ends by itself leaves signals as they were', async () => {
  const before = listening()
  assert.equal(await stoppable({ error: () => assert.fail('nobody stopped it') }, async () => listening()), before + 1)
  assert.equal(listening(), before)
})
