import { deepEqual, getOwn, isObject } from '../fields.ts'
import { additionalOf, propertyOf, type Structural } from './structural.ts'

/**
 * A value and what it was before an update, found by the keys of maps and of lists of type `map`. What did not change need not be valid
 * (KEP-4008, validation ratcheting), and transition rules compare the two. Made for one validation, and then thrown away.
 */
export interface Correlation {
  readonly value: unknown
  readonly previous: unknown
  readonly schema: Structural
  /** The same for a part; undefined where there was no such part, or none that can be told. */
  key(name: string): Correlation | undefined
  at(index: number): Correlation | undefined
  /** Whether nothing changed. Items of lists that cannot be told apart are compared as one. */
  isEqual(): boolean
}

/** Pairs a value with what stood in its place before. Parts are paired when they are asked for, and once. */
export function correlate(value: unknown, previous: unknown, schema: Structural): Correlation {
  // Most have no parts, and there is one for every item of a list.
  let children: Map<string | number, Correlation> | undefined
  let equal: boolean | undefined
  let byKey: ReadonlyMap<string, unknown> | undefined
  const self: Correlation = {
    value,
    previous,
    schema,
    key(name) {
      const known = children?.get(name)
      if (known !== undefined) return known
      if (!isObject(value) || !isObject(previous) || !Object.hasOwn(value, name) || !Object.hasOwn(previous, name)) return undefined
      const part = propertyOf(schema, name) ?? additionalOf(schema)
      if (part === undefined) return undefined
      const made = correlate(value[name], previous[name], part)
      ;(children ??= new Map()).set(name, made)
      return made
    },
    at(index) {
      const known = children?.get(index)
      if (known !== undefined) return known
      if (!Array.isArray(value) || !Array.isArray(previous) || index >= value.length || schema.items === undefined) return undefined
      if (schema['x-kubernetes-list-type'] !== 'map') return undefined
      byKey ??= keyed(schema, previous)
      const key = keyOf(schema, value[index])
      const before = key === undefined ? undefined : byKey.get(key)
      if (before === undefined) return undefined
      const made = correlate(value[index], before, schema.items)
      ;(children ??= new Map()).set(index, made)
      return made
    },
    isEqual: () => (equal ??= compare(self)),
  }
  return self
}

function compare(self: Correlation): boolean {
  const { value, previous, schema } = self
  if (value === null || value === undefined || previous === null || previous === undefined)
    return (value ?? null) === null && (previous ?? null) === null
  if (Array.isArray(value)) {
    if (!Array.isArray(previous) || value.length !== previous.length) return false
    if (schema['x-kubernetes-list-type'] !== 'map') return deepEqual(value, previous)
    return value.every((_, i) => self.at(i)?.isEqual() ?? false)
  }
  if (isObject(value)) {
    if (!isObject(previous)) return false
    const keys = Object.keys(value)
    if (keys.length !== Object.keys(previous).length) return false
    return keys.every((key) => self.key(key)?.isEqual() ?? false)
  }
  return value === previous
}

/** Of items with the same keys the first counts. */
function keyed(schema: Structural, list: readonly unknown[]): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>()
  for (const item of list) {
    const key = keyOf(schema, item)
    if (key !== undefined && !found.has(key)) found.set(key, item)
  }
  return found
}

/** The values of an item's keys as one text; undefined where one is missing or no scalar. */
export function keyOf(schema: Structural, item: unknown): string | undefined {
  if (!isObject(item)) return undefined
  const values = (schema['x-kubernetes-list-map-keys'] ?? []).map((name) => getOwn(item, name))
  if (values.length === 0 || values.some((value) => value === undefined || (typeof value === 'object' && value !== undefined)))
    return undefined
  return values.map((value) => `${typeof value}:${String(value)}`).join('\0')
}
