import type { Functions } from './environment.ts'
import {
  fault,
  isList,
  itemAt,
  itemsOf,
  kindOf,
  type ListValue,
  listOf,
  type MapValue,
  type OptionalValue,
  optionalNone,
  optionalOf,
  sizeOfMap,
  type TimestampValue,
  type Value,
} from './values.ts'

/** Whether a value is the zero of its type, as `optional.ofNonZeroValue` sees it. */
export function isZero(value: Value): boolean {
  switch (kindOf(value)) {
    case 'null':
      return true
    case 'boolean':
      return value === false
    case 'bigint':
      return value === 0n
    case 'number':
      return value === 0
    case 'string':
      return value === ''
    case 'bytes':
      return (value as Uint8Array).length === 0
    case 'uint':
      return (value as { value: bigint }).value === 0n
    case 'list':
      return isList(value) && value.items.length === 0
    case 'map':
    case 'record':
      return sizeOfMap(value as MapValue) === 0
    case 'duration':
      return (value as TimestampValue).nanos === 0n
    case 'timestamp':
      return (value as TimestampValue).nanos === -62_135_596_800_000_000_000n
    case 'optional':
      return (value as OptionalValue).value === undefined
    case 'opaque':
      return (value as { isZero?: boolean }).isZero === true
    default:
      return false
  }
}

const present = (list: Value): Value =>
  listOf(
    itemsOf(list as ListValue).flatMap((each) =>
      (each as OptionalValue).value === undefined ? [] : [(each as OptionalValue).value as Value],
    ),
  )
const endOf =
  (index: (size: number) => number) =>
  (list: Value): Value => {
    const { items } = list as ListValue
    return items.length === 0 ? optionalNone : optionalOf(itemAt(list as ListValue, index(items.length)))
  }

/** Functions on values that may be missing. Selection inside of them, `or` and `orValue` are the evaluator's. */
export const optionalFunctions: Functions = {
  'optional.of': { optional_of: ['(V) -> optional_type(V)', optionalOf] },
  'optional.ofNonZeroValue': {
    optional_ofNonZeroValue: ['(V) -> optional_type(V)', (value) => (isZero(value) ? optionalNone : optionalOf(value))],
  },
  'optional.none': { optional_none: ['() -> optional_type(V)', () => optionalNone] },
  'optional.unwrap': { optional_unwrap: ['(list(optional_type(V))) -> list(V)', present] },
  unwrapOpt: { optional_unwrapOpt: ['list(optional_type(V)).() -> list(V)', present] },
  value: {
    optional_value: ['optional_type(V).() -> V', (optional) => (optional as OptionalValue).value ?? fault('optional.none() dereference')],
  },
  hasValue: { optional_hasValue: ['optional_type(V).() -> bool', (optional) => (optional as OptionalValue).value !== undefined] },
  or: { optional_or_optional: ['optional_type(V).(optional_type(V)) -> optional_type(V)'] },
  orValue: { optional_orValue_value: ['optional_type(V).(V) -> V'] },
  first: { list_first: ['list(V).() -> optional_type(V)', endOf(() => 0)] },
  last: { list_last: ['list(V).() -> optional_type(V)', endOf((size) => size - 1)] },
  '_?._': { select_optional_field: ['(dyn, string) -> optional_type(V)'] },
  '_[?_]': {
    list_optindex_optional_int: ['(list(V), int) -> optional_type(V)'],
    optional_list_optindex_optional_int: ['(optional_type(list(V)), int) -> optional_type(V)'],
    map_optindex_optional_value: ['(map(K, V), K) -> optional_type(V)'],
    optional_map_optindex_optional_value: ['(optional_type(map(K, V)), K) -> optional_type(V)'],
  },
  '_[_]': {
    optional_list_index_int: ['(optional_type(list(V)), int) -> optional_type(V)'],
    optional_map_index_value: ['(optional_type(map(K, V)), K) -> optional_type(V)'],
  },
}
