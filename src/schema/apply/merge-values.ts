import { isObject, setOwn } from '#schema/fields.ts'
import { elementOf } from './list-element.ts'
import { type Fault, MergeError } from './merge-error.ts'
import type { ListSchema, MapSchema, MergeSchema } from './merge-schema.ts'
import { type PathElement, showElement } from './path-element.ts'
import { faceOf, schemaAt } from './value-face.ts'

/**
 * The live JSON value with an applied one merged into it: nothing goes, and where both name a leaf the applied one counts. A list takes the
 * order of the applied one as far as they share items. Throws a `MergeError` where the applied value names an item twice.
 */
export function mergeValues(schema: MergeSchema, live: unknown, applied: unknown): unknown {
  const faults: Fault[] = []
  const merged = merge(schema, live, applied, '', faults)
  if (faults.length > 0) throw new MergeError(faults)
  return merged
}

/** `undefined` is an absent value; at least one of the two is there. */
function merge(schema: MergeSchema, live: unknown, applied: unknown, path: string, faults: Fault[]): unknown {
  const face = faceOf(schema, applied ?? live)
  if ('map' in face) return mergeMaps(face.map, live, applied, path, faults)
  if ('list' in face) return mergeLists(face.list, live, applied, path, faults)
  return applied === undefined ? live : applied
}

function mergeMaps(map: MapSchema, live: unknown, applied: unknown, path: string, faults: Fault[]): unknown {
  const left = isObject(live) ? live : undefined
  const right = isObject(applied) ? applied : undefined
  if (map.atomic || (isBare(left) && isBare(right))) return applied === undefined ? live : applied
  const out: Record<string, unknown> = {}
  for (const key of Object.keys(left ?? {})) {
    const schema = schemaAt(map, key)
    const other = right !== undefined && Object.hasOwn(right, key) ? right[key] : undefined
    setOwn(out, key, schema === undefined ? (other ?? left![key]) : merge(schema, left![key], other, `${path}.${key}`, faults))
  }
  for (const key of Object.keys(right ?? {})) {
    if (left !== undefined && Object.hasOwn(left, key)) continue
    const schema = schemaAt(map, key)
    setOwn(out, key, schema === undefined ? right![key] : merge(schema, undefined, right![key], `${path}.${key}`, faults))
  }
  return out
}

function mergeLists(list: ListSchema, live: unknown, applied: unknown, path: string, faults: Fault[]): unknown {
  const left = Array.isArray(live) ? live : []
  const right = Array.isArray(applied) ? applied : []
  if (list.relation === 'atomic' || (left.length === 0 && right.length === 0)) return applied === undefined ? live : applied
  const rights = index(list, right, false, path, faults)
  const lefts = index(list, left, true, path, faults)
  if (faults.length > 0) return live
  return interleave(list, left, lefts, rights, path, faults)
}

interface Indexed {
  readonly elements: readonly PathElement[]
  /** null for an item that stands there more than once: it is merged with nothing. */
  readonly items: ReadonlyMap<PathElement, unknown>
}

function index(list: ListSchema, values: readonly unknown[], mayRepeat: boolean, path: string, faults: Fault[]): Indexed {
  const elements: PathElement[] = []
  const items = new Map<PathElement, unknown>()
  for (let i = 0; i < values.length; i += 1) {
    const named = elementOf(list, values[i], false)
    if ('problem' in named) {
      faults.push({ path, message: `element ${i}: ${named.problem}` })
      continue
    }
    const { element } = named
    if (items.has(element) && !mayRepeat) {
      faults.push({ path, message: `duplicate entries for key ${showElement(element)}` })
      continue
    }
    items.set(element, items.has(element) ? null : values[i])
    elements.push(element)
  }
  return { elements, items }
}

/** Walks both lists at once: the items that both have come in the applied order, others where they stood in their own list. */
function interleave(list: ListSchema, live: readonly unknown[], lefts: Indexed, rights: Indexed, path: string, faults: Fault[]): unknown {
  const shared = rights.elements.filter((element) => lefts.items.has(element))
  const merged = new Set<PathElement>()
  const out: unknown[] = []
  let next = 0
  let l = 0
  let r = 0
  const take = (element: PathElement, left: unknown, right: unknown): void => {
    const value =
      left === undefined && right === undefined ? undefined : merge(list.item(), left, right, `${path}${showElement(element)}`, faults)
    if (value !== undefined) out.push(value)
  }
  while (l < lefts.elements.length || r < rights.elements.length) {
    if (l < lefts.elements.length && r < rights.elements.length) {
      const element = lefts.elements[l]!
      if (element === rights.elements[r]) {
        merged.add(element)
        take(element, lefts.items.get(element), rights.items.get(element))
        l += 1
        r += 1
        next += 1
        continue
      }
      if (rights.items.has(element) && next < shared.length && shared[next] !== element) {
        l += 1
        continue
      }
    }
    if (l < lefts.elements.length) {
      const element = lefts.elements[l]!
      if (!rights.items.has(element)) {
        take(element, live[l], undefined)
        l += 1
        continue
      }
      if (merged.has(element)) l += 1
    }
    if (r < rights.elements.length) {
      const element = rights.elements[r]!
      merged.add(element)
      take(element, lefts.items.get(element), rights.items.get(element))
      r += 1
      if (next < shared.length && shared[next] === element) next += 1
    }
  }
  return out
}

const isBare = (value: object | undefined): boolean => value === undefined || Object.keys(value).length === 0
