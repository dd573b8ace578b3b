import type { Structures } from '#lib/cel/environment.ts'
import { equal } from '#lib/cel/equality.ts'
import { formatDuration, formatTimestamp } from '#lib/cel/time-text.ts'
import { type CelType, dynType, stringType, structType } from '#lib/cel/types.ts'
import {
  type DurationValue,
  entryOf,
  fault,
  itemsOf,
  keysOf,
  kindOf,
  type ListValue,
  type MapValue,
  type OpaqueValue,
  runtimeType,
  type TimestampValue,
  type UintValue,
  type Value,
} from '#lib/cel/values.ts'

/** `Object{…}`, and `Object.spec{…}` for its parts: an apply configuration, of which nothing is known but the names. */
export const objectType = structType('Object')
/** `JSONPatch{op: …, path: …}`: one operation of a patch. */
export const jsonPatchType = structType('JSONPatch')

const patchFields: Readonly<Record<string, CelType>> = { op: stringType, path: stringType, from: stringType, value: dynType }
const isObject = (name: string): boolean => name === 'Object' || name.startsWith('Object.')

/** The structures that only mutations can make. */
export const patchStructures: Structures = {
  find: (name) => (name === jsonPatchType.name || isObject(name) ? structType(name) : undefined),
  field: (name, field) => (isObject(name) ? dynType : Object.hasOwn(patchFields, field) ? patchFields[field] : undefined),
  create: (name, fields) => made(structType(name), fields),
}

type Fields = ReadonlyMap<string, Value>
function made(type: CelType, value: Fields): Value {
  for (const name of ['op', 'path', 'from'])
    if (type.name === jsonPatchType.name && value.has(name) && typeof value.get(name) !== 'string')
      return fault(`unexpected type ${runtimeType(value.get(name) as Value).name} for JSONPatchType '${name}' field`)
  return {
    kind: 'opaque',
    type,
    value,
    isZero: value.size === 0,
    equals: (other) => sameFields(value, other.value as Fields),
  }
}

function sameFields(a: Fields, b: Fields): boolean {
  if (a.size !== b.size) return false
  return [...a].every(([name, value]) => {
    const other = b.get(name)
    return other !== undefined && equal(value, other) === true
  })
}

/** The fields of an `Object` or `JSONPatch`; `undefined` for other values. */
export function fieldsOfPatch(value: Value): Fields | undefined {
  if (kindOf(value) !== 'opaque') return undefined
  const { type, value: held } = value as OpaqueValue
  return type.name === jsonPatchType.name || isObject(type.name) ? (held as Fields) : undefined
}

/** What is wrong with the names of nested objects: each has to be that of its place, `Object.spec.template` for what stands there. */
export function misnamed(value: Value, path: string): readonly string[] {
  const fields = fieldsOfPatch(value)
  if (fields !== undefined) {
    const { name } = (value as OpaqueValue).type
    const problem = `unexpected type name ${JSON.stringify(name)}, expected ${JSON.stringify(path)}, which matches field name path from root Object type`
    return [...(name === path ? [] : [problem]), ...[...fields].flatMap(([field, each]) => misnamed(each, `${path}.${field}`))]
  }
  if (kindOf(value) === 'list') return itemsOf(value as ListValue).flatMap((each) => misnamed(each, path))
  if (kindOf(value) === 'map') return keysOf(value as MapValue).flatMap((key) => misnamed(entryOf(value as MapValue, key) as Value, path))
  return []
}

/** A value as JSON. Throws a `TypeError` for what JSON has no form for. */
export function jsonOf(value: Value): unknown {
  switch (kindOf(value)) {
    case 'bigint':
      return wholeNumber(value as bigint)
    case 'uint':
      return wholeNumber((value as UintValue).value)
    case 'bytes':
      return Buffer.from(value as Uint8Array).toString('base64')
    case 'timestamp':
      return formatTimestamp((value as TimestampValue).nanos)
    case 'duration':
      return formatDuration((value as DurationValue).nanos)
    case 'list':
      return itemsOf(value as ListValue).map(jsonOf)
    case 'map':
    case 'record':
      return Object.fromEntries(keysOf(value as MapValue).map((key) => [keyText(key), jsonOf(entryOf(value as MapValue, key) as Value)]))
    case 'optional':
    case 'type':
    case 'fault':
      throw new TypeError(`type conversion error from '${runtimeType(value).name}' to 'google.protobuf.Value'`)
    case 'opaque': {
      const fields = fieldsOfPatch(value)
      if (fields !== undefined) return Object.fromEntries([...fields].map(([name, each]) => [name, jsonOf(each)]))
      throw new TypeError(`type conversion error from '${runtimeType(value).name}' to 'google.protobuf.Value'`)
    }
    default:
      return value
  }
}

/** As documents hold whole numbers: those that a double is exact for as such. */
const wholeNumber = (value: bigint): number | bigint => (Number.isSafeInteger(Number(value)) ? Number(value) : value)

function keyText(key: Value): string {
  return kindOf(key) === 'uint' ? String((key as UintValue).value) : String(key)
}
