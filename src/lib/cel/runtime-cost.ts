import type { CallCost } from './environment.ts'
import { isList, kindOf, type MapValue, type OpaqueValue, type OptionalValue, sizeOfMap, textSize, type Value } from './values.ts'

/** What making a list, a map, a structure costs, beside its parts (cel-go, `common/cost.go`). */
export const createCost = { list: 10, map: 30, struct: 40 } as const
/** Cost of going over a text or bytes, a unit of length; and of a pattern's, which is taken for a quarter of an instruction each. */
export const traversalFactor = 0.1
/** Cost of a pattern, a unit of its length and of that of the text: cel-go's `RegexStringLengthCostFactor`. */
export const patternFactor = 0.25

/** The length of a value: 1 for what has none. */
export function actualSize(value: Value): number {
  switch (kindOf(value)) {
    case 'string':
      return textSize(value as string)
    case 'bytes':
      return (value as Uint8Array).length
    case 'list':
      return isList(value) ? value.items.length : 0
    case 'map':
    case 'record':
      return sizeOfMap(value as MapValue)
    case 'optional': {
      const inside = (value as OptionalValue).value
      return inside === undefined ? 1 : actualSize(inside)
    }
    case 'opaque':
      return (value as OpaqueValue).size ?? 1
    default:
      return 1
  }
}

/** What a call costs once its arguments and result are known: what the environment says, else cel-go's defaults by overload. */
export function callCostOf(name: string, overloadId: string, special: CallCost): (args: readonly Value[], result: Value) => number {
  const own = ownCost(overloadId)
  return (args, result) => special(name, overloadId, args, result) ?? own(args)
}

const traversal = (size: number): number => Math.ceil(size * traversalFactor)

function ownCost(overloadId: string): (args: readonly Value[]) => number {
  const size = (args: readonly Value[], index: number): number => actualSize(args[index] as Value)
  switch (overloadId) {
    case 'starts_with_string':
    case 'ends_with_string':
    case 'string_to_bytes':
    case 'bytes_to_string':
    case 'strings_quote':
    case 'string_format':
      return (args) => traversal(size(args, 0))
    case 'in_list':
      return (args) => size(args, 1)
    case 'less_string':
    case 'greater_string':
    case 'less_equals_string':
    case 'greater_equals_string':
    case 'less_bytes':
    case 'greater_bytes':
    case 'less_equals_bytes':
    case 'greater_equals_bytes':
    case 'equals':
    case 'not_equals':
      return (args) => traversal(Math.min(size(args, 0), size(args, 1)))
    case 'add_string':
    case 'add_bytes':
      return (args) => traversal(size(args, 0) + size(args, 1))
    case 'matches':
    case 'matches_string':
      return (args) => traversal(1 + size(args, 0)) * Math.ceil(size(args, 1) * patternFactor)
    case 'contains_string':
      return (args) => traversal(size(args, 0)) * traversal(size(args, 1))
    default:
      return () => 1
  }
}
