import { fieldsPlan, isEmptyFor, type PlannedField } from '#schema/plan.ts'
import type { AnyType, ListMerge, Shape } from '#schema/schema.ts'
import { zeroOf } from '#schema/zero.ts'
import { structuralMergeSchema } from './structural-schema.ts'

/**
 * What server-side apply has to know of a type: where a value may be owned in parts and where only as a whole. A value that has no schema
 * may be any of scalar, list and map, so a schema has up to three faces; the value says which one counts.
 */
export interface MergeSchema {
  readonly scalar?: 'numeric' | 'string' | 'boolean' | 'untyped'
  readonly list?: ListSchema
  readonly map?: MapSchema
}

/** How the items of a list are told apart. */
export interface ListSchema {
  /** `set`: of scalars; `map`: of structures, told apart by `keys`. */
  readonly relation: 'atomic' | 'set' | 'map'
  /** Sorted. */
  readonly keys: readonly string[]
  readonly item: () => MergeSchema
}

/** A structure or a map: which fields it has, and whether they are owned one by one. */
export interface MapSchema {
  readonly atomic: boolean
  /** Declared fields by name, in the order of their names. */
  readonly fields: ReadonlyMap<string, FieldSchema>
  /** The type of what is not declared. Absent: nothing else is allowed. */
  readonly element?: () => MergeSchema
}

/** A declared field of a structure. */
export interface FieldSchema {
  readonly name: string
  readonly schema: () => MergeSchema
  /** What an item's key field is taken for when it is left out. */
  readonly default?: unknown
  /** The value as JSON would show it, for values in memory: `undefined` when it is left out, null or a zero value when it is written so. */
  readonly shown: (value: unknown) => unknown
}

/** The schema of a type, made when first asked for. */
export function mergeSchemaOf(type: AnyType): MergeSchema {
  return schemaOf(type.shape)
}

/** Anything, and always as a whole. */
export const untypedAtomic: MergeSchema = {
  scalar: 'untyped',
  list: { relation: 'atomic', keys: [], item: () => untypedAtomic },
  map: { atomic: true, fields: new Map(), element: () => untypedAtomic },
}

/** Anything; maps by their keys, lists as a whole. */
export const deduced: MergeSchema = {
  scalar: 'untyped',
  list: { relation: 'atomic', keys: [], item: () => untypedAtomic },
  map: { atomic: false, fields: new Map(), element: () => deduced },
}

const known = new WeakMap<Shape, MergeSchema>()

function schemaOf(shape: Shape): MergeSchema {
  const found = known.get(shape)
  if (found !== undefined) return found
  const made = makeSchema(shape)
  known.set(shape, made)
  return made
}

function makeSchema(shape: Shape): MergeSchema {
  switch (shape.kind) {
    case 'string':
      return shape.format === undefined || shape.format === '' || shape.format === 'byte' ? text : untyped
    case 'bytes':
    case 'duration':
      return text
    case 'bool':
      return truth
    case 'int32':
    case 'int64':
    case 'uint32':
    case 'uint64':
    case 'double':
      return numeric
    case 'quantity':
    case 'time':
    case 'microTime':
    case 'intOrString':
      return untyped
    case 'json':
      return shape.isOpen === true ? deduced : jsonSchema(shape.name)
    case 'either':
      return deduced
    case 'structural':
      return structuralMergeSchema(shape)
    case 'list':
      return { list: listSchema(shape.item, shape.merge) }
    case 'map':
      return { map: { atomic: shape.merge === 'atomic', fields: new Map(), element: lazy(shape.value.shape) } }
    case 'message':
      return { map: { atomic: shape.atomic === true, fields: fieldsOf(shape) } }
  }
}

const text: MergeSchema = { scalar: 'string' }
const untyped: MergeSchema = { scalar: 'untyped' }
const truth: MergeSchema = { scalar: 'boolean' }
const numeric: MergeSchema = { scalar: 'numeric' }

/** RawExtension is one value; FieldsV1 an object of anything; other JSON (of apiextensions) is anything in parts. */
function jsonSchema(name: string | undefined): MergeSchema {
  if (name === undefined) return untypedAtomic
  return name.endsWith('.FieldsV1') ? { map: deduced.map! } : deduced
}

function listSchema(item: AnyType, merge: ListMerge): ListSchema {
  const { apply } = merge
  return { relation: apply.type, keys: apply.type === 'map' ? apply.keys.toSorted() : [], item: lazy(item.shape) }
}

function fieldsOf(shape: Shape): ReadonlyMap<string, FieldSchema> {
  const fields = fieldsPlan(shape).map((field): [string, FieldSchema] => [
    field.name,
    {
      name: field.name,
      schema: field.field.options.atomic === undefined ? lazy(field.shape) : overridden(field.shape, field.field.options.atomic),
      shown: shownOf(field),
      ...withDefault(field),
    },
  ])
  return new Map(fields.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The field says otherwise than its type. */
function overridden(shape: Shape, atomic: boolean): () => MergeSchema {
  let made: MergeSchema | undefined
  return () => {
    if (made !== undefined) return made
    const base = schemaOf(shape)
    made = base.map === undefined ? base : { ...base, map: { ...base.map, atomic } }
    return made
  }
}

/** Its own default, and else the zero value of what is always written, as the OpenAPI of the reference has it. */
function withDefault({ field, shape, kept, pointer }: PlannedField): { readonly default?: unknown } {
  const given = field.options.default
  if (given !== undefined) return { default: given }
  const isScalar = shape.kind === 'string' || shape.kind === 'bool' || shape.kind.includes('int') || shape.kind === 'double'
  return kept && !pointer && isScalar && shape.kind !== 'intOrString' ? { default: zeroOf(shape) } : {}
}

function shownOf({ shape, kept, pointer }: PlannedField): (value: unknown) => unknown {
  const isEmpty = pointer ? isAbsent : isEmptyFor(shape)
  const empty = !kept ? undefined : pointer || shape.kind === 'list' || shape.kind === 'map' ? null : zeroOf(shape)
  return (value) => (value === undefined || value === null || isEmpty(value) ? empty : value)
}

const isAbsent = (value: unknown): boolean => value === null || value === undefined

function lazy(shape: Shape): () => MergeSchema {
  let made: MergeSchema | undefined
  return () => (made ??= schemaOf(shape))
}
