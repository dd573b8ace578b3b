import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  addQuantity,
  canonicalQuantity,
  compareQuantity,
  formatQuantity,
  isQuantity,
  parseQuantity,
  quantityToInteger,
  quantityToMilli,
  quantityToNumber,
  subQuantity,
} from './quantity.ts'

function check<I, O>(name: string, run: (input: I) => O, cases: readonly (readonly [I, O])[]): void {
  test(name, () => {
    for (const [input, expected] of cases) assert.deepEqual(run(input), expected, String(input))
  })
}

check<string | number, string>('the canonical form', canonicalQuantity, [
  ['0', '0'],
  ['0m', '0'],
  ['-0', '0'],
  [1, '1'],
  [0.5, '500m'],
  ['1000m', '1'],
  ['1500m', '1500m'],
  ['2000', '2k'],
  ['1024Ki', '1Mi'],
  ['1.5Gi', '1536Mi'],
  ['1.1Ki', '1126400m'],
  ['0.1Ki', '102400m'],
  ['512Mi', '512Mi'],
  ['1023', '1023'],
  ['1e3', '1e3'],
  ['10e3', '10e3'],
  ['12e1', '120'],
  ['1E', '1E'],
  ['0.0001u', '1n'],
  ['1.23456789012', '1234567891n'],
  ['-5', '-5'],
  ['-1.5', '-1500m'],
  ['8Ei', '9223372036854775807'],
  ['100000000000000000000', '100E'],
  // The reference keeps these as they were written.
  ['1.500', '1.500'],
  ['5.', '5.'],
])

check('milli rounds up', (text: string) => quantityToMilli(text), [
  ['100m', 100],
  ['1', 1000],
  ['1u', 1],
  ['-1u', -1],
  ['1Ki', 1_024_000],
])
check('integers round up', (text: string) => quantityToInteger(text), [
  ['100m', 1],
  ['1.5', 2],
  ['1Mi', 1048576],
])
check('numbers', (text: string) => quantityToNumber(text), [
  ['100m', 0.1],
  ['1k', 1000],
  ['1Gi', 1073741824],
])
check('sums keep the first family of suffixes', ([a, b]: readonly [string, string]) => formatQuantity(addQuantity(a, b)), [
  [['1Gi', '1Gi'], '2Gi'],
  [['1Gi', '1G'], '2073741824'],
  [['0', '512Mi'], '512Mi'],
  [['500m', '500m'], '1'],
])

check('what is no quantity', isQuantity, [
  ['', false],
  ['x', false],
  ['1x', false],
  ['1 ', false],
  ['.', false],
  ['1KI', false],
  ['1e', false],
  ['1e99999999999', false],
  ['1'.repeat(2000), false],
  ['1.5Gi', true],
])

const quantities = fc
  .tuple(fc.bigInt(-(10n ** 12n), 10n ** 12n), fc.constantFrom('', 'm', 'k', 'M', 'Ki', 'Mi', 'Gi', 'u', 'n', 'e3'))
  .map(([value, suffix]) => `${value}${suffix}`)

test('arithmetic is exact', () => {
  fc.assert(
    fc.property(quantities, quantities, quantities, (a, b, c) => {
      assert.equal(addQuantity(a, b).nano, addQuantity(b, a).nano)
      assert.equal(addQuantity(addQuantity(a, b), c).nano, addQuantity(a, addQuantity(b, c)).nano)
      assert.equal(subQuantity(addQuantity(a, b), b).nano, parseQuantity(a).nano)
      assert.equal(Math.sign(compareQuantity(a, b)), -Math.sign(compareQuantity(b, a)) + 0)
    }),
  )
})

test('the canonical form has the same value, and is its own canonical form', () => {
  fc.assert(
    fc.property(quantities, (text) => {
      const canonical = canonicalQuantity(text)
      assert.equal(compareQuantity(canonical, text), 0)
      assert.equal(canonicalQuantity(canonical), canonical)
    }),
  )
})
