import type { StructuralShape } from '#schema/schema.ts'
import type { Structural } from '#schema/structural/structural.ts'
import { deduced, type FieldSchema, type MergeSchema, mergeSchemaOf, untypedAtomic } from './merge-schema.ts'

/**
 * How the values of a custom resource merge, as its OpenAPI schema says (`x-kubernetes-list-type`, `x-kubernetes-map-type`). What the schema
 * does not describe but keeps is taken as it comes.
 */
export function structuralMergeSchema(shape: StructuralShape): MergeSchema {
  return convert(shape.schema, { metadata: mergeSchemaOf(shape.metadata), keepsUnknown: false }, true)
}

interface Place {
  readonly metadata: MergeSchema
  /** An outer `x-kubernetes-preserve-unknown-fields` counts for all that it holds. */
  readonly keepsUnknown: boolean
}

function convert(schema: Structural, outer: Place, isResource: boolean): MergeSchema {
  const place = schema['x-kubernetes-preserve-unknown-fields'] === true ? { ...outer, keepsUnknown: true } : outer
  switch (schema.type) {
    case 'object':
      return { map: mapOf(schema, place, isResource) }
    case 'array':
      return { list: listOf(schema, place) }
    case 'integer':
    case 'number':
      return { scalar: 'numeric' }
    case 'boolean':
      return { scalar: 'boolean' }
    case 'string':
      return { scalar: schema.format === undefined || schema.format === '' || schema.format === 'byte' ? 'string' : 'untyped' }
    default:
      // A root without a type is an object all the same.
      return isResource
        ? { map: mapOf(schema, place, true) }
        : { scalar: 'untyped', list: listOf(schema, place), map: mapOf(schema, place, false) }
  }
}

function mapOf(schema: Structural, place: Place, isResource: boolean): NonNullable<MergeSchema['map']> {
  const { properties = {}, additionalProperties } = schema
  const atomic = schema['x-kubernetes-map-type'] === 'atomic'
  const entries = Object.entries(properties).map(([name, each]): [string, FieldSchema] => [name, fieldOf(name, each, place)])
  const own =
    isResource || schema['x-kubernetes-embedded-resource'] === true
      ? [ownField('apiVersion', { scalar: 'string' }), ownField('kind', { scalar: 'string' }), ownField('metadata', place.metadata)]
      : []
  const fields = new Map([...entries, ...own].sort(([a], [b]) => (a < b ? -1 : 1)))
  if (typeof additionalProperties === 'object') return { atomic, fields, element: lazy(() => convert(additionalProperties, place, false)) }
  if (additionalProperties === true) return { atomic, fields, element: () => deduced }
  const isFree = additionalProperties === undefined && (place.keepsUnknown || fields.size === 0)
  return isFree ? { atomic, fields, element: () => deduced } : { atomic, fields }
}

const fieldOf = (name: string, schema: Structural, place: Place): FieldSchema => ({
  name,
  schema: lazy(() => convert(schema, place, false)),
  shown: identity,
  ...(schema.default !== undefined && { default: schema.default }),
})

const ownField = (name: string, schema: MergeSchema): [string, FieldSchema] => [name, { name, schema: () => schema, shown: identity }]

function listOf(schema: Structural, place: Place): NonNullable<MergeSchema['list']> {
  const { items } = schema
  const item = items === undefined ? () => untypedAtomic : lazy(() => convert(items, place, false))
  const type = schema['x-kubernetes-list-type']
  if (type === 'set') return { relation: 'set', keys: [], item }
  if (type === 'map') return { relation: 'map', keys: (schema['x-kubernetes-list-map-keys'] ?? []).toSorted(), item }
  return { relation: 'atomic', keys: [], item }
}

const identity = (value: unknown): unknown => value

function lazy(make: () => MergeSchema): () => MergeSchema {
  let made: MergeSchema | undefined
  return () => (made ??= make())
}
