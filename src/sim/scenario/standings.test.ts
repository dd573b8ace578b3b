import assert from 'node:assert/strict'
import { test } from 'node:test'
import { courseOf } from './standings.ts'

const none = { count: 0, totalMs: 0, longestMs: 0 }

check(
  'never all',
  [
    [0, 0, 3],
    [5, 2, 3],
  ],
  { below: none },
)
check(
  'from some time on',
  [
    [1, 0, 3],
    [5, 2, 3],
    [9, 3, 3],
  ],
  { readyAtMs: 9, startMs: 8, below: none, fewestReady: 3 },
)
check(
  'fewer twice, the second time to the end',
  [
    [0, 2, 2],
    [10, 1, 2],
    [15, 2, 2],
    [90, 0, 2],
  ],
  {
    readyAtMs: 0,
    startMs: 0,
    below: { count: 2, totalMs: 15, longestMs: 10 },
    fewestReady: 0,
  },
)
check(
  'more is wished than there is',
  [
    [0, 1, 1],
    [40, 1, 3],
    [60, 3, 3],
  ],
  {
    readyAtMs: 0,
    startMs: 0,
    below: { count: 1, totalMs: 20, longestMs: 20 },
    fewestReady: 1,
  },
)
check('none is wished', [[0, 0, 0]], { below: none })

function check(name: string, points: readonly (readonly [atMs: number, ready: number, wish: number])[], expected: object): void {
  test(`course: ${name}`, () => {
    assert.deepEqual(
      courseOf(
        points.map(([atMs, ready, wish]) => ({ atMs, ready, wish })),
        100,
      ),
      expected,
    )
  })
}
