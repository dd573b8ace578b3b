import assert from 'node:assert/strict'
import { PassThrough, Writable } from 'node:stream'
import { test } from 'node:test'
import { createVirtualClock } from '#sim/clock.ts'
import { relay } from './relay.ts'
import type { RuntimeStreams } from './runtime-streams.ts'
import type { Outcome } from './streams.ts'

const success: Outcome = { metadata: {}, status: 'Success' }

/** A client that leaves, and a command that reads its input as `read` lets it. */
function scene(read: (done: () => void) => void) {
  const leaving = new AbortController()
  const stdin = new PassThrough({ highWaterMark: 1 << 20 })
  const told: Outcome[] = []
  const front = { stdin, closed: leaving.signal, finish: async (outcome: Outcome) => void told.push(outcome) }
  const ended = Promise.withResolvers<Outcome>()
  let sizeBytes = 0
  let isClosed = false
  const input = new Writable({
    highWaterMark: 1024,
    write(data: Uint8Array, _encoding, done) {
      assert.equal(isClosed, false)
      sizeBytes += data.length
      read(done)
    },
    final(done) {
      ended.resolve(success)
      done()
    },
  })
  const back: RuntimeStreams = { stdin: input, outcome: ended.promise, close: () => void (isClosed = true) }
  return { front, back, leaving, stdin, told, read: () => sizeBytes, isClosed: () => isClosed }
}

test('what a client sent before it left reaches the command to the last byte', async () => {
  const here = scene((done) => setImmediate(done))
  const over = relay(here.front, here.back, createVirtualClock(0))
  for (let i = 0; i < 50; i += 1) here.stdin.write(Buffer.alloc(8192))
  here.stdin.end()
  here.leaving.abort()
  await over
  assert.equal(here.read(), 50 * 8192)
  assert.equal(here.isClosed(), true)
})

test('a command that does not read what it was sent is not waited for without end', async () => {
  const here = scene(() => {})
  const clock = createVirtualClock(0)
  const over = relay(here.front, here.back, clock)
  for (let i = 0; i < 50; i += 1) here.stdin.write(Buffer.alloc(8192))
  here.leaving.abort()
  await clock.advance(60_000)
  await over
  assert.equal(here.isClosed(), true)
  assert.equal(here.told[0]?.message, 'client left')
  assert.equal(clock.pending, 0)
})

test('a command that is done before its client leaves is told of', async () => {
  const here = scene((done) => done())
  const over = relay(here.front, here.back, createVirtualClock(0))
  here.stdin.end()
  await over
  assert.deepEqual(here.told, [success])
})
