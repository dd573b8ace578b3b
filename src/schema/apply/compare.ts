import { deepEqual, isObject } from '#schema/fields.ts'
import { isNoted, shownAsGiven } from '#schema/given-empty.ts'
import { type FieldSet, leaf, sorted } from './field-set.ts'
import { elementOf } from './list-element.ts'
import { MergeError } from './merge-error.ts'
import type { FieldSchema, ListSchema, MapSchema, MergeSchema } from './merge-schema.ts'
import { compareText, fieldElement, type PathElement } from './path-element.ts'

/** How two values differ, each field in one of the sets; `undefined` stands for an empty one. */
export interface Comparison {
  readonly added: FieldSet | undefined
  readonly modified: FieldSet | undefined
  readonly removed: FieldSet | undefined
}

/** How values are looked at. */
export interface CompareOptions {
  /** Values in memory leave out what their type says is empty; `false`: JSON, where everything counts as it stands. */
  readonly inMemory: boolean
  /** Fields that do not count, with all below them: an object by path elements, whose empty objects are the ends. */
  readonly except?: FieldSet
}

/**
 * Compares two values field by field as far as the schema goes into them. `undefined` when nothing differs. Throws a `MergeError` for list
 * items without a name.
 */
export function compare(schema: MergeSchema, before: unknown, after: unknown, options: CompareOptions): Comparison | undefined {
  return compareValues(schema, before, after, options, options.except)
}

type Except = FieldSet | undefined

/** `undefined` is an absent value; at least one is there. */
function compareValues(
  schema: MergeSchema,
  before: unknown,
  after: unknown,
  options: CompareOptions,
  except: Except,
): Comparison | undefined {
  if (before === after && before !== undefined) return undefined
  const left = before === undefined ? 'any' : faceOf(schema, before)
  const right = after === undefined ? 'any' : faceOf(schema, after)
  if (left !== 'any' && right !== 'any' && left !== right) return compareFaces(schema, before, after, left, right, options)
  return compareAs(schema, right === 'any' ? left : right, before, after, options, except)
}

type Face = 'map' | 'scalar' | 'list' | 'any'

/** The face of the schema that a value shows; `any`: the schema decides, as it does for null. */
function faceOf(schema: MergeSchema, value: unknown): Face {
  if (Array.isArray(value)) return schema.list === undefined ? 'any' : 'list'
  if (typeof value === 'object') return value !== null && schema.map !== undefined ? 'map' : 'any'
  return schema.scalar === undefined ? 'any' : 'scalar'
}

function compareAs(
  schema: MergeSchema,
  face: Face,
  before: unknown,
  after: unknown,
  options: CompareOptions,
  except: Except,
): Comparison | undefined {
  const settled = face !== 'any' ? face : schema.map !== undefined ? 'map' : schema.scalar !== undefined ? 'scalar' : 'list'
  if (settled === 'map') return compareMaps(schema, schema.map!, before, after, options, except)
  if (settled === 'list') return compareLists(schema, schema.list!, before, after, options)
  return compareLeaves(schema, before, after, options)
}

/** A value that changes its sort is compared as the one and as the other. */
function compareFaces(
  schema: MergeSchema,
  before: unknown,
  after: unknown,
  left: Face,
  right: Face,
  options: CompareOptions,
): Comparison | undefined {
  const first = compareAs(schema, left, before, after, options, undefined)
  const second = compareAs(schema, right, before, after, options, undefined)
  if (first === undefined || second === undefined) return first ?? second
  return {
    added: first.added ?? second.added,
    modified: first.modified ?? second.modified,
    removed: first.removed ?? second.removed,
  }
}

const addedLeaf: Comparison = { added: leaf, modified: undefined, removed: undefined }
const modifiedLeaf: Comparison = { added: undefined, modified: leaf, removed: undefined }
const removedLeaf: Comparison = { added: undefined, modified: undefined, removed: leaf }

function compareLeaves(schema: MergeSchema, before: unknown, after: unknown, options: CompareOptions): Comparison | undefined {
  if (before === undefined) return addedLeaf
  if (after === undefined) return removedLeaf
  if (deepEqual(before, after) || (options.inMemory && isShownAlike(schema, before, after))) return undefined
  return modifiedLeaf
}

function compareMaps(
  schema: MergeSchema,
  map: MapSchema,
  before: unknown,
  after: unknown,
  options: CompareOptions,
  except: Except,
): Comparison | undefined {
  const left = isObject(before) ? before : undefined
  const right = isObject(after) ? after : undefined
  if (map.atomic || (isEmptyMap(map, left, options) && isEmptyMap(map, right, options)))
    return compareLeaves(schema, before, after, options)
  const found = new Collected(before, after)
  if (options.inMemory && map.element === undefined) {
    for (const field of map.fields.values()) {
      const a = left === undefined ? undefined : shownOrGiven(field, left)
      const b = right === undefined ? undefined : shownOrGiven(field, right)
      if (a === undefined && b === undefined) continue
      compareField(found, fieldElement(field.name), field.schema(), a, b, options, except)
    }
    return found.result()
  }
  for (const key of keysOf(left, right)) {
    const field = map.fields.get(key)
    const a = valueAt(left, key, field, options)
    const b = valueAt(right, key, field, options)
    if (a === undefined && b === undefined) continue
    const schemaOfField = field?.schema() ?? map.element?.()
    if (schemaOfField !== undefined) compareField(found, fieldElement(key), schemaOfField, a, b, options, except)
  }
  return found.result()
}

function compareField(
  found: Collected,
  element: PathElement,
  schema: MergeSchema,
  before: unknown,
  after: unknown,
  options: CompareOptions,
  except: Except,
): void {
  if (before === after) return
  if (except === undefined || !Object.hasOwn(except, element)) {
    found.add(element, compareValues(schema, before, after, options, undefined))
    return
  }
  const inner = except[element]!
  for (const _ in inner) {
    found.add(element, compareValues(schema, before, after, options, inner))
    return
  }
}

function compareLists(
  schema: MergeSchema,
  list: ListSchema,
  before: unknown,
  after: unknown,
  options: CompareOptions,
): Comparison | undefined {
  const left = Array.isArray(before) ? before : []
  const right = Array.isArray(after) ? after : []
  if (list.relation === 'atomic' || (left.length === 0 && right.length === 0)) return compareLeaves(schema, before, after, options)
  const lefts = byElement(list, left, options.inMemory)
  const rights = byElement(list, right, options.inMemory)
  const found = new Collected(before, after)
  const item = list.item()
  const elements = [...lefts.keys()]
  for (const element of rights.keys()) if (!lefts.has(element)) elements.push(element)
  for (const element of elements) compareItems(found, element, item, lefts.get(element) ?? none, rights.get(element) ?? none, options)
  return found.resultInOrder()
}

/** Items of one name, which an older version of the object may have given twice: those are taken as one value. */
function compareItems(
  found: Collected,
  element: PathElement,
  item: MergeSchema,
  left: readonly unknown[],
  right: readonly unknown[],
  options: CompareOptions,
): void {
  if (left.length <= 1 && right.length <= 1) found.add(element, compareValues(item, left[0], right[0], options, undefined))
  else if (left.length >= 2 && right.length >= 2) {
    if (!deepEqual(left, right)) found.add(element, modifiedLeaf)
  } else if (left.length >= 2) {
    const added = right.length > 0 ? compareValues(item, undefined, right[0], options, undefined) : undefined
    found.add(element, { added: added?.added, modified: undefined, removed: leaf })
  } else {
    const removed = left.length > 0 ? compareValues(item, left[0], undefined, options, undefined) : undefined
    found.add(element, { added: leaf, modified: undefined, removed: removed?.removed })
  }
}

function byElement(list: ListSchema, items: readonly unknown[], inMemory: boolean): Map<PathElement, unknown[]> {
  const found = new Map<PathElement, unknown[]>()
  for (let i = 0; i < items.length; i += 1) {
    const named = elementOf(list, items[i], inMemory)
    if ('problem' in named) throw new MergeError([{ path: '', message: `element ${i}: ${named.problem}` }])
    const same = found.get(named.element)
    if (same === undefined) found.set(named.element, [items[i]])
    else same.push(items[i])
  }
  return found
}

type Sets = Record<PathElement, FieldSet>

/** What the children of one value differ in. A value that is new or gone is a member itself. */
class Collected {
  added: Sets | undefined
  modified: Sets | undefined
  removed: Sets | undefined

  constructor(before: unknown, after: unknown) {
    if (before === undefined) this.added = { '.': leaf }
    else if (after === undefined) this.removed = { '.': leaf }
  }

  add(element: PathElement, found: Comparison | undefined): void {
    if (found === undefined) return
    if (found.added !== undefined) (this.added ??= {})[element] = found.added
    if (found.modified !== undefined) (this.modified ??= {})[element] = found.modified
    if (found.removed !== undefined) (this.removed ??= {})[element] = found.removed
  }

  result(): Comparison | undefined {
    if (this.added === undefined && this.modified === undefined && this.removed === undefined) return undefined
    return { added: settled(this.added), modified: this.modified, removed: settled(this.removed) }
  }

  resultInOrder(): Comparison | undefined {
    const found = this.result()
    if (found === undefined) return undefined
    return { added: inOrder(found.added), modified: inOrder(found.modified), removed: inOrder(found.removed) }
  }
}

/** A member alone is written without the mark. */
function settled(sets: Sets | undefined): FieldSet | undefined {
  if (sets === undefined || !Object.hasOwn(sets, '.')) return sets
  for (const key in sets) if (key !== '.') return sets
  return leaf
}

function inOrder(set: FieldSet | undefined): FieldSet | undefined {
  if (set === undefined) return undefined
  const entries = Object.entries(set)
  return entries.length < 2 ? set : sorted(entries)
}

function isEmptyMap(map: MapSchema, value: Readonly<Record<string, unknown>> | undefined, { inMemory }: CompareOptions): boolean {
  if (value === undefined) return true
  if (!inMemory || map.fields.size === 0) {
    for (const key in value) if (!inMemory || value[key] !== undefined) return false
    return true
  }
  for (const field of map.fields.values()) if (field.shown(value[field.name]) !== undefined) return false
  if (map.element !== undefined) for (const key in value) if (!map.fields.has(key) && value[key] !== undefined) return false
  return true
}

/** A list without items that was given is owned, where none given is not: Go tells them apart in what it always writes. */
function shownOrGiven(field: FieldSchema, value: Readonly<Record<string, unknown>>): unknown {
  const shown = field.shown(value[field.name])
  return shown === null && isNoted(value) ? shownAsGiven(value, field.name) : shown
}

function valueAt(
  value: Readonly<Record<string, unknown>> | undefined,
  key: string,
  field: FieldSchema | undefined,
  { inMemory }: CompareOptions,
): unknown {
  if (value === undefined) return undefined
  const own = Object.hasOwn(value, key) ? value[key] : undefined
  return inMemory && field !== undefined ? field.shown(own) : own
}

function keysOf(left: object | undefined, right: object | undefined): string[] {
  if (left === undefined) return Object.keys(right!).sort(compareText)
  const keys = Object.keys(left)
  if (right !== undefined) for (const key of Object.keys(right)) if (!Object.hasOwn(left, key)) keys.push(key)
  return keys.length < 2 ? keys : keys.sort(compareText)
}

const none: readonly unknown[] = []

/** Whether two values in memory are written alike, though one of them may hold what the other leaves out. */
export function isShownAlike(schema: MergeSchema, a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a) && Array.isArray(b)) {
    const item = schema.list?.item()
    return a.length === b.length && item !== undefined && a.every((each, i) => isShownAlike(item, each, b[i]))
  }
  const { map } = schema
  if (map === undefined || !isObject(a) || !isObject(b)) return deepEqual(a, b)
  return keysOf(a, b).every((key) => {
    const field = map.fields.get(key)
    const left = valueAt(a, key, field, memory)
    const right = valueAt(b, key, field, memory)
    const inner = field?.schema() ?? map.element?.()
    return left === right || (inner !== undefined && left !== undefined && right !== undefined && isShownAlike(inner, left, right))
  })
}

const memory: CompareOptions = { inMemory: true }
