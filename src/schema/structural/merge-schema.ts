import { deduced, type FieldSchema, type ListSchema, type MapSchema, type MergeSchema, untypedAtomic } from '../apply/merge-schema.ts'
import { additionalOf, type Structural } from './structural.ts'

/** What server-side apply has to know of a custom resource. `metadata` is the schema of ObjectMeta. */
export function mergeSchemaOfStructural(schema: Structural, metadata: MergeSchema): MergeSchema {
  const own = schemaOf(schema, schema['x-kubernetes-preserve-unknown-fields'] === true, metadata)
  return { map: { ...own.map!, fields: withIdentity(own.map!.fields, metadata) } }
}

const text: MergeSchema = { scalar: 'string' }

/** `apiVersion`, `kind` and `metadata` are there whatever the schema says of them. */
function withIdentity(fields: ReadonlyMap<string, FieldSchema>, metadata: MergeSchema): ReadonlyMap<string, FieldSchema> {
  const all = new Map([
    ...fields,
    ['apiVersion', fieldOf('apiVersion', () => text)],
    ['kind', fieldOf('kind', () => text)],
    ['metadata', fieldOf('metadata', () => metadata)],
  ] as [string, FieldSchema][])
  return new Map([...all].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** `preserves` is inherited: below a part that keeps what it does not know, every part does. */
function schemaOf(schema: Structural, preserves: boolean, metadata: MergeSchema): MergeSchema {
  const keeps = preserves || schema['x-kubernetes-preserve-unknown-fields'] === true
  switch (schema.type) {
    case 'object':
      return { map: mapOf(schema, keeps, metadata) }
    case 'array':
      return { list: listOf(schema, keeps, metadata) }
    case 'string':
      return { scalar: schema.format === undefined || schema.format === '' || schema.format === 'byte' ? 'string' : 'untyped' }
    case 'boolean':
      return { scalar: 'boolean' }
    case 'integer':
    case 'number':
      return { scalar: 'numeric' }
    default:
      return { scalar: 'untyped', list: listOf(schema, keeps, metadata), map: mapOf(schema, keeps, metadata) }
  }
}

function mapOf(schema: Structural, keeps: boolean, metadata: MergeSchema): MapSchema {
  const properties = Object.entries(schema.properties ?? {})
  const additional = additionalOf(schema)
  const element =
    additional !== undefined
      ? lazy(additional, keeps, metadata)
      : schema.additionalProperties === true || (schema.additionalProperties === undefined && (keeps || properties.length === 0))
        ? () => deduced
        : undefined
  const fields = properties
    .map(([name, part]): [string, FieldSchema] => [name, fieldOf(name, lazy(part, keeps, metadata), part.default)])
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const own: ReadonlyMap<string, FieldSchema> = new Map(fields)
  return {
    atomic: schema['x-kubernetes-map-type'] === 'atomic',
    fields: schema['x-kubernetes-embedded-resource'] === true ? withIdentity(own, metadata) : own,
    ...(element !== undefined && { element }),
  }
}

function listOf(schema: Structural, keeps: boolean, metadata: MergeSchema): ListSchema {
  const relation = schema['x-kubernetes-list-type'] ?? 'atomic'
  return {
    relation,
    keys: relation === 'map' ? (schema['x-kubernetes-list-map-keys'] ?? []).toSorted() : [],
    item: schema.items === undefined ? () => untypedAtomic : lazy(schema.items, keeps, metadata),
  }
}

const fieldOf = (name: string, schema: () => MergeSchema, fallback?: unknown): FieldSchema => ({
  name,
  schema,
  shown: (value) => value,
  ...(fallback !== undefined && fallback !== null && { default: fallback }),
})

function lazy(schema: Structural, keeps: boolean, metadata: MergeSchema): () => MergeSchema {
  let made: MergeSchema | undefined
  return () => (made ??= schemaOf(schema, keeps, metadata))
}
