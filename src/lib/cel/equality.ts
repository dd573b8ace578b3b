import {
  entryOf,
  fault,
  isFault,
  itemAt,
  keysOf,
  kindOf,
  type ListValue,
  type MapValue,
  type OpaqueValue,
  type OptionalValue,
  type RecordValue,
  sizeOfMap,
  type TimestampValue,
  type TypeValue,
  type Value,
} from './values.ts'

/** Whether two values are equal: numbers by value whatever their type, values of other unlike types never. May be a fault of an item's. */
export function equal(a: Value, b: Value): Value {
  if (a === b) return !(typeof a === 'number' && Number.isNaN(a))
  const number = numberOf(a)
  if (number !== undefined) {
    const other = numberOf(b)
    // JavaScript compares a bigint with a number exactly.
    // biome-ignore lint/suspicious/noDoubleEquals: 1n and 1 are the same number, and `===` would say no
    return other !== undefined && number == other
  }
  const kind = kindOf(a)
  const otherKind = kindOf(b)
  if (isMapKind(kind) && isMapKind(otherKind)) return equalMaps(a as MapValue, b as MapValue)
  if (kind !== otherKind) return false
  switch (kind) {
    case 'list':
      return equalLists(a as ListValue, b as ListValue)
    case 'bytes':
      return Buffer.compare(a as Uint8Array, b as Uint8Array) === 0
    case 'timestamp':
    case 'duration':
      return (a as TimestampValue).nanos === (b as TimestampValue).nanos
    case 'type':
      return (a as TypeValue).type.name === (b as TypeValue).type.name
    case 'optional': {
      const [left, right] = [(a as OptionalValue).value, (b as OptionalValue).value]
      return left === undefined || right === undefined ? left === right : equal(left, right)
    }
    case 'opaque': {
      const [left, right] = [a as OpaqueValue, b as OpaqueValue]
      if (left.type.name !== right.type.name) return false
      return left.equals === undefined ? left.value === right.value : left.equals(right)
    }
    default:
      return false
  }
}

const isMapKind = (kind: string): boolean => kind === 'map' || kind === 'record'

function numberOf(value: Value): bigint | number | undefined {
  if (typeof value === 'bigint' || typeof value === 'number') return value
  return kindOf(value) === 'uint' ? (value as { value: bigint }).value : undefined
}

function equalLists(a: ListValue, b: ListValue): Value {
  if (a.items.length !== b.items.length) return false
  const merge = a.merge ?? b.merge
  if (merge !== undefined) return equalUnordered(a, b, merge)
  for (let index = 0; index < a.items.length; index++) {
    const found = equal(itemAt(a, index), itemAt(b, index))
    if (found !== true) return found
  }
  return true
}

/** Items of a set or of a list with keys, found in the other list by what tells them apart. */
function equalUnordered(a: ListValue, b: ListValue, merge: NonNullable<ListValue['merge']>): Value {
  const others = new Map<string, Value>()
  for (let index = 0; index < b.items.length; index++) others.set(merge.key(itemAt(b, index)), itemAt(b, index))
  for (let index = 0; index < a.items.length; index++) {
    const item = itemAt(a, index)
    const other = others.get(merge.key(item))
    const found = other === undefined ? false : equal(item, other)
    if (found !== true) return found
  }
  return true
}

function equalMaps(a: MapValue | RecordValue, b: MapValue | RecordValue): Value {
  if (sizeOfMap(a) !== sizeOfMap(b)) return false
  for (const key of keysOf(a)) {
    const [left, right] = [entryOf(a, key), entryOf(b, key)]
    if (left === undefined || right === undefined) return false
    const found = equal(left, right)
    if (found !== true) return found
  }
  return true
}

/** -1, 0 or 1 for values that have an order, a fault for others. NaN has none: `undefined`. */
export function compare(a: Value, b: Value): number | undefined | Value {
  const number = numberOf(a)
  if (number !== undefined) {
    const other = numberOf(b)
    if (other === undefined) return fault('no such overload')
    if (Number.isNaN(number) || Number.isNaN(other)) return undefined
    return number < other ? -1 : number > other ? 1 : 0
  }
  const kind = kindOf(a)
  if (kind !== kindOf(b)) return fault('no such overload')
  switch (kind) {
    case 'string':
      return compareText(a as string, b as string)
    case 'boolean':
      return Number(a) - Number(b)
    case 'bytes':
      return Buffer.compare(a as Uint8Array, b as Uint8Array)
    case 'timestamp':
    case 'duration': {
      const [left, right] = [(a as TimestampValue).nanos, (b as TimestampValue).nanos]
      return left < right ? -1 : left > right ? 1 : 0
    }
    default:
      return fault('no such overload')
  }
}

/** Text by code points, as UTF-8 orders it. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0
  let index = 0
  while (index < a.length && index < b.length && a.charCodeAt(index) === b.charCodeAt(index)) index++
  const [left, right] = [a.charCodeAt(index), b.charCodeAt(index)]
  if (index === a.length || index === b.length) return a.length - b.length < 0 ? -1 : 1
  // A surrogate stands for a code point above every other unit.
  const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit)
  return rank(left) < rank(right) ? -1 : 1
}
export { isFault }
