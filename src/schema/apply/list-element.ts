import { isObject } from '#schema/fields.ts'
import type { ListSchema, MapSchema } from './merge-schema.ts'
import { keyElement, type PathElement, valueElement } from './path-element.ts'

/** By which element an item of a set or a map list is named, or what keeps it from having a name. */
export function elementOf(
  list: ListSchema,
  item: unknown,
  inMemory: boolean,
): { readonly element: PathElement } | { readonly problem: string } {
  return list.relation === 'map' ? keyedElement(list, item, inMemory) : setElement(item)
}

function keyedElement(
  list: ListSchema,
  item: unknown,
  inMemory: boolean,
): { readonly element: PathElement } | { readonly problem: string } {
  if (item === null || item === undefined) return { problem: 'associative list with keys may not have a null element' }
  if (!isObject(item)) return { problem: 'associative list with keys may not have non-map elements' }
  const { map } = list.item()
  if (map === undefined) return { problem: 'associative list may not have non-map types' }
  const fields: [string, unknown][] = []
  for (const key of list.keys) {
    const value = keyValue(map, item, key, inMemory)
    if (value !== undefined) fields.push([key, value])
  }
  if (fields.length > 0) return { element: keyElement(fields) }
  const names = list.keys.map((key) => JSON.stringify(key)).join(' ')
  return {
    problem: `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
  }
}

function keyValue(map: MapSchema, item: Readonly<Record<string, unknown>>, key: string, inMemory: boolean): unknown {
  const field = map.fields.get(key)
  const own = Object.hasOwn(item, key) ? item[key] : undefined
  const value = inMemory && field !== undefined ? field.shown(own) : own
  return value === undefined ? field?.default : value
}

function setElement(item: unknown): { readonly element: PathElement } | { readonly problem: string } {
  if (Array.isArray(item)) return { problem: 'not supported: associative list with lists as elements' }
  if (isObject(item)) return { problem: "associative list without keys has an element that's a map type" }
  if (item === null || item === undefined) return { problem: "associative list without keys has an element that's an explicit null" }
  return { element: valueElement(item) }
}
