import {
  boolType,
  bytesType,
  type CelType,
  doubleType,
  durationType,
  dynType,
  errorType,
  intType,
  listType,
  mapType,
  nullType,
  optionalType,
  stringType,
  timestampType,
  typeType,
  uintType,
} from './types.ts'

/**
 * A value of the language. An int is a `bigint` and a double a `number`, so a value's type never hangs on what else is known of it. JSON is
 * read in place: a list or record holds the raw items, and `adopt` turns one into a value when it is asked for.
 */
export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | UintValue
  | ListValue
  | MapValue
  | RecordValue
  | OptionalValue
  | TimestampValue
  | DurationValue
  | TypeValue
  | OpaqueValue
  | Fault

/** An unsigned integer of 64 bits. */
export interface UintValue {
  readonly kind: 'uint'
  readonly value: bigint
}

/** A list. Items may be raw, made into values only where a run reads them: lists of objects are long. */
export interface ListValue {
  readonly kind: 'list'
  readonly items: readonly unknown[]
  /** Makes a value of a raw item; absent where the items are values. */
  readonly adopt?: (raw: unknown) => Value
  /** A list without order (`x-kubernetes-list-type`): equal whatever the order, and joined by key. */
  readonly merge?: ListMerging
  /** Still being built by the one loop that holds it: added to in place. */
  readonly growing?: true
}
/** `key` gives what tells the items apart. */
export interface ListMerging {
  readonly type: 'set' | 'map'
  readonly key: (item: Value) => string
}

/** A map made by an expression. Keys are found by `mapKey`, which holds 1, 1u and 1.0 for one key. */
export interface MapValue {
  readonly kind: 'map'
  readonly entries: ReadonlyMap<MapKey, readonly [Value, Value]>
  /** As in a list. */
  readonly growing?: true
}
/** What keys of maps are compared by. Numbers that are equal are one key, whatever their types: a bigint where they are whole. */
export type MapKey = string | boolean | bigint

/** A JSON object, read in place as a map or as a structure. */
export interface RecordValue {
  readonly kind: 'record'
  readonly raw: Readonly<Record<string, unknown>>
  /** The value of a key, `undefined` for a key or field that is not there. */
  readonly get: (raw: Readonly<Record<string, unknown>>, key: string) => Value | undefined
  /** The keys that an iteration meets; absent: the raw object's own. */
  readonly keys?: (raw: Readonly<Record<string, unknown>>) => readonly string[]
  /** The structure's type; absent for a map. */
  readonly type?: CelType
}

/** A value that may be missing. */
export interface OptionalValue {
  readonly kind: 'optional'
  readonly value: Value | undefined
}
/** Nanoseconds since 1970 in UTC, from year 1 to 9999. */
export interface TimestampValue {
  readonly kind: 'timestamp'
  readonly nanos: bigint
}
/** A span of time in nanoseconds; may be negative. */
export interface DurationValue {
  readonly kind: 'duration'
  readonly nanos: bigint
}
/** A type as a value: what `type(x)` gives. */
export interface TypeValue {
  readonly kind: 'type'
  readonly type: CelType
}
/** A value that only its own functions can look into. */
export interface OpaqueValue {
  readonly kind: 'opaque'
  readonly type: CelType
  readonly value: unknown
  /** Absent: equal when it is the very same value. */
  readonly equals?: (other: OpaqueValue) => Value
  /** What `size` and the cost of a call go by, where the type has one. */
  readonly size?: number
  readonly isZero?: boolean
}
/** A run-time error on its way outward. It is a value because `&&`, `||` and comprehensions may absorb it. */
export interface Fault {
  readonly kind: 'fault'
  readonly message: string
}

/** A run-time error, in the words of cel-go. */
export const fault = (message: string): Fault => ({ kind: 'fault', message })
/** The fault of arguments that no overload takes. */
export const noSuchOverload: Fault = fault('no such overload')
/** Whether a run came to an error. */
export const isFault = (value: Value | undefined): value is Fault =>
  typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'fault'
/** A whole number without a sign; the caller sees to its 64 bits. */
export const uint = (value: bigint): UintValue => ({ kind: 'uint', value })
/** A list of values. */
export const listOf = (items: readonly Value[]): ListValue => ({ kind: 'list', items })
/** An optional that holds the value. */
export const optionalOf = (value: Value): OptionalValue => ({ kind: 'optional', value })
/** The optional that holds nothing. */
export const optionalNone: OptionalValue = { kind: 'optional', value: undefined }
/** A span of nanoseconds; the caller sees to its 64 bits. */
export const duration = (nanos: bigint): DurationValue => ({ kind: 'duration', nanos })
/** A moment in nanoseconds since 1970; the caller sees to its years. */
export const timestamp = (nanos: bigint): TimestampValue => ({ kind: 'timestamp', nanos })
/** A type as a value. */
export const typeValue = (type: CelType): TypeValue => ({ kind: 'type', type })

/** The kind of a value: `typeof`, with objects told apart. */
export function kindOf(value: Value): string {
  if (typeof value !== 'object') return typeof value
  if (value === null) return 'null'
  if (value instanceof Uint8Array) return 'bytes'
  return value.kind
}
/** Whether it is a list. */
export const isList = (value: Value): value is ListValue => kindOf(value) === 'list'
/** Whether it is a map, of whichever form. */
export const isMap = (value: Value): value is MapValue | RecordValue => {
  const kind = kindOf(value)
  return kind === 'map' || kind === 'record'
}

/** The item at an index that is known to be there. */
export const itemAt = (list: ListValue, index: number): Value =>
  list.adopt === undefined ? (list.items[index] as Value) : list.adopt(list.items[index])

/** All items, as values. */
export const itemsOf = (list: ListValue): readonly Value[] =>
  list.adopt === undefined ? (list.items as readonly Value[]) : list.items.map(list.adopt)

/** What a map finds a key by; `undefined` for what can be no key. */
export function mapKey(key: Value): MapKey | undefined {
  if (typeof key === 'string' || typeof key === 'boolean' || typeof key === 'bigint') return key
  if (typeof key === 'number') return Number.isInteger(key) ? BigInt(key) : undefined
  if (key !== null && typeof key === 'object' && 'kind' in key && key.kind === 'uint') return key.value
  return undefined
}

/** The value at a key, `undefined` when there is none. */
export function entryOf(map: MapValue | RecordValue, key: Value): Value | undefined {
  if (map.kind === 'record') return typeof key === 'string' ? map.get(map.raw, key) : undefined
  const found = mapKey(key)
  return found === undefined ? undefined : map.entries.get(found)?.[1]
}

/** Keys of a map in its order; of a record those that its schema lets an expression see. */
export function keysOf(map: MapValue | RecordValue): readonly Value[] {
  if (map.kind === 'map') return [...map.entries.values()].map(([key]) => key)
  return map.keys === undefined ? Object.keys(map.raw) : map.keys(map.raw)
}

/** Entries of a map; of a record all that the raw object has, also those that no schema tells of. */
export function sizeOfMap(map: MapValue | RecordValue): number {
  if (map.kind === 'map') return map.entries.size
  let size = 0
  for (const key of Object.keys(map.raw)) if (map.raw[key] !== undefined) size++
  return size
}

/** A map of the entries given; of two with one key the later one counts. */
export function mapOf(entries: Iterable<readonly [Value, Value]>): MapValue {
  const found = new Map<MapKey, readonly [Value, Value]>()
  for (const entry of entries) {
    const key = mapKey(entry[0])
    if (key !== undefined) found.set(key, entry)
  }
  return { kind: 'map', entries: found }
}

/** A JSON value of which no schema is known: whole numbers are ints, others doubles. */
export function adoptJson(raw: unknown): Value {
  switch (typeof raw) {
    case 'number':
      return Number.isInteger(raw) ? BigInt(raw) : raw
    case 'object':
      if (raw === null) return null
      if (Array.isArray(raw)) return { kind: 'list', items: raw, adopt: adoptJson }
      return { kind: 'record', raw: raw as Record<string, unknown>, get: getJson, keys: keysJson }
    case 'undefined':
      return null
    default:
      return raw as Value
  }
}
const getJson = (raw: Readonly<Record<string, unknown>>, key: string): Value | undefined => {
  const value = Object.hasOwn(raw, key) ? raw[key] : undefined
  return value === undefined ? undefined : adoptJson(value)
}
const keysJson = (raw: Readonly<Record<string, unknown>>): readonly string[] => Object.keys(raw).filter((key) => raw[key] !== undefined)

/** Characters of a text, as `size` counts them: code points. */
export function textSize(text: string): number {
  let size = text.length
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code >= 0xd800 && code <= 0xdbff && index + 1 < text.length) {
      const next = text.charCodeAt(index + 1)
      if (next >= 0xdc00 && next <= 0xdfff) {
        size--
        index++
      }
    }
  }
  return size
}

/** The type of a value at run time. Of lists and maps only that they are some. */
export function runtimeType(value: Value): CelType {
  switch (typeof value) {
    case 'boolean':
      return boolType
    case 'bigint':
      return intType
    case 'number':
      return doubleType
    case 'string':
      return stringType
    case 'object':
      break
    default:
      return dynType
  }
  if (value === null) return nullType
  if (value instanceof Uint8Array) return bytesType
  switch (value.kind) {
    case 'uint':
      return uintType
    case 'list':
      return someList
    case 'map':
      return someMap
    case 'record':
      return value.type ?? someMap
    case 'optional':
      return someOptional
    case 'timestamp':
      return timestampType
    case 'duration':
      return durationType
    case 'type':
      return typeType
    case 'opaque':
      return value.type
    case 'fault':
      return errorType
  }
}
const someList = listType(dynType)
const someMap = mapType(dynType, dynType)
const someOptional = optionalType(dynType)
