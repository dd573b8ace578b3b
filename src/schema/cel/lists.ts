import type { Functions, Implementation } from '#lib/cel/environment.ts'
import { compare, equal } from '#lib/cel/equality.ts'
import { operatorNamed } from '#lib/cel/operators.ts'
import { duration, fault, isFault, itemAt, itemsOf, type ListValue, uint, type Value } from '#lib/cel/values.ts'

const comparable = ['int', 'uint', 'double', 'bool', 'duration', 'timestamp', 'string', 'bytes'] as const
const zeros: Readonly<Record<string, Value>> = { int: 0n, uint: uint(0n), double: 0, duration: duration(0n) }

function isSorted(list: Value): Value {
  const items = itemsOf(list as ListValue)
  for (let index = 1; index < items.length; index++) {
    const order = compare(items[index - 1] as Value, items[index] as Value)
    if (typeof order === 'object') return order as Value
    if (order === 1) return false
  }
  return true
}

const extreme =
  (name: string, sign: number): Implementation =>
  (list) => {
    let found: Value | undefined
    for (const item of itemsOf(list as ListValue)) {
      if (found === undefined) {
        found = item
        continue
      }
      const order = compare(found, item)
      if (typeof order === 'object') return order as Value
      if (order !== undefined && Math.sign(order as number) === sign) found = item
    }
    return found === undefined ? fault(`${name} called on empty list`) : found
  }

const sumFrom =
  (zero: Value): Implementation =>
  (list) => {
    let sum = zero
    for (const item of itemsOf(list as ListValue)) {
      sum = operatorNamed('_+_')?.([sum, item]) ?? sum
      if (isFault(sum)) return sum
    }
    return sum
  }

const find =
  (last: boolean): Implementation =>
  (list, wanted) => {
    const { length } = (list as ListValue).items
    for (let step = 0; step < length; step++) {
      const index = last ? length - 1 - step : step
      if (equal(itemAt(list as ListValue, index), wanted as Value) === true) return BigInt(index)
    }
    return -1n
  }

const each = (
  types: readonly string[],
  id: (type: string) => string,
  result: (type: string) => string,
  call: (type: string) => Implementation,
) => Object.fromEntries(types.map((type) => [id(type), [`list(${type}).() -> ${result(type)}`, call(type)] as const]))

/** Kubernetes' own functions of lists (documentation, "Kubernetes list library"). */
export const kubernetesListFunctions: Functions = {
  isSorted: each(
    comparable,
    (type) => `list_${type}_is_sorted_bool`,
    () => 'bool',
    () => isSorted,
  ),
  sum: each(
    Object.keys(zeros),
    (type) => `list_${type}_sum_${type}`,
    (type) => type,
    (type) => sumFrom(zeros[type] as Value),
  ),
  max: each(
    comparable,
    (type) => `list_${type}_max_${type}`,
    (type) => type,
    () => extreme('max', -1),
  ),
  min: each(
    comparable,
    (type) => `list_${type}_min_${type}`,
    (type) => type,
    () => extreme('min', 1),
  ),
  indexOf: { list_a_index_of_int: ['list(A).(A) -> int', find(false)] },
  lastIndexOf: { list_a_last_index_of_int: ['list(A).(A) -> int', find(true)] },
}
