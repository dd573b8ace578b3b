import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createVirtualClock, type VirtualClock } from '#sim/clock.ts'
import type { Span } from './span.ts'
import { createSpanQueue, type SpanQueue } from './span-queue.ts'

/** A collector that answers when it is told to: `true` for what it took. */
interface Collector {
  readonly batches: number[]
  answer(isTaken: boolean): void
}

check('spans are sent together, a moment later', async ({ queue, collector, clock }) => {
  keep(queue, 3)
  assert.deepEqual(collector.batches, [])
  await clock.advance(5_000)
  assert.deepEqual(collector.batches, [3])
})
check('many are sent at once', async ({ queue, collector }) => {
  keep(queue, 512)
  assert.deepEqual(collector.batches, [512])
})
check('what finds no room is dropped, and never waited for', async ({ queue, collector, dropped }) => {
  keep(queue, 512)
  keep(queue, 4_096 + 10)
  assert.deepEqual(collector.batches, [512])
  assert.deepEqual(dropped, Array(10).fill('1 full'))
  assert.equal(queue.dropped, 10)
})
check('what the collector refuses is not sent again', async ({ queue, collector, dropped, clock }) => {
  keep(queue, 2)
  await clock.advance(5_000)
  collector.answer(false)
  await clock.advance(60_000)
  assert.deepEqual([collector.batches, dropped, queue.dropped], [[2], ['2 refused'], 2])
})
check('the end sends what is left', async ({ queue, collector, clock }) => {
  keep(queue, 1)
  let isClosed = false
  const closed = queue.close().then(() => (isClosed = true))
  assert.deepEqual(collector.batches, [1])
  collector.answer(true)
  await clock.advance(0)
  await closed
  assert.ok(isClosed)
  assert.equal(queue.dropped, 0)
  keep(queue, 1)
  await clock.advance(60_000)
  assert.deepEqual([collector.batches, queue.dropped], [[1], 1])
})
check('the end waits for nobody for long', async ({ queue, collector, dropped, clock }) => {
  keep(queue, 512)
  keep(queue, 3)
  const closed = queue.close()
  await clock.advance(1_000)
  await closed
  assert.deepEqual([collector.batches, dropped], [[512], ['3 refused']])
})

interface Parts {
  readonly queue: SpanQueue
  readonly collector: Collector
  readonly clock: VirtualClock
  readonly dropped: readonly string[]
}

function check(title: string, act: (parts: Parts) => Promise<void>): void {
  test(title, async () => {
    const clock = createVirtualClock(0)
    const batches: number[] = []
    const dropped: string[] = []
    let answer: Collector['answer'] = () => {}
    const queue = createSpanQueue({
      clock,
      closeMs: 1_000,
      onFailure() {},
      onDropped: (spans, why) => void dropped.push(`${spans} ${why}`),
      send: (spans) =>
        new Promise((resolve, reject) => {
          batches.push(spans.length)
          answer = (isTaken) => (isTaken ? resolve() : reject(new Error('no')))
        }),
    })
    await act({ queue, collector: { batches, answer: (isTaken) => answer(isTaken) }, clock, dropped })
  })
}

function keep(queue: SpanQueue, count: number): void {
  for (let n = 0; n < count; n += 1) queue.keep({ name: 'a' } as Span)
}
