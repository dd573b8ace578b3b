import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { deepFreeze } from '#lib/freeze.ts'
import { clone, deepEqual, getPath, setPath } from './fields.ts'

test('paths', () => {
  const object = deepFreeze({ a: { b: [{ c: 1 }] } })
  assert.equal(getPath(object, ['a', 'b', 0, 'c']), 1)
  assert.equal(getPath(object, ['a', 'x', 'c']), undefined)
  assert.equal(getPath(object, ['constructor']), undefined)
  assert.deepEqual(setPath(object, ['a', 'b', 0, 'c'], 2), { a: { b: [{ c: 2 }] } })
  assert.deepEqual(setPath(object, ['a', 'b'], undefined), { a: {} })
  assert.deepEqual(setPath({}, ['x', 'y'], 1), { x: { y: 1 } })
  assert.equal(Object.getPrototypeOf(setPath({}, ['__proto__'], { polluted: true })), Object.prototype)
})

test('equality', () => {
  const cases: readonly (readonly [unknown, unknown, boolean])[] = [
    [{ a: 1, b: undefined }, { a: 1 }, true],
    [{ a: 1 }, { a: 1, b: undefined }, true],
    [{ a: undefined }, { b: undefined }, true],
    [{ a: 1 }, { b: 1 }, false],
    [{ a: 1 }, { a: 1, b: 2 }, false],
    [[1, 2], [2, 1], false],
    [[], {}, false],
    [null, {}, false],
    [Number.NaN, Number.NaN, true],
    [new Uint8Array([1]), new Uint8Array([1]), true],
    [new Uint8Array([1]), new Uint8Array([2]), false],
    [{ toString: 1 }, {}, false],
  ]
  for (const [a, b, expected] of cases) assert.deepEqual([deepEqual(a, b), deepEqual(b, a)], [expected, expected], JSON.stringify([a, b]))
})

test('a copy is equal and shares nothing', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const copy = clone(deepFreeze(value))
      assert.ok(deepEqual(copy, value))
      if (typeof value === 'object' && value !== null)
        assert.ok((copy !== value && !Object.isFrozen(copy) === Object.keys(value).length > 0) || Object.keys(value).length === 0)
    }),
  )
})
