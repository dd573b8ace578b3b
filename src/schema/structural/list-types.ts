import type { Cause } from '#lib/errors.ts'
import { getOwn, isObject } from '../fields.ts'
import { encodeSorted } from '../json.ts'
import { child, duplicate, index, invalid, key } from '../validate.ts'
import { additionalOf, propertyOf, type Structural } from './structural.ts'

/** Items that stand twice in lists of type `set`, and items with the same keys in lists of type `map`. */
export function validateListTypes(schema: Structural, value: unknown, path = ''): Cause[] {
  if (Array.isArray(value)) return validateList(schema, value, path)
  return isObject(value) ? validateObject(schema, value, path) : []
}

function validateObject(schema: Structural, object: Readonly<Record<string, unknown>>, path: string): Cause[] {
  const additional = additionalOf(schema)
  const causes: Cause[] = []
  for (const name of Object.keys(object)) {
    if (additional !== undefined) causes.push(...validateListTypes(additional, object[name], key(path, name)))
    const property = propertyOf(schema, name)
    if (property !== undefined) causes.push(...validateListTypes(property, object[name], child(path, name)))
  }
  return causes
}

function validateList(schema: Structural, list: readonly unknown[], path: string): Cause[] {
  const causes: Cause[] = []
  const type = schema['x-kubernetes-list-type']
  if (type === 'set') for (const i of repeated(list)) causes.push(duplicate(index(path, i), list[i]))
  if (type === 'map') causes.push(...validateMap(schema, list, path))
  if (schema.items !== undefined)
    for (const [i, item] of list.entries()) causes.push(...validateListTypes(schema.items, item, index(path, i)))
  return causes
}

function validateMap(schema: Structural, list: readonly unknown[], path: string): Cause[] {
  const bad = list.findIndex((item) => item !== null && !isObject(item))
  if (bad >= 0) return [invalid(index(path, bad), list[bad], 'must be an object for an array of list-type map')]
  const names = schema['x-kubernetes-list-map-keys'] ?? []
  const keys = list.map((item) => {
    const values = names.map((name) => [name, isObject(item) ? getOwn(item, name) : undefined] as const)
    return Object.fromEntries(values.filter(([, value]) => value !== undefined))
  })
  return repeated(keys).map((i) => duplicate(index(path, i), keys[i]))
}

/** Places at which a value stands for the second time. A third says nothing new. */
function repeated(list: readonly unknown[]): number[] {
  if (list.length < 2) return []
  const seen = new Map<string, number>()
  const found: number[] = []
  for (const [i, item] of list.entries()) {
    const text = encodeSorted(item)
    const times = seen.get(text) ?? 0
    seen.set(text, times + 1)
    if (times === 1) found.push(i)
  }
  return found
}
