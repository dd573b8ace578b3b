import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { createVirtualClock } from '#sim/clock.ts'
import { discardBody, readRequestBody } from './exchange.ts'

/** A body of which too much has come; tells when it is let go. */
async function tooMuch() {
  const clock = createVirtualClock(0)
  const incoming = new PassThrough()
  const read = readRequestBody(incoming, undefined)
  incoming.write(Buffer.alloc(3 * 1024 * 1024 + 1))
  assert.equal(await read, 'tooLarge')
  let isOver = false
  const over = discardBody(incoming, clock).then(() => {
    isOver = true
  })
  return { clock, incoming, over, isOver: () => isOver }
}

test('too much is let come to its end, and nothing of it is kept', async () => {
  const { clock, incoming, over, isOver } = await tooMuch()
  for (let part = 0; part < 8; part += 1) await new Promise((resolve) => incoming.write(Buffer.alloc(1024 * 1024), resolve))
  assert.equal(isOver(), false)
  incoming.end()
  await over
  assert.equal(clock.pending, 0)
  assert.equal(incoming.readableLength, 0)
})

test('but not for long, nor for who has gone', async () => {
  const slow = await tooMuch()
  await slow.clock.advance(499)
  assert.equal(slow.isOver(), false)
  await slow.clock.advance(1)
  await slow.over
  const gone = await tooMuch()
  gone.incoming.destroy()
  await gone.over
  assert.equal(gone.clock.pending, 0)
})
