import assert from 'node:assert/strict'
import { test } from 'node:test'
import { calmMs, judge, noPressure } from './judge.ts'
import type { Observations } from './signals.ts'
import type { Threshold } from './thresholds.ts'

const minute = 60_000
const hard: Threshold = { signal: 'memory.available', value: { quantity: 100 }, graceMs: 0 }
const softly: Threshold = { signal: 'memory.available', value: { quantity: 300 }, graceMs: minute }
const disk: Threshold = { signal: 'nodefs.available', value: { share: 0.1 }, graceMs: 0, minimumReclaim: { quantity: 50 } }
const left = (memory: number, nodefs = 1000): Observations => ({
  'memory.available': { capacity: 1000, available: memory },
  'nodefs.available': { capacity: 1000, available: nodefs },
})

/** A story: what is left at each minute, and `pressures / what is acted on`. */
function check(
  title: string,
  thresholds: readonly Threshold[],
  story: readonly (readonly [atMinutes: number, Observations, string])[],
): void {
  test(title, () => {
    let state = noPressure
    for (const [at, observations, expected] of story) {
      const found = judge({ now: at * minute, thresholds, observations, transitionMs: 5 * minute, state })
      state = found.state
      const actionable = found.actionable.map(({ signal, graceMs }) => (graceMs > 0 ? `${signal} (soft)` : signal))
      assert.equal(`${found.pressures.join(' ')} / ${actionable.join(' ')}`, expected, `after ${at} min`)
    }
  })
}

check('enough of everything', [hard, softly, disk], [[0, left(500), ' / ']])
check('exactly the threshold is enough', [hard], [[0, left(100), ' / ']])
check(
  'a hard threshold acts at once, and its condition outlasts it by the transition period',
  [hard],
  [
    [0, left(99), 'MemoryPressure / memory.available'],
    [1, left(500), 'MemoryPressure / '],
    [5, left(500), ' / '],
    [6, left(50), 'MemoryPressure / memory.available'],
  ],
)
check(
  'a condition that comes back within the period never went',
  [hard],
  [
    [0, left(99), 'MemoryPressure / memory.available'],
    [3, left(99), 'MemoryPressure / memory.available'],
    [7, left(500), 'MemoryPressure / '],
    [8, left(500), ' / '],
  ],
)
check(
  'a soft threshold waits out its grace, and shows the condition meanwhile',
  [softly],
  [
    [0, left(200), 'MemoryPressure / '],
    [0.5, left(200), 'MemoryPressure / '],
    [1, left(200), 'MemoryPressure / memory.available (soft)'],
  ],
)
check(
  'a break starts the grace anew',
  [softly],
  [
    [0, left(200), 'MemoryPressure / '],
    [0.9, left(400), 'MemoryPressure / '],
    [1.1, left(200), 'MemoryPressure / '],
    [2, left(200), 'MemoryPressure / '],
    [2.1, left(200), 'MemoryPressure / memory.available (soft)'],
  ],
)
check(
  'eviction goes on until the minimum reclaim is won',
  [disk],
  [
    [0, left(500, 99), 'DiskPressure / nodefs.available'],
    [1, left(500, 149), 'DiskPressure / nodefs.available'],
    [2, left(500, 150), 'DiskPressure / '],
  ],
)
check('a minimum reclaim alone begins nothing', [disk], [[0, left(500, 120), ' / ']])
check('memory goes before disks', [disk, hard], [[0, left(50, 50), 'DiskPressure MemoryPressure / memory.available nodefs.available']])
check('what nobody observed is not short', [{ ...hard, signal: 'pid.available' }], [[0, left(0), ' / ']])

test('it wakes for the end of a grace and of a transition', () => {
  const soft = judge({ now: 0, thresholds: [softly], observations: left(200), transitionMs: 5 * minute, state: noPressure })
  assert.equal(soft.wakeAt, minute)
  const over = judge({ now: 10, thresholds: [softly], observations: left(500), transitionMs: 5 * minute, state: soft.state })
  assert.equal(over.wakeAt, 5 * minute)
  assert.equal(judge({ now: 0, thresholds: [hard], observations: left(500), transitionMs: minute, state: noPressure }).wakeAt, Infinity)
})

test('the next look comes before the nearest threshold could be reached', () => {
  const memory = (available: number): Observations => ({ 'memory.available': { capacity: 64 * 2 ** 30, available } })
  const threshold: Threshold = { signal: 'memory.available', value: { quantity: 100 * 2 ** 20 }, graceMs: 0 }
  const ms = (available: number) => Math.round(calmMs([threshold], memory(available)))
  assert.equal(ms(100 * 2 ** 20 + 20 * 2 ** 30), 20_000)
  assert.equal(ms(0), 1_000, 'never more often than once a second')
  assert.equal(calmMs([threshold], memory(1e15)), 120_000, 'and not less than every two minutes')
})
