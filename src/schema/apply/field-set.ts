import { setOwn } from '#schema/fields.ts'
import {
  compareElements,
  compareRanked,
  normalElement,
  type PathElement,
  type RankedElement,
  rankedElement,
  showElement,
} from './path-element.ts'

/**
 * A set of fields, in the very form in which FieldsV1 writes it: an object by path elements, in their order. An empty object is a member
 * without children in the set; `.` beside children says that the parent is a member too. So reading and writing a set costs nothing, and
 * the operations share what they do not change. Nobody changes a set in place.
 */
export interface FieldSet {
  readonly [element: PathElement]: FieldSet
}

/** A member without children. As a whole set: the empty set. */
export const leaf: FieldSet = Object.freeze({})
const self = '.'

/** Whether the set, taken as a whole, holds nothing. */
export const isEmptySet = (set: FieldSet): boolean => {
  for (const _ in set) return false
  return true
}

/**
 * A set that somebody else wrote, in its one form: elements normalised and in order, those of unknown sorts left out. Throws a
 * `SyntaxError` for what is no set.
 */
export function readFieldSet(json: unknown): FieldSet {
  if (json === null || json === undefined) return leaf
  return readNode(json).children ?? leaf
}

function readNode(json: unknown): { readonly self: boolean; readonly children: FieldSet | undefined } {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return { self: true, children: undefined }
  let isMember = false
  const found = new Map<PathElement, FieldSet>()
  for (const [text, value] of Object.entries(json)) {
    if (text === self) {
      isMember = true
      continue
    }
    const element = normalElement(text)
    if (element === undefined) continue
    const { self: has, children } = readNode(value)
    const node = children === undefined ? leaf : has ? withSelf(children) : children
    const known = found.get(element)
    found.set(element, known === undefined ? node : unionNodes(known, node))
  }
  if (found.size === 0) return { self: true, children: undefined }
  return { self: isMember, children: sorted([...found]) }
}

/** Whether a node says that its own path is a member. */
const isMember = (node: FieldSet): boolean => Object.hasOwn(node, self) || isEmptySet(node)
const hasChildren = (node: FieldSet): boolean => {
  for (const key in node) if (key !== self) return true
  return false
}

/** The members of both. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmptySet(b)) return a
  return isEmptySet(a) ? b : unionNodes(a, b)
}

/** The union of two nodes below a root, where an empty one is a member. */
function unionNodes(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return a
  if (isEmptySet(a)) return withSelf(b)
  if (isEmptySet(b)) return withSelf(a)
  const keysA = Object.keys(a)
  const keysB = Object.keys(b)
  const out: Record<PathElement, FieldSet> = {}
  let i = 0
  let j = 0
  while (i < keysA.length || j < keysB.length) {
    const found = i >= keysA.length ? 1 : j >= keysB.length ? -1 : compareKeys(keysA[i]!, keysB[j]!)
    if (found < 0) put(out, keysA[i]!, a[keysA[i++]!]!)
    else if (found > 0) put(out, keysB[j]!, b[keysB[j++]!]!)
    else {
      const key = keysA[i]!
      put(out, key, key === self ? leaf : unionNodes(a[key]!, b[key]!))
      i += 1
      j += 1
    }
  }
  return out
}

/** The members of `a` that `b` does not name. A child that only `a` names stays though `b` names its parent. */
export const difference = (a: FieldSet, b: FieldSet): FieldSet => subtract(a, b, false)
/** The same, and whatever stands below a member of `b` goes with it. */
export const recursiveDifference = (a: FieldSet, b: FieldSet): FieldSet => subtract(a, b, true)

function subtract(a: FieldSet, b: FieldSet, recursive: boolean): FieldSet {
  if (isEmptySet(a) || isEmptySet(b)) return a
  let out: Record<PathElement, FieldSet> | undefined
  const keys = Object.keys(a)
  for (let i = 0; i < keys.length; i += 1) {
    const key = keys[i]!
    const node = a[key]!
    const other = Object.hasOwn(b, key) ? b[key]! : undefined
    const left = other === undefined ? node : key === self ? undefined : subtractNode(node, other, recursive)
    if (left !== node && out === undefined) {
      out = {}
      for (let j = 0; j < i; j += 1) put(out, keys[j]!, a[keys[j]!]!)
    }
    if (out !== undefined && left !== undefined) put(out, key, left)
  }
  return out ?? a
}

/** What is left of a node, `undefined` when nothing is. */
function subtractNode(node: FieldSet, other: FieldSet, recursive: boolean): FieldSet | undefined {
  const takesSelf = isMember(other)
  if (takesSelf && recursive) return undefined
  if (isEmptySet(node)) return takesSelf ? undefined : node
  if (isEmptySet(other)) return withoutSelf(node)
  const left = subtract(node, other, recursive)
  if (left === node) return node
  if (!hasChildren(left)) return Object.hasOwn(left, self) ? leaf : undefined
  return left
}

/** The members that both name. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return a
  const out: Record<PathElement, FieldSet> = {}
  for (const key of Object.keys(a)) {
    if (!Object.hasOwn(b, key)) continue
    if (key === self) continue
    const both = intersectNodes(a[key]!, b[key]!)
    if (both !== undefined) put(out, key, both)
  }
  return out
}

function intersectNodes(a: FieldSet, b: FieldSet): FieldSet | undefined {
  const bothSelf = isMember(a) && isMember(b)
  const children = intersection(a, b)
  if (isEmptySet(children)) return bothSelf ? leaf : undefined
  return bothSelf ? withSelf(children) : children
}

/** Whether two sets have the same members. */
export function equalSets(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every((key) => Object.hasOwn(b, key) && equalSets(a[key]!, b[key]!))
}

/** Whether the path of these elements is a member. */
export function hasPath(set: FieldSet, path: readonly PathElement[]): boolean {
  let node = set
  for (const element of path) {
    if (!Object.hasOwn(node, element)) return false
    node = node[element]!
  }
  return path.length > 0 && isMember(node)
}

/** What stands below one element; the empty set where nothing does. */
export function below(set: FieldSet, element: PathElement): FieldSet {
  return Object.hasOwn(set, element) ? (withoutSelf(set[element]!) ?? leaf) : leaf
}

/** Whether the element itself is a member, as opposed to something below it. */
export const hasMember = (set: FieldSet, element: PathElement): boolean => Object.hasOwn(set, element) && isMember(set[element]!)

/** The set of one path. */
export function pathSet(path: readonly PathElement[]): FieldSet {
  let node = leaf
  for (let i = path.length - 1; i >= 0; i -= 1) node = { [path[i]!]: node }
  return node
}

/** Every member as its elements: at each level the members first, then what stands below. */
export function pathsOf(set: FieldSet, prefix: readonly PathElement[] = []): PathElement[][] {
  const keys = Object.keys(set).filter((key) => key !== self)
  const out = keys.filter((key) => isMember(set[key]!)).map((key) => [...prefix, key])
  for (const key of keys) out.push(...pathsOf(set[key]!, [...prefix, key]))
  return out
}

/** `.spec.containers[name="a"].image` */
export const showPath = (path: readonly PathElement[]): string => path.map(showElement).join('')

/** The node, a member now. */
export function withSelf(node: FieldSet): FieldSet {
  return Object.hasOwn(node, self) || isEmptySet(node) ? node : { [self]: leaf, ...node }
}

function withoutSelf(node: FieldSet): FieldSet | undefined {
  if (isEmptySet(node)) return undefined
  if (!Object.hasOwn(node, self)) return node
  const { [self]: _self, ...children } = node
  return isEmptySet(children) ? undefined : children
}

/** Nodes by element as a set in order. Each element is read once, not in every comparison. */
export function sorted(entries: readonly (readonly [PathElement, FieldSet])[]): FieldSet {
  const out: Record<PathElement, FieldSet> = {}
  const ranked: (RankedElement & { readonly node: FieldSet })[] = []
  for (const [element, node] of entries) {
    if (element === self) put(out, element, node)
    else ranked.push({ ...rankedElement(element), node })
  }
  if (ranked.length > 1) ranked.sort(compareRanked)
  for (const { element, node } of ranked) put(out, element, node)
  return out
}

const compareKeys = (a: PathElement, b: PathElement): number => (a === b ? 0 : a === self ? -1 : b === self ? 1 : compareElements(a, b))

const put = (out: Record<PathElement, FieldSet>, key: PathElement, node: FieldSet): void =>
  setOwn(out as Record<string, unknown>, key, node)
