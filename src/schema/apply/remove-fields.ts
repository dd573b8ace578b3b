import { isObject, setOwn } from '#schema/fields.ts'
import { below, type FieldSet, hasMember, isEmptySet } from './field-set.ts'
import { elementOf } from './list-element.ts'
import type { MergeSchema } from './merge-schema.ts'
import { fieldElement } from './path-element.ts'
import { faceOf, schemaAt } from './value-face.ts'

/** The JSON value without the fields and items of a set. A list or map that loses all of them goes itself: `undefined`. */
export function removeFields(schema: MergeSchema, value: unknown, set: FieldSet): unknown {
  const face = faceOf(schema, value)
  if ('scalar' in face) return value
  if ('list' in face) {
    if (!Array.isArray(value) || value.length === 0 || face.list.relation === 'atomic') return undefined
    const kept: unknown[] = []
    for (const item of value) {
      const named = elementOf(face.list, item, false)
      if ('problem' in named) kept.push(item)
      else if (!hasMember(set, named.element)) kept.push(inner(face.list.item(), item, below(set, named.element)) ?? null)
    }
    return kept.length === 0 ? undefined : kept
  }
  if (!isObject(value) || face.map.atomic) return undefined
  const kept: Record<string, unknown> = {}
  let any = false
  for (const key of Object.keys(value)) {
    const element = fieldElement(key)
    if (hasMember(set, element)) continue
    const schemaOfKey = schemaAt(face.map, key)
    const left = schemaOfKey === undefined ? value[key] : inner(schemaOfKey, value[key], below(set, element))
    setOwn(kept, key, left ?? null)
    any = true
  }
  return any ? kept : undefined
}

const inner = (schema: MergeSchema, value: unknown, set: FieldSet): unknown => (isEmptySet(set) ? value : removeFields(schema, value, set))
