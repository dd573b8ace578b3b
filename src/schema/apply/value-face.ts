import { isObject } from '#schema/fields.ts'
import type { ListSchema, MapSchema, MergeSchema } from './merge-schema.ts'

/** Which face of its schema a JSON value shows; where it shows none (null, or what does not fit), the schema's first one. */
export type Face = { readonly map: MapSchema } | { readonly list: ListSchema } | { readonly scalar: NonNullable<MergeSchema['scalar']> }

/** The face for a value. A schema that says nothing of such values still gives the first that it has. */
export function faceOf(schema: MergeSchema, value: unknown): Face {
  if (Array.isArray(value)) {
    if (schema.list !== undefined) return { list: schema.list }
  } else if (isObject(value)) {
    if (schema.map !== undefined) return { map: schema.map }
  } else if (value !== null && value !== undefined && schema.scalar !== undefined) return { scalar: schema.scalar }
  if (schema.map !== undefined) return { map: schema.map }
  return schema.scalar !== undefined ? { scalar: schema.scalar } : { list: schema.list! }
}

/** The schema of a map's key, `undefined` where none is allowed. */
export const schemaAt = (map: MapSchema, key: string): MergeSchema | undefined => map.fields.get(key)?.schema() ?? map.element?.()
