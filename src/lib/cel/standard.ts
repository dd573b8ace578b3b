import { conversions } from './conversions.ts'
import { type Environment, emptyEnvironment, extend, type Functions } from './environment.ts'
import { equal } from './equality.ts'
import { standardMacros } from './macros.ts'
import { timeFunctions } from './times.ts'
import {
  entryOf,
  isFault,
  isList,
  isMap,
  itemsOf,
  type ListValue,
  type MapValue,
  mapKey,
  runtimeType,
  sizeOfMap,
  textSize,
  typeValue,
  type Value,
} from './values.ts'

/** Operators: their types only, evaluation knows what they do. The order of overloads is that of cel-go. */
const comparisons = (name: string): Record<string, readonly [string]> =>
  Object.fromEntries(
    [
      ['bool', '(bool, bool)'],
      ['int64', '(int, int)'],
      ['int64_double', '(int, double)'],
      ['int64_uint64', '(int, uint)'],
      ['uint64', '(uint, uint)'],
      ['uint64_double', '(uint, double)'],
      ['uint64_int64', '(uint, int)'],
      ['double', '(double, double)'],
      ['double_int64', '(double, int)'],
      ['double_uint64', '(double, uint)'],
      ['string', '(string, string)'],
      ['bytes', '(bytes, bytes)'],
      ['timestamp', '(timestamp, timestamp)'],
      ['duration', '(duration, duration)'],
    ].map(([suffix, parameters]) => [`${name}_${suffix}`, [`${parameters} -> bool`]]),
  )

const operatorTypes: Functions = {
  '!_': { logical_not: ['(bool) -> bool'] },
  '-_': { negate_double: ['(double) -> double'], negate_int64: ['(int) -> int'] },
  '@in': { in_list: ['(A, list(A)) -> bool', isIn], in_map: ['(A, map(A, B)) -> bool', isIn] },
  '@not_strictly_false': { not_strictly_false: ['(bool) -> bool'] },
  '_!=_': { not_equals: ['(A, A) -> bool'] },
  '_==_': { equals: ['(A, A) -> bool'] },
  '_%_': { modulo_int64: ['(int, int) -> int'], modulo_uint64: ['(uint, uint) -> uint'] },
  '_&&_': { logical_and: ['(bool, bool) -> bool'] },
  '_||_': { logical_or: ['(bool, bool) -> bool'] },
  '_*_': {
    multiply_double: ['(double, double) -> double'],
    multiply_int64: ['(int, int) -> int'],
    multiply_uint64: ['(uint, uint) -> uint'],
  },
  '_/_': { divide_double: ['(double, double) -> double'], divide_int64: ['(int, int) -> int'], divide_uint64: ['(uint, uint) -> uint'] },
  '_+_': {
    add_bytes: ['(bytes, bytes) -> bytes'],
    add_double: ['(double, double) -> double'],
    add_duration_duration: ['(duration, duration) -> duration'],
    add_duration_timestamp: ['(duration, timestamp) -> timestamp'],
    add_timestamp_duration: ['(timestamp, duration) -> timestamp'],
    add_int64: ['(int, int) -> int'],
    add_list: ['(list(A), list(A)) -> list(A)'],
    add_string: ['(string, string) -> string'],
    add_uint64: ['(uint, uint) -> uint'],
  },
  '_-_': {
    subtract_double: ['(double, double) -> double'],
    subtract_duration_duration: ['(duration, duration) -> duration'],
    subtract_int64: ['(int, int) -> int'],
    subtract_timestamp_duration: ['(timestamp, duration) -> timestamp'],
    subtract_timestamp_timestamp: ['(timestamp, timestamp) -> duration'],
    subtract_uint64: ['(uint, uint) -> uint'],
  },
  '_<_': comparisons('less'),
  '_<=_': comparisons('less_equals'),
  '_>_': comparisons('greater'),
  '_>=_': comparisons('greater_equals'),
  '_?_:_': { conditional: ['(bool, A, A) -> A'] },
  '_[_]': { index_list: ['(list(A), int) -> A'], index_map: ['(map(A, B), A) -> B'] },
}

const size = (value: Value): Value =>
  BigInt(
    typeof value === 'string'
      ? textSize(value)
      : value instanceof Uint8Array
        ? value.length
        : isList(value)
          ? value.items.length
          : sizeOfMap(value as MapValue),
  )

const functions: Functions = {
  dyn: { to_dyn: ['(A) -> dyn', (value) => value] },
  type: { type: ['(A) -> type(A)', (value) => typeValue(runtimeType(value))] },
  size: {
    size_bytes: ['(bytes) -> int', size],
    bytes_size: ['bytes.() -> int', size],
    size_list: ['(list(A)) -> int', size],
    list_size: ['list(A).() -> int', size],
    size_map: ['(map(A, B)) -> int', size],
    map_size: ['map(A, B).() -> int', size],
    size_string: ['(string) -> int', size],
    string_size: ['string.() -> int', size],
  },
  contains: { contains_string: ['string.(string) -> bool', (text, part) => (text as string).includes(part as string)] },
  endsWith: { ends_with_string: ['string.(string) -> bool', (text, part) => (text as string).endsWith(part as string)] },
  startsWith: { starts_with_string: ['string.(string) -> bool', (text, part) => (text as string).startsWith(part as string)] },
}

function isIn(item: Value, container: Value): Value {
  // A map may have a value for keys that are not in it.
  if (isMap(container)) return container.kind === 'map' ? hasKey(container, item) : entryOf(container, item) !== undefined
  let bad: Value | undefined
  for (const each of itemsOf(container as ListValue)) {
    const found = equal(item, each)
    if (found === true) return true
    if (isFault(found)) bad ??= found
  }
  return bad ?? false
}

function hasKey({ entries }: MapValue, item: Value): boolean {
  const key = mapKey(item)
  return key !== undefined && entries.has(key)
}

/** The language itself: operators, conversions, sizes, texts, times, and the macros over one variable. Patterns are `./patterns.ts`. */
export const standardEnvironment: Environment = extend(
  extend(extend(extend(emptyEnvironment, { functions: operatorTypes }), { functions, macros: standardMacros }), { functions: conversions }),
  { functions: timeFunctions },
)
