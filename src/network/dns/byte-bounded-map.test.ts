import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createByteBoundedMap } from './byte-bounded-map.ts'

const step = fc.oneof(
  fc.record({ do: fc.constant('put' as const), key: fc.constantFrom('a', 'b', 'c', 'd'), value: fc.integer({ min: 0, max: 12 }) }),
  fc.record({ do: fc.constantFrom('refresh' as const, 'delete' as const), key: fc.constantFrom('a', 'b', 'c', 'd') }),
  fc.record({ do: fc.constant('clear' as const) }),
)

test('whatever is done, it holds what was used last and fits, and knows how much that is', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const dropped: string[] = []
      const map = createByteBoundedMap<number>(
        10,
        (_key, value) => value,
        (key) => void dropped.push(key),
      )
      let expected: (readonly [string, number])[] = []
      for (const one of steps) {
        const before = expected
        if (one.do === 'clear') {
          map.clear()
          expected = []
          continue
        }
        const others = expected.filter(([key]) => key !== one.key)
        const own = expected.find(([key]) => key === one.key)
        dropped.length = 0
        if (one.do === 'put') {
          assert.equal(map.put(one.key, one.value), one.value <= 10)
          expected = one.value <= 10 ? [...others, [one.key, one.value]] : others
          while (expected.reduce((sum, [, value]) => sum + value, 0) > 10) expected = expected.slice(1)
        } else if (one.do === 'delete') {
          map.delete(one.key)
          expected = others
        } else {
          map.refresh(one.key)
          expected = own === undefined ? others : [...others, own]
        }
        const gone = before.filter((entry) => !expected.includes(entry)).map(([key]) => key)
        assert.deepEqual(dropped.toSorted(), gone.toSorted())
        assert.deepEqual([map.size, map.sizeBytes], [expected.length, expected.reduce((sum, [, value]) => sum + value, 0)])
        for (const [key, value] of expected) assert.equal(map.get(key), value)
      }
    }),
  )
})
