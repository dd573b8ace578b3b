import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { difference, firstMissing, formatIndexes, hasIndex, indexSet, parseIndexes, sizeOf, union } from './index-set.ts'

reads('', 9, '')
reads('0-2,5,7-9', 10, '0-2,5,7-9')
reads('0-2,3,4', 10, '0-4')
reads('3-4', 10, '3,4')
reads('0-2,5,7-9', 6, '0-2,5')
reads('0-9', 3, '0-2')
reads('1,x,-,4-,6-8', 10, '1,6-8')

const some = fc.uniqueArray(fc.nat(30)).map((indexes) => new Set(indexes))

test('sets of indexes are sets, in few words', () => {
  fc.assert(
    fc.property(some, some, fc.nat(10), (a, b, count) => {
      const [left, right] = [indexSet(a), indexSet(b)]
      const all = Array.from({ length: 31 }, (_, index) => index)
      for (const [set, isIn] of [
        [left, (index: number) => a.has(index)],
        [union(left, right), (index: number) => a.has(index) || b.has(index)],
        [difference(left, right), (index: number) => a.has(index) && !b.has(index)],
        [parseIndexes(formatIndexes(left), 31), (index: number) => a.has(index)],
      ] as const) {
        assert.deepEqual(
          all.filter((index) => hasIndex(set, index)),
          all.filter(isIn),
        )
        assert.equal(sizeOf(set), all.filter(isIn).length)
        for (const [at, { first }] of set.entries()) assert.ok(at === 0 || first > set[at - 1]!.last + 1, 'runs touch')
      }
      assert.deepEqual(firstMissing(left, count, 31), all.filter((index) => !a.has(index)).slice(0, count))
    }),
  )
})

function reads(text: string, completions: number, expected: string): void {
  test(`reads ${text} below ${completions}`, () => assert.equal(formatIndexes(parseIndexes(text, completions)), expected))
}
