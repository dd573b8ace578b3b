import { parseDuration, parseTimestamp } from '#lib/cel/time-text.ts'
import { duration, fault, type RecordValue, timestamp, type Value } from '#lib/cel/values.ts'
import { additionalOf, propertyOf, type Structural } from '../structural/structural.ts'
import { escapeName, unescapeName } from './escaping.ts'

/** How to read a value of a schema, in place. Made once a schema. */
export type Adopt = (raw: unknown) => Value

/** Reads JSON as what its schema says: times become times, whole numbers of type `number` doubles, unknown parts are left out. */
export function adoptAs(schema: Structural): Adopt {
  const known = adopters.get(schema)
  if (known !== undefined) return known
  const made = makeAdopter(schema)
  adopters.set(schema, made)
  return made
}
const adopters = new WeakMap<Structural, Adopt>()

const identity: Readonly<Record<string, Structural>> = {
  kind: { type: 'string' },
  apiVersion: { type: 'string' },
  metadata: { type: 'object', properties: { name: { type: 'string' }, generateName: { type: 'string' } } },
}

function makeAdopter(schema: Structural): Adopt {
  const adopt = adopterOf(schema)
  return (raw) => {
    if (raw === null || raw === undefined)
      return schema.nullable === true ? null : fault('invalid data, got null for schema with nullable=false')
    return adopt(raw)
  }
}

function adopterOf(schema: Structural): Adopt {
  if (schema['x-kubernetes-int-or-string'] === true)
    return (raw) => {
      if (typeof raw === 'string') return raw
      if (isWhole(raw)) return BigInt(raw)
      return fault('invalid data, expected XIntOrString value to be either a string or integer')
    }
  switch (schema.type) {
    case 'object':
      return objectAdopter(schema)
    case 'array':
      return listAdopter(schema)
    case 'string':
      return stringAdopter(schema.format)
    case 'number':
      return (raw) =>
        typeof raw === 'number' || typeof raw === 'bigint' ? Number(raw) : fault(`invalid data, expected float, got ${goType(raw)}`)
    case 'integer':
      return (raw) => (isWhole(raw) ? BigInt(raw) : fault(`invalid data, expected int, got ${goType(raw)}`))
    case 'boolean':
      return (raw) => (typeof raw === 'boolean' ? raw : fault(`invalid data, expected bool, got ${goType(raw)}`))
    default:
      // Expressions cannot name such a value; two of them are compared as they are.
      return (raw) => ({
        kind: 'opaque',
        type: unknownType,
        value: raw,
        equals: (other) => JSON.stringify(raw) === JSON.stringify(other.value),
      })
  }
}
const unknownType = { kind: 'opaque', name: 'unknown', parameters: [], text: 'unknown' } as const

/** Those that a double would round come as bigints. */
const isWhole = (raw: unknown): raw is number | bigint => typeof raw === 'bigint' || Number.isInteger(raw)

const goType = (raw: unknown): string =>
  typeof raw === 'string'
    ? 'string'
    : typeof raw === 'boolean'
      ? 'bool'
      : typeof raw === 'number' || typeof raw === 'bigint'
        ? isWhole(raw)
          ? 'int64'
          : 'float64'
        : Array.isArray(raw)
          ? '[]interface {}'
          : 'map[string]interface {}'

function objectAdopter(schema: Structural): Adopt {
  const isStructure = schema.properties !== undefined || schema['x-kubernetes-embedded-resource'] === true
  const additional = additionalOf(schema)
  const schemaOf = (name: string): Structural | undefined => {
    if (!isStructure) return additional
    return (
      propertyOf(schema, name) ??
      (schema['x-kubernetes-embedded-resource'] === true && Object.hasOwn(identity, name) ? identity[name] : undefined)
    )
  }
  const get: RecordValue['get'] = (raw, key) => {
    const name = isStructure ? unescapeName(key) : key
    if (name === undefined || !Object.hasOwn(raw, name) || raw[name] === undefined) return undefined
    // A null in a structure is a field that is not there.
    if (schema.properties !== undefined && raw[name] === null) return undefined
    const of = schemaOf(name)
    return of === undefined ? undefined : adoptAs(of)(raw[name])
  }
  const keys: RecordValue['keys'] = (raw) =>
    Object.keys(raw)
      .filter((name) => raw[name] !== undefined && schemaOf(name) !== undefined)
      .map((name) => (isStructure ? (escapeName(name) ?? name) : name))
  return (raw) => {
    if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
      return fault('invalid data, expected a map for the provided schema with type=object')
    return { kind: 'record', raw: raw as Record<string, unknown>, get, keys }
  }
}

function listAdopter(schema: Structural): Adopt {
  const { items } = schema
  if (items === undefined) return () => fault('invalid array type, expected Items with a non-empty Schema')
  const adopt = adoptAs(items)
  const type = schema['x-kubernetes-list-type']
  const names = schema['x-kubernetes-list-map-keys'] ?? []
  const merge =
    type === 'set'
      ? { type, key: (item: Value) => plain(item) }
      : type === 'map'
        ? { type, key: (item: Value) => JSON.stringify(names.map((name) => (item as RecordValue).raw?.[name] ?? null)) }
        : undefined
  return (raw) => {
    if (!Array.isArray(raw)) return fault('invalid data, expected an array for the provided schema with type=array')
    return { kind: 'list', items: raw, adopt, ...(merge === undefined ? {} : { merge }) }
  }
}
const plain = (item: Value): string => `${typeof item}:${String(item)}`

function stringAdopter(format: string | undefined): Adopt {
  const reading =
    (read: (text: string) => Value): Adopt =>
    (raw) =>
      typeof raw === 'string' ? read(raw) : fault(`invalid data, expected string, got ${goType(raw)}`)
  switch (format) {
    case 'duration':
      return reading((text) => {
        const nanos = parseDuration(text)
        return nanos === undefined ? fault(`Invalid duration ${text}: unable to parse ${text} as duration`) : duration(nanos)
      })
    case 'date':
      return reading((text) => {
        const nanos = /^\d{4}-\d\d-\d\d$/.test(text) ? parseTimestamp(`${text}T00:00:00Z`) : undefined
        return nanos === undefined ? fault(`Invalid date formatted string ${text}`) : timestamp(nanos)
      })
    case 'date-time':
      return reading((text) => {
        const nanos = parseTimestamp(text.toUpperCase())
        return nanos === undefined ? fault(`Invalid date-time formatted string ${text}`) : timestamp(nanos)
      })
    case 'byte':
      return reading((text) => Uint8Array.from(Buffer.from(text, 'base64')))
    default:
      return reading((text) => text)
  }
}
