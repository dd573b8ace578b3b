import type { Range, SizedNode, Structures } from '#lib/cel/environment.ts'
import { unbounded } from '#lib/cel/range.ts'
import {
  boolType,
  bytesType,
  type CelType,
  doubleType,
  durationType,
  dynType,
  intType,
  listType,
  mapType,
  stringType,
  structType,
  timestampType,
} from '#lib/cel/types.ts'
import { additionalOf, type Structural } from '../structural/structural.ts'
import { escapeName, isReservedName } from './escaping.ts'

/**
 * What expressions know of values of a schema: their type, how many elements they may have and how small they may be as JSON (for cost
 * estimates). Parts of which a schema says nothing are not there for expressions.
 */
export interface Declared {
  readonly type: CelType
  /** Most items, entries, characters or bytes; 0 for what has no length. */
  readonly maxElements: number
  /** Bytes of the shortest JSON. */
  readonly minSizeBytes: number
  /** Of a structure, by escaped name. */
  readonly fields?: ReadonlyMap<string, Declared>
  readonly item?: Declared
  readonly key?: Declared
}

/** Bytes of the largest request: no value is longer (the API's fixed assumption, whatever a server takes). */
const requestMaxBytes = 3 * 1024 * 1024
const scalar = (type: CelType, minSizeBytes: number, maxElements = 0): Declared => ({ type, minSizeBytes, maxElements })
const aString = scalar(stringType, 2)

/** The root of a resource always has these, whatever its schema says. */
function withIdentity(schema: Structural): Structural {
  const { kind, apiVersion, metadata } = schema.properties ?? {}
  const { name, generateName } = metadata?.properties ?? {}
  const isWhole = [kind, apiVersion, name, generateName].every((each) => each?.type === 'string') && metadata?.type === 'object'
  return isWhole ? schema : { ...schema, properties: { ...schema.properties, ...identity } }
}
const identity: Readonly<Record<string, Structural>> = {
  kind: { type: 'string' },
  apiVersion: { type: 'string' },
  metadata: { type: 'object', properties: { name: { type: 'string' }, generateName: { type: 'string' } } },
}

/** What is declared of a schema; `undefined` where expressions cannot see it. `name` is that of its structure. `isRoot`: of a resource. */
export function declareStructural(schema: Structural, name: string, isRoot = false): Declared | undefined {
  if (schema['x-kubernetes-int-or-string'] === true)
    return scalar(dynType, 1, schema.maxLength === undefined ? requestMaxBytes - 2 : Math.max(0, schema.maxLength) * 4)
  const whole = isRoot ? withIdentity(schema) : schema
  switch (whole.type) {
    case 'array':
      return declareList(whole, name)
    case 'object':
      return additionalOf(whole) === undefined ? declareObject(whole, name) : declareMap(whole, name)
    case 'string':
      return declareString(whole)
    case 'boolean':
      return scalar(boolType, 4)
    case 'number':
      return scalar(doubleType, 1)
    case 'integer':
      return scalar(intType, 1)
    default:
      return undefined
  }
}

const isEmbedded = (schema: Structural): boolean => schema['x-kubernetes-embedded-resource'] === true

function declareList(schema: Structural, name: string): Declared | undefined {
  if (schema.items === undefined) return undefined
  const item = declareStructural(schema.items, `${name}.@idx`, isEmbedded(schema.items))
  if (item === undefined) return undefined
  const maxElements =
    schema.maxItems === undefined ? Math.floor((requestMaxBytes - 2) / (item.minSizeBytes + 1)) : Math.max(0, schema.maxItems)
  return { type: listType(item.type), maxElements, minSizeBytes: 2, item }
}

function declareMap(schema: Structural, name: string): Declared | undefined {
  const of = additionalOf(schema) as Structural
  const item = declareStructural(of, `${name}.@elem`, isEmbedded(of))
  if (item === undefined) return undefined
  const maxElements =
    schema.maxProperties === undefined ? Math.floor((requestMaxBytes - 2) / (item.minSizeBytes + 6)) : Math.max(0, schema.maxProperties)
  return { type: mapType(stringType, item.type), maxElements, minSizeBytes: 2, item, key: aString }
}

function declareObject(schema: Structural, name: string): Declared {
  const fields = new Map<string, Declared>()
  let minSizeBytes = 2
  for (const [property, of] of Object.entries(schema.properties ?? {})) {
    const escaped = escapeName(property)
    const field = declareStructural(of, `${name}.${escaped ?? property}`, isEmbedded(of))
    if (field === undefined) continue
    if (escaped !== undefined) fields.set(escaped, field)
    if (schema.required?.includes(property) === true && of.default === undefined)
      minSizeBytes += Buffer.byteLength(property) + field.minSizeBytes + 4
  }
  return { type: structType(name), maxElements: 0, minSizeBytes, fields }
}

function declareString(schema: Structural): Declared {
  switch (schema.format) {
    case 'byte':
      return scalar(bytesType, 2, schema.maxLength === undefined ? requestMaxBytes - 2 : Math.max(0, schema.maxLength))
    case 'duration':
      return scalar(durationType, 3, 32)
    case 'date':
      return scalar(timestampType, 12, 12)
    case 'date-time':
      return scalar(timestampType, 21, 32)
  }
  if (schema.maxLength !== undefined) return scalar(stringType, 2, Math.max(0, schema.maxLength) * 4)
  const longest = (schema.enum ?? []).map((each) => (typeof each === 'string' ? Buffer.byteLength(each) : 0))
  return scalar(stringType, 2, longest.length > 0 ? Math.max(...longest) : requestMaxBytes - 2)
}

/** The structures of a declared value, for an environment. */
export function structuresOf(root: Declared): Structures {
  const found = new Map<string, Declared>()
  const collect = (each: Declared): void => {
    if (each.fields !== undefined) found.set(each.type.name, each)
    for (const field of each.fields?.values() ?? []) collect(field)
    if (each.item !== undefined) collect(each.item)
  }
  collect(root)
  return { find: (name) => found.get(name)?.type, field: (name, field) => fieldOf(found.get(name), field)?.type }
}

/** A reserved word may also be written as it is: behind a dot it can be nothing but a field. */
const fieldOf = (structure: Declared | undefined, field: string): Declared | undefined =>
  structure?.fields?.get(field) ?? (isReservedName(field) ? structure?.fields?.get(`__${field}__`) : undefined)

/** How long parts of a variable may be, whatever the variable's name: the first step of every path. */
export const sizesOf =
  (root: Declared) =>
  ({ path }: SizedNode): Range | undefined => {
    if (path === undefined || path.length === 0) return undefined
    let at: Declared | undefined = root
    for (const step of path.slice(1)) {
      at = step === '@items' || step === '@values' ? at.item : step === '@keys' ? at.key : at.fields?.get(step)
      if (at === undefined) return undefined
    }
    return { min: 0, max: at.maxElements }
  }

/** How often data of so small a size could stand in one request: the worst case for rules below lists and maps without bounds. */
export const maxCardinality = ({ minSizeBytes }: Declared): number => Math.floor(requestMaxBytes / (minSizeBytes + 1))
export { unbounded }
