import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sleep } from '#lib/clock.ts'
import { createVirtualClock } from './clock.ts'
import { createSimulatedProcess } from './process.ts'

test('of a killed process nothing goes on: no deadline, no answer, no call', async () => {
  const clock = createVirtualClock(0)
  const process = createSimulatedProcess('p', clock)
  const seen: string[] = []
  const target = {
    async answer(what: string) {
      seen.push(`called ${what}`)
      await sleep(clock, 10)
      return what
    },
  }
  const own = process.guard(target)
  own.answer('before').then((what) => seen.push(`answered ${what}`))
  await clock.advance(20)
  process.clock.schedule(25, () => seen.push('due'))
  process.clock.schedule(40, () => seen.push('due too late'))
  own.answer('during').then((what) => seen.push(`answered ${what}`))
  await clock.advance(6)
  process.kill()
  void own.answer('after').then((what) => seen.push(`answered ${what}`))
  await clock.advance(100)
  assert.deepEqual(seen, ['called before', 'answered before', 'called during', 'due'])
  assert.equal(clock.pending, 0)
})

test('a clock that jumps tells another time of day, and durations stay what they are', async () => {
  const clock = createVirtualClock(1_000)
  const { clock: own, jump } = createSimulatedProcess('p', clock)
  const seen: number[] = []
  jump(500)
  assert.deepEqual([own.now(), own.monotonicMs()], [1_500, 0])
  own.schedule(own.now() + 100, () => seen.push(clock.now()))
  await clock.advance(200)
  assert.deepEqual(seen, [1_100])
})

test('a paused process goes on later: deadlines, answers and calls wait, and come in order', async () => {
  const clock = createVirtualClock(0)
  const process = createSimulatedProcess('p', clock)
  const seen: string[] = []
  const note = (what: string) => () => seen.push(`${what}@${clock.now()}`)
  process.clock.schedule(10, note('first'))
  process.clock.schedule(20, note('second'))
  process.clock.schedule(200, note('last'))
  void process.call(() => sleep(clock, 5)).then(note('answer'))
  process.pause()
  void process.call(async () => seen.push(`called@${clock.now()}`))
  const cancel = process.clock.schedule(30, note('never'))
  await clock.advance(50)
  assert.equal(seen.length, 0)
  cancel()
  process.resume()
  await clock.advance(200)
  assert.deepEqual(seen.toSorted(), ['answer@50', 'called@50', 'first@50', 'last@200', 'second@50'])
  assert.ok(seen.indexOf('first@50') < seen.indexOf('second@50'))
})
