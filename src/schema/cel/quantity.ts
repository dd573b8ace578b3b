import type { Functions, Implementation } from '#lib/cel/environment.ts'
import { structType } from '#lib/cel/types.ts'
import { fault, type OpaqueValue, type Value } from '#lib/cel/values.ts'
import {
  addQuantity,
  compareQuantity,
  isQuantity,
  parseQuantity,
  type Quantity,
  quantityOf,
  quantityToNumber,
  subQuantity,
} from '#lib/quantity.ts'

/** Type of a quantity (`quantity('1Gi')`), compared by what it stands for. */
export const quantityType = structType('kubernetes.Quantity')

const quantityOfValue = (value: Value | undefined): Quantity => (value as OpaqueValue).value as Quantity
const quantityValue = (value: Quantity): OpaqueValue => ({
  kind: 'opaque',
  type: quantityType,
  value,
  equals: (other) => compareQuantity(value, quantityOfValue(other)) === 0,
})

const parse: Implementation = (text) => {
  try {
    return quantityValue(parseQuantity(text as string))
  } catch (error) {
    if (error instanceof RangeError) return fault(error.message)
    throw error
  }
}

const nanoUnit = 1_000_000_000n
/** The whole number that a quantity is, `undefined` for one with a part or beyond 64 bits. */
function wholeOf({ nano }: Quantity): bigint | undefined {
  const whole = nano / nanoUnit
  return nano % nanoUnit === 0n && whole <= 2n ** 63n - 1n && whole >= -(2n ** 63n) ? whole : undefined
}
const compared =
  (holds: (order: number) => Value): Implementation =>
  (a, b) =>
    holds(compareQuantity(quantityOfValue(a), quantityOfValue(b)))
const combined =
  (combine: (a: Quantity, b: Quantity) => Quantity): Implementation =>
  (a, b) =>
    quantityValue(combine(quantityOfValue(a), typeof b === 'bigint' ? quantityOf(b, 'DecimalExponent') : quantityOfValue(b)))

/** Kubernetes' functions of quantities (documentation, "Kubernetes quantity library"). */
export const quantityFunctions: Functions = {
  quantity: { string_to_quantity: ['(string) -> kubernetes.Quantity', parse] },
  isQuantity: { is_quantity_string: ['(string) -> bool', (text) => isQuantity(text as string)] },
  sign: {
    // Declared without a target in the reference, too: `sign(q)`.
    quantity_sign: ['(kubernetes.Quantity) -> int', (value) => BigInt(Math.sign(compareQuantity(quantityOfValue(value), 0)))],
  },
  isGreaterThan: { quantity_is_greater_than: ['kubernetes.Quantity.(kubernetes.Quantity) -> bool', compared((order) => order > 0)] },
  isLessThan: { quantity_is_less_than: ['kubernetes.Quantity.(kubernetes.Quantity) -> bool', compared((order) => order < 0)] },
  compareTo: { quantity_compare_to: ['kubernetes.Quantity.(kubernetes.Quantity) -> int', compared((order) => BigInt(Math.sign(order)))] },
  asApproximateFloat: { quantity_get_float: ['kubernetes.Quantity.() -> double', (value) => quantityToNumber(quantityOfValue(value))] },
  asInteger: {
    quantity_get_int: [
      'kubernetes.Quantity.() -> int',
      (value) => wholeOf(quantityOfValue(value)) ?? fault('cannot convert value to integer'),
    ],
  },
  isInteger: { quantity_is_integer: ['kubernetes.Quantity.() -> bool', (value) => wholeOf(quantityOfValue(value)) !== undefined] },
  add: {
    quantity_add: ['kubernetes.Quantity.(kubernetes.Quantity) -> kubernetes.Quantity', combined(addQuantity)],
    quantity_add_int: ['kubernetes.Quantity.(int) -> kubernetes.Quantity', combined(addQuantity)],
  },
  sub: {
    quantity_sub: ['kubernetes.Quantity.(kubernetes.Quantity) -> kubernetes.Quantity', combined(subQuantity)],
    quantity_sub_int: ['kubernetes.Quantity.(int) -> kubernetes.Quantity', combined(subQuantity)],
  },
}
