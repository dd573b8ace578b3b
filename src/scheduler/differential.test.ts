import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { seededRandom } from '#lib/random.ts'
import { type Difference, differencesOf } from './testing/differences.ts'
import { ourProfiles } from './testing/profiles.ts'
import type { Answer, RecordedCase } from './testing/recorded-case.ts'
import { replay } from './testing/replay.ts'

/** Chosen from thousands by tools/scheduler-differential, which also tells how they are recorded. */
const cases = gunzipSync(readFileSync(new URL('testing/recorded-cases.jsonl.gz', import.meta.url)))
  .toString()
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as RecordedCase)

for (const [area, list] of Map.groupBy(cases, (recorded) => recorded.area)) {
  test(`ours decides as the original in ${list.length} clusters about ${area}`, () => {
    const differing = list.flatMap((recorded) => {
      const answers = replay(recorded, ourProfiles(recorded.seed), seededRandom(recorded.seed))
      return recorded.steps.flatMap(({ pod, answer }, step) => {
        const differences = differencesOf(pod, answer, answers[step]!)
        return differences.length === 0 ? [] : [{ seed: recorded.seed, step, differences }]
      })
    })
    assert.deepEqual(differing, [])
  })
}

test('what is not the same is told', () => {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: {} }
  const check = (expected: Answer, ours: Answer, ...whats: readonly Difference['what'][]): void =>
    assert.deepEqual(
      differencesOf(pod, expected, ours).map(({ what }) => what),
      whats,
    )
  const placed = (node: string, totals: Readonly<Record<string, number>>): Answer => ({
    node,
    feasible: Object.keys(totals).sort(),
    totals,
    scores: { One: totals },
  })
  const two = placed('a', { a: 5, b: 5 })
  check(two, two)
  // Of two that are equally good either will do.
  check(two, placed('b', { a: 5, b: 5 }))
  check(two, placed('a', { a: 5, b: 4 }), 'score', 'best')
  check(placed('a', { a: 5, b: 4 }), placed('b', { a: 5, b: 4 }), 'node')
  check(two, placed('a', { a: 5, c: 5 }), 'feasible')
  const refused = { feasible: [], message: '0/2 nodes are available: 2 Insufficient cpu.' }
  check(two, refused, 'outcome')
  check(refused, { ...refused, message: '0/2 nodes are available: 1 Insufficient cpu.' }, 'message')
  const nominated = { ...refused, nominatedNode: 'a', victims: ['x/b0'] }
  check(nominated, refused, 'nominated')
  check(nominated, { ...nominated, victims: ['x/b1'] }, 'victims')
  check({ isHeld: true }, refused, 'outcome')
  check({ error: 'this' }, { error: 'that' })
})
