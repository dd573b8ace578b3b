import { WherryError } from '#lib/errors.ts'
import { clone, getOwn, isObject, setOwn } from '#schema/fields.ts'
import { goText, goValue, quote } from '#schema/go-text.ts'
import { fieldsPlan } from '#schema/plan.ts'
import type { AnyType, ListMerge, Shape } from '#schema/schema.ts'
import { isEqualKey, type Json, mergeOrder } from './order.ts'

/**
 * Strategic merge patch: a merge patch in which lists may merge too, item by item, as the type's fields declare. Directives: `$patch`
 * (replace, delete), `$retainKeys`, `$setElementOrder/<list>`, `$deleteFromPrimitiveList/<list>`. Neither argument changes.
 *
 * Errors are `WherryError`: BadRequest for a malformed directive; `InternalError` with `details.status` 500 for what the reference answers
 * as a plain error without a reason (a missing merge key, say).
 */
export function applyStrategicPatch(type: AnyType, document: unknown, patch: unknown): unknown {
  return obeyStrategicPatch(type, document, clone(patch))
}

/** The same, and takes out of the patch what it has obeyed (`$patch`, `$retainKeys`, `$setElementOrder`): what is left is shown in refusals. */
export function obeyStrategicPatch(type: AnyType, document: unknown, patch: unknown): unknown {
  if (patch === null) return document
  if (!isObject(patch) || !isObject(document)) throw badRequest('invalid JSON document')
  return mergeObjects(document, patch, type.shape)
}

type Item = Json | undefined
type JsonObject = Record<string, unknown>

const DIRECTIVE = '$patch'
const RETAIN_KEYS = '$retainKeys'
const DELETE_FROM_LIST = '$deleteFromPrimitiveList'
const SET_ORDER = '$setElementOrder'

function mergeObjects(document: Readonly<JsonObject>, patch: JsonObject, shape: Shape): JsonObject {
  if (Object.hasOwn(patch, DIRECTIVE)) return replaceOrDelete(patch)
  const result = retainKeys({ ...document }, patch)
  applyOrders(result, patch, shape)
  for (const [name, change] of Object.entries(patch)) mergeField(result, name, change, shape)
  return result
}

function replaceOrDelete(patch: JsonObject): JsonObject {
  const { [DIRECTIVE]: directive, ...rest } = patch
  if (directive === 'replace') {
    delete patch[DIRECTIVE]
    return rest
  }
  if (directive === 'delete') return {}
  throw unknownDirective(directive, patch)
}

const unknownDirective = (directive: unknown, patch: Readonly<JsonObject>): WherryError =>
  failed(`unknown patch type: ${goText(directive)} in map: ${goValue(patch)}`)

function mergeField(result: JsonObject, given: string, change: unknown, shape: Shape): void {
  const isDeleteList = given.startsWith(DELETE_FROM_LIST)
  const name = isDeleteList ? nameAfter(given, DELETE_FROM_LIST, 'invalid patch format of primitive list') : given
  if (change === null) {
    delete result[name]
    return
  }
  const before = Object.hasOwn(result, name) ? result[name] : undefined
  if (sortOf(before) !== sortOf(change) || !(isObject(change) || Array.isArray(change))) {
    if (!isDeleteList) setOrDrop(result, name, withoutDirectives(withoutNulls(change)))
    return
  }
  const field = lookUp(shape, name)
  if (isObject(change)) {
    const merged = field.isReplaced ? change : mergeObjects(before as JsonObject, change, field.shape)
    setOwn(result, name, merged)
    return
  }
  const { item, merge } = listOf(field.shape)
  const isMerged = merge.patch.strategy === 'merge' || isDeleteList
  setOwn(result, name, isMerged ? mergeLists(before as Item[], change as Item[], item, keyOf(merge), isDeleteList) : change)
}

// --- lists ---------------------------------------------------------------------------------------------------------------------------

function mergeLists(document: readonly Item[], patch: readonly Item[], item: Shape, key: string, isDeleteList: boolean): Item[] {
  if (document.length === 0 && patch.length === 0) return []
  if (sortOfItems(document, patch) !== 'object') {
    if (isDeleteList) {
      const gone = new Set(patch)
      return document.filter((each) => !gone.has(each))
    }
    return mergeOrder(deduplicate([...document, ...patch]), patch, document, '')
  }
  if (key === '') throw failed(`cannot merge lists without merge key for ${goKind(item)}`)
  const [kept, changes] = takeDirectives(document, patch, key)
  const merged = mergeItems(kept, changes, item, key)
  // A list with `$patch: replace` starts from the patch alone.
  return mergeOrder(merged, changes, kept, key)
}

function takeDirectives(document: readonly Item[], patch: readonly Item[], key: string): [document: Item[], patch: Item[]] {
  const remaining = removing(document, key)
  const changes: Item[] = []
  let isReplaced = false
  for (const each of patch) {
    const change = each as JsonObject
    if (!Object.hasOwn(change, DIRECTIVE)) {
      changes.push(each)
      continue
    }
    const directive = change[DIRECTIVE]
    if (directive === 'replace') isReplaced = true
    else if (directive === 'delete') remaining.remove(change)
    else if (directive === 'merge') throw failed('merging lists cannot yet be specified in the patch')
    else throw unknownDirective(directive, change)
  }
  return isReplaced ? [changes, []] : [remaining.items(), changes]
}

/** The items of a list, from which others take what has their key: found by it, since both lists may be long. */
function removing(document: readonly Item[], key: string) {
  const gone = new Set<unknown>()
  let counts: Map<unknown, number> | undefined
  let left = document.length
  return {
    remove(change: JsonObject): void {
      // Where nothing is left nobody asks for the key, which may be missing.
      if (left === 0) return
      const value = mergeKeyOf(change, key)
      counts ??= countsByKey(document, key)
      if (gone.has(value)) return
      gone.add(value)
      left -= counts.get(value) ?? 0
    },
    items: () => (gone.size === 0 ? [...document] : document.filter((item) => !gone.has(memberOf(item, key)))),
  }
}

function countsByKey(items: readonly Item[], key: string): Map<unknown, number> {
  const counts = new Map<unknown, number>()
  for (const item of items) {
    const value = memberOf(item, key)
    counts.set(value, (counts.get(value) ?? 0) + 1)
  }
  return counts
}

function mergeItems(document: readonly Item[], patch: readonly Item[], item: Shape, key: string): Item[] {
  const merged = [...document]
  const places = new Map<unknown, number>()
  const note = (value: unknown, place: number): void => {
    if (value !== undefined && !places.has(value)) places.set(value, place)
  }
  for (const [i, one] of merged.entries()) note(memberOf(one, key, i), i)
  for (const each of patch) {
    const change = each as JsonObject
    const value = mergeKeyOf(change, key)
    const at = places.get(value)
    if (at === undefined) note(value, merged.push(each) - 1)
    else merged[at] = mergeObjects(merged[at] as JsonObject, change, item) as Item
  }
  return merged
}

/** `$setElementOrder/<list>`: merges the list and puts it into that order. Takes both out of the patch. */
function applyOrders(result: JsonObject, patch: JsonObject, shape: Shape): void {
  for (const [given, order] of Object.entries(patch)) {
    if (!given.startsWith(SET_ORDER)) continue
    delete patch[given]
    const name = nameAfter(given, SET_ORDER, 'invalid patch format of setElementOrder list')
    const wanted = listArgument(order)
    const before = Object.hasOwn(result, name) ? listArgument(result[name]) : undefined
    const change = Object.hasOwn(patch, name) ? listArgument(patch[name]) : undefined
    const { item, merge } = listOf(lookUp(shape, name).shape)
    const key = keyOf(merge)
    checkOrder(change ?? [], wanted, key)
    if (before === undefined && change === undefined) continue
    const merged = mergedForOrder(before, change, item, merge)
    if (key !== '') checkOrderItems(merged, wanted, key)
    setOwn(result, name, mergeOrder(merged, wanted, before ?? [], key))
    delete patch[name]
  }
}

/** Each merged item is looked for in the order, where everything up to it has to be an object. */
function checkOrderItems(merged: readonly Item[], order: readonly Item[], key: string): void {
  const bad = order.findIndex((wanted) => !isObject(wanted))
  const found = new Set((bad < 0 ? order : order.slice(0, bad)).map((wanted) => getOwn(wanted as JsonObject, key)))
  for (const each of merged) if (!found.has(mergeKeyOf(asObject(each), key)) && bad >= 0) throw failed(`value for key ${bad} is not a map`)
}

function mergedForOrder(before: readonly Item[] | undefined, change: readonly Item[] | undefined, item: Shape, merge: ListMerge): Item[] {
  if (change === undefined) return [...before!]
  if (before === undefined) return withoutDirectives(change as unknown as Json) as Item[]
  return merge.patch.strategy === 'merge' ? mergeLists(before, change, item, keyOf(merge), false) : [...change]
}

/** The items of the patch have to stand in the order that it asks for. */
function checkOrder(change: readonly Item[], order: readonly Item[], key: string): void {
  if (change.length === 0 || order.length === 0) return
  const kept = key === '' ? change : change.filter((each) => asObject(each)[DIRECTIVE] !== 'delete')
  let at = 0
  let next = 0
  while (at < kept.length && next < order.length) {
    const each = kept[at]
    if (isObject(each) && Object.hasOwn(each, DIRECTIVE)) at += 1
    else {
      const isSame =
        key === '' ? isEqualKey(each, order[next]) : isEqualKey(mergeKeyOf(asObject(each), key), mergeKeyOf(asObject(order[next]), key))
      if (isSame) at += 1
      next += 1
    }
  }
  if (at < kept.length && next >= order.length) {
    throw failed(`The order in patch list:\n${goValue(change)}\n doesn't match ${SET_ORDER} list:\n${goValue(order)}\n`)
  }
}

/** `$retainKeys`: everything else of the object goes. Takes the directive out of the patch. */
function retainKeys(document: JsonObject, patch: JsonObject): JsonObject {
  if (!Object.hasOwn(patch, RETAIN_KEYS)) return document
  const retained = patch[RETAIN_KEYS]
  delete patch[RETAIN_KEYS]
  const malformed = 'invalid patch format of retainKeys'
  if (!Array.isArray(retained)) throw badRequest(malformed)
  const names = new Set<unknown>(retained)
  for (const [name, change] of Object.entries(patch)) {
    const isDirective = name.startsWith(DELETE_FROM_LIST) || name.startsWith(SET_ORDER)
    if (change !== null && !isDirective && !names.has(name)) throw badRequest(malformed)
  }
  for (const name of Object.keys(document)) if (!names.has(name)) delete document[name]
  return document
}

// --- the type ------------------------------------------------------------------------------------------------------------------------

interface FoundField {
  readonly shape: Shape
  readonly isReplaced: boolean
}

function lookUp(shape: Shape, name: string): FoundField {
  if (shape.kind !== 'message') {
    if (shape.kind === 'json') throw failed(`unable to find api field in struct RawExtension for the json field ${quote(name)}`)
    throw failed(`merging an object in json but data type is not struct, instead is: ${goKind(shape)}`)
  }
  const field = fieldsPlan(shape).find((each) => each.name === name)
  if (field === undefined) throw failed(`unable to find api field in struct ${shape.name} for the json field ${quote(name)}`)
  return { shape: field.shape, isReplaced: field.field.options.replaced === true }
}

function listOf(shape: Shape): { item: Shape; merge: ListMerge } {
  if (shape.kind === 'list') return { item: shape.item.shape, merge: shape.merge }
  throw failed(`expected slice or array type, but got: ${goKind(shape)}`)
}

const keyOf = (merge: ListMerge): string => (merge.patch.strategy === 'merge' ? (merge.patch.key ?? '') : '')

function goKind(shape: Shape): string {
  if (shape.kind === 'list' || shape.kind === 'bytes') return 'slice'
  if (shape.kind === 'map') return 'map'
  return ['string', 'bool', 'int32', 'int64'].includes(shape.kind) ? shape.kind : 'struct'
}

// --- small things --------------------------------------------------------------------------------------------------------------------

function mergeKeyOf(object: Readonly<JsonObject>, key: string): unknown {
  if (!Object.hasOwn(object, key)) throw failed(`map: ${goValue(object)} does not contain declared merge key: ${key}`)
  return object[key]
}

function memberOf(item: Item, key: string, position = 0): unknown {
  if (!isObject(item)) throw failed(`value for key ${position} is not a map`)
  return Object.hasOwn(item, key) ? item[key] : undefined
}

function asObject(value: unknown): JsonObject {
  if (isObject(value)) return value
  throw failed(`expected a map[string]interface {}, but received a ${goType(value)}`)
}

function listArgument(value: unknown): Item[] {
  if (Array.isArray(value)) return value as Item[]
  throw failed(`expected a []interface {}, but received a ${goType(value)}`)
}

function goType(value: unknown): string {
  if (value === null || value === undefined) return '%!s(<nil>)'
  if (isObject(value)) return 'map[string]interface {}'
  if (typeof value === 'boolean') return 'bool'
  return typeof value === 'string' ? 'string' : typeof value === 'bigint' || Number.isInteger(value) ? 'int64' : 'float64'
}

function nameAfter(directive: string, prefix: string, malformed: string): string {
  if (directive.charAt(prefix.length) !== '/') throw badRequest(malformed)
  return directive.slice(prefix.length + 1)
}

const sortOf = (value: unknown): string => (Array.isArray(value) ? 'list' : value === null ? 'null' : typeof value)

function sortOfItems(document: readonly Item[], patch: readonly Item[]): string {
  const sorts = new Set([...document, ...patch].map(sortOf))
  if ([...sorts][0] === 'list') throw new WherryError('Invalid', 'the server rejected our request due to an error in our request')
  if (sorts.size > 1) throw failed(`list element types are not identical: ${goValue([document, patch])}`)
  return [...sorts][0]!
}

/** Keeps the first of each, in the order that the reference leaves behind: the last item takes the place of the double. */
function deduplicate(items: Item[]): Item[] {
  const list = [...items]
  const places = new Map<Item, Set<number>>()
  for (const [i, item] of list.entries()) {
    const known = places.get(item)
    if (known === undefined) places.set(item, new Set([i]))
    else known.add(i)
  }
  if (places.size === list.length) return list
  for (let i = 0; i < list.length; i += 1) {
    const item = list[i]!
    for (const place of [...places.get(item)!].sort((a, b) => a - b)) {
      if (place <= i) continue
      // The last of the list goes there, but if it is one more double itself.
      while (place < list.length) {
        const from = list.length - 1
        const last = list.pop()
        const moved = places.get(last)!
        moved.delete(from)
        if (from === place || last === item) continue
        list[place] = last
        moved.add(place)
        break
      }
    }
  }
  return list
}

function setOrDrop(result: JsonObject, name: string, value: unknown): void {
  if (value === undefined) delete result[name]
  else setOwn(result, name, value)
}

/** Undefined for an object that carries a directive: it goes as a whole. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((each) => each !== undefined)
  if (!isObject(value)) return value
  if (Object.hasOwn(value, DIRECTIVE)) return undefined
  const copy: JsonObject = {}
  for (const [name, each] of Object.entries(value)) {
    const kept = withoutDirectives(each)
    if (kept !== undefined) setOwn(copy, name, kept)
  }
  return copy
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (!isObject(value)) return value
  const copy: JsonObject = {}
  for (const [name, each] of Object.entries(value)) if (each !== null) setOwn(copy, name, withoutNulls(each))
  return copy
}

const badRequest = (message: string): WherryError => new WherryError('BadRequest', message)
const failed = (message: string): WherryError => new WherryError('InternalError', message, { status: 500 })
