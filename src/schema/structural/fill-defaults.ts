import { clone, isObject, setOwn } from '../fields.ts'
import { hasDefault } from './prune.ts'
import { additionalOf, propertyOf, type Structural } from './structural.ts'

/**
 * Fills in the schema's defaults where a property is absent, or null though it must not be. Returns the very same value where nothing was
 * missing; never changes its argument.
 */
export function fillDefaults(schema: Structural | undefined, value: unknown): unknown {
  if (schema === undefined || !holdsDefaults(schema)) return value
  if (Array.isArray(value)) return fillList(schema.items, value)
  return isObject(value) ? fillObject(schema, value) : value
}

function fillObject(schema: Structural, object: Readonly<Record<string, unknown>>): unknown {
  let copy: Record<string, unknown> | undefined
  const set = (key: string, value: unknown): void => {
    copy ??= { ...object }
    setOwn(copy, key, value)
  }
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (!hasDefault(property)) continue
    if (!Object.hasOwn(object, key) || isNonNullableNull(object[key], property)) set(key, clone(property.default))
  }
  const filled = copy ?? object
  for (const key of Object.keys(filled)) {
    const property = propertyOf(schema, key)
    const part = property ?? additionalOf(schema)
    if (part === undefined) continue
    const before = filled[key]
    const start = property === undefined && isNonNullableNull(before, part) ? clone(part.default ?? null) : before
    const after = fillDefaults(part, start)
    if (after !== before) set(key, after)
  }
  return copy ?? object
}

function fillList(item: Structural | undefined, list: readonly unknown[]): unknown {
  if (item === undefined) return list
  let copy: unknown[] | undefined
  for (let i = 0; i < list.length; i += 1) {
    const start = isNonNullableNull(list[i], item) ? clone(item.default ?? null) : list[i]
    const after = fillDefaults(item, start)
    if (after === list[i]) continue
    copy ??= [...list]
    copy[i] = after
  }
  return copy ?? list
}

const isNonNullableNull = (value: unknown, schema: Structural): boolean => value === null && schema.nullable !== true

/** Whether there is a default anywhere below: most parts of most schemas have none, and are not walked. */
function holdsDefaults(schema: Structural): boolean {
  const known = holders.get(schema)
  if (known !== undefined) return known
  const parts = [...Object.values(schema.properties ?? {}), additionalOf(schema), schema.items]
  const holds = parts.some((part) => part !== undefined && (hasDefault(part) || holdsDefaults(part)))
  holders.set(schema, holds)
  return holds
}

const holders = new WeakMap<Structural, boolean>()
