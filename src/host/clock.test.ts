import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from './clock.ts'

test('no deadline comes early, wherever in a millisecond and in a turn of the loop it was set', async () => {
  const early: string[] = []
  const waits: Promise<void>[] = []
  for (let i = 0; i < 400; i += 1) {
    const at = systemClock.now() + (i % 7) + (i % 3) / 3
    waits.push(
      new Promise((resolve) => {
        systemClock.schedule(at, () => {
          const now = systemClock.now()
          if (now < at) early.push(`${at - now} ms`)
          resolve()
        })
      }),
    )
    // Some way into the turn: timers count from its beginning.
    for (const until = performance.now() + 0.3; performance.now() < until; );
    if (i % 20 === 19) await new Promise((resolve) => setImmediate(resolve))
  }
  // Deadlines of the clock do not keep the process alive.
  const stay = setInterval(() => {}, 1_000)
  await Promise.all(waits)
  clearInterval(stay)
  assert.deepEqual(early, [])
})

test('a clock that is set back makes no wait longer', async (t) => {
  const real = Date.now
  const startedMs = performance.now()
  const stay = setInterval(() => {}, 1_000)
  await new Promise<void>((resolve) => {
    systemClock.schedule(systemClock.now() + 20, resolve)
    t.mock.method(Date, 'now', () => real() - 3_600_000)
  })
  clearInterval(stay)
  assert.ok(performance.now() - startedMs >= 20)
})

test('a far deadline comes by the time of day, though less has passed: after a suspension', (t) => {
  const timers: { readonly run: () => void; readonly ms: number }[] = []
  t.mock.method(globalThis, 'setTimeout', ((run: () => void, ms: number) => {
    timers.push({ run, ms })
    return { unref() {} }
  }) as never)
  const real = Date.now
  const dayMs = 86_400_000
  let count = 0
  systemClock.schedule(real() + 365 * dayMs, () => (count += 1))
  timers.shift()!.run()
  t.mock.method(Date, 'now', () => real() + 365 * dayMs)
  const { run, ms } = timers.shift()!
  assert.ok(ms <= 3_600_000)
  run()
  const last = timers.shift()!
  assert.ok(count === 0 && last.ms <= 1, `${last.ms} ms`)
  const end = performance.now() + 2
  while (performance.now() < end);
  last.run()
  assert.equal(count, 1)
})
