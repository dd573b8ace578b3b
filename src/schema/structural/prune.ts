import { getOwn, isObject, setOwn } from '../fields.ts'
import { additionalOf, propertyOf, type Structural } from './structural.ts'

/** Where pruning begins, and who hears of it. */
export interface PruneOptions {
  /** The value is a whole object: `apiVersion`, `kind` and `metadata` are known without being in the schema. */
  readonly isRoot: boolean
  /** Told of each field that is dropped: `spec.l[0].x`. */
  readonly onUnknown?: (path: string) => void
}

/**
 * Drops the fields that the schema does not name, except below `x-kubernetes-preserve-unknown-fields`. Metadata of the object and of
 * embedded resources is left as it is. Returns the very same value where nothing was dropped; never changes its argument.
 */
export function prune(schema: Structural | undefined, value: unknown, { isRoot, onUnknown }: PruneOptions): unknown {
  return visit(isRoot ? { ...schema, 'x-kubernetes-embedded-resource': true } : schema, value, onUnknown === undefined ? undefined : '', {
    onUnknown,
  })
}

interface Walk {
  readonly onUnknown: PruneOptions['onUnknown']
}

/** `path` is undefined while nobody asks for it. */
function visit(schema: Structural | undefined, value: unknown, path: string | undefined, walk: Walk): unknown {
  const preserves = schema?.['x-kubernetes-preserve-unknown-fields'] === true
  if (Array.isArray(value)) return visitList(schema, value, path, walk, preserves)
  return isObject(value) ? visitObject(schema, value, path, walk, preserves) : value
}

function visitList(schema: Structural | undefined, list: readonly unknown[], path: string | undefined, walk: Walk, preserves: boolean) {
  const item = schema?.items
  // What is kept as it is has no schema to lose fields by.
  if (preserves && item === undefined) return list
  let copy: unknown[] | undefined
  for (let i = 0; i < list.length; i += 1) {
    const place = path === undefined ? undefined : `${path}[${i}]`
    const after = preserves ? skip(item!, list[i], place, walk) : visit(item, list[i], place, walk)
    if (after === list[i]) continue
    copy ??= [...list]
    copy[i] = after
  }
  return copy ?? list
}

function visitObject(
  schema: Structural | undefined,
  object: Readonly<Record<string, unknown>>,
  path: string | undefined,
  walk: Walk,
  preserves: boolean,
): unknown {
  let copy: Record<string, unknown> | undefined
  for (const key of Object.keys(object)) {
    if (schema?.['x-kubernetes-embedded-resource'] === true && metaFields.has(key)) continue
    const place = path === undefined ? undefined : path === '' ? key : `${path}.${key}`
    const property = schema === undefined ? undefined : propertyOf(schema, key)
    if (property !== undefined || schema?.additionalProperties !== undefined) {
      const before = object[key]
      const after = visit(property ?? additionalOf(schema!), before, place, walk)
      if (after === before) continue
      copy ??= { ...object }
      setOwn(copy, key, after)
    } else if (!preserves) {
      copy ??= { ...object }
      delete copy[key]
      if (place !== undefined && (!metaFields.has(key) || path !== '')) walk.onUnknown?.(place)
    }
  }
  return copy ?? object
}

/** Below a list that keeps what it does not know, the items do so too, whatever their schema says. */
const skip = (schema: Structural, value: unknown, path: string | undefined, walk: Walk): unknown =>
  visit({ ...schema, 'x-kubernetes-preserve-unknown-fields': true }, value, path, walk)

/**
 * Drops nulls where the schema neither allows them nor has a default to put there. Returns the very same value where there are none; never
 * changes its argument.
 */
export function dropNulls(schema: Structural | undefined, value: unknown): unknown {
  if (schema === undefined) return value
  if (Array.isArray(value)) {
    if (schema.items === undefined) return value
    let copy: unknown[] | undefined
    for (let i = 0; i < value.length; i += 1) {
      const after = dropNulls(schema.items, value[i])
      if (after === value[i]) continue
      copy ??= [...value]
      copy[i] = after
    }
    return copy ?? value
  }
  if (!isObject(value)) return value
  let copy: Record<string, unknown> | undefined
  for (const key of Object.keys(value)) {
    const part = propertyOf(schema, key) ?? additionalOf(schema)
    const before = getOwn(value, key)
    if (before === null) {
      if (part === undefined || part.nullable === true || hasDefault(part)) continue
      copy ??= { ...value }
      delete copy[key]
      continue
    }
    const after = dropNulls(part, before)
    if (after === before) continue
    copy ??= { ...value }
    setOwn(copy, key, after)
  }
  return copy ?? value
}

/** A default of null is none. */
export const hasDefault = (schema: Structural): boolean => schema.default !== undefined && schema.default !== null

/** Fields that every whole object has, whatever its schema says. */
export const metaFields: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata'])
