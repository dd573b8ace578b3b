import { difference, type FieldSet, isEmptySet, leaf, recursiveDifference, sorted, withSelf } from './field-set.ts'
import type { PathElement } from './path-element.ts'

/**
 * Which fields a path of the API is about. A field that the server would put back anyway belongs to nobody who writes there: the status
 * when the object itself is written, the spec when its status is.
 */
export interface OwnershipScope {
  /** Never owned, with all below: an object by path elements whose empty objects are the ends. */
  readonly except?: FieldSet
  /** Nothing else is owned: names of fields, `*` for any item. */
  readonly only?: readonly (readonly string[])[]
}

/** The scope that leaves out such paths as `['metadata', 'labels']`. */
export function scopeExcept(paths: readonly (readonly string[])[]): OwnershipScope {
  const root: Record<string, FieldSet> = {}
  // Shorter paths first: what they leave out needs no longer ones.
  for (const path of paths.toSorted((a, b) => a.length - b.length)) leaveOut(root, path)
  return isEmptySet(root) ? {} : { except: root }
}

function leaveOut(root: Record<string, FieldSet>, path: readonly string[]): void {
  let node = root
  for (const [i, step] of path.entries()) {
    const key = `f:${step}`
    if (node[key] === leaf) return
    if (i === path.length - 1) node[key] = leaf
    else node = (node[key] ??= {}) as Record<string, FieldSet>
  }
}

/** The part of a set that is within the scope. */
export function inScope(set: FieldSet, { except, only }: OwnershipScope): FieldSet {
  const left = except === undefined ? set : recursiveDifference(set, except)
  return only === undefined ? left : matching(left, only)
}

function matching(set: FieldSet, patterns: readonly (readonly string[])[]): FieldSet {
  const out: [PathElement, FieldSet][] = []
  for (const [element, node] of Object.entries(set)) {
    if (element === '.') continue
    const fitting = patterns.filter(([step]) => step === '*' || element === `f:${step}`)
    if (fitting.length === 0) continue
    const isMember = isEmptySet(node) || Object.hasOwn(node, '.')
    if (fitting.some((pattern) => pattern.length === 1)) out.push([element, node])
    else {
      const inner = matching(
        node,
        fitting.map((pattern) => pattern.slice(1)),
      )
      // A member that only leads to what is wanted is kept too, as the reference does.
      if (!isEmptySet(inner)) out.push([element, isMember ? withSelf(inner) : inner])
      else if (isMember) out.push([element, leaf])
    }
  }
  return sorted(out)
}

/** Without what is never owned: the object's identity, and what the server writes into its metadata. */
export const withoutIdentity = (set: FieldSet): FieldSet => difference(set, identity)

const identity: FieldSet = {
  'f:apiVersion': leaf,
  'f:kind': leaf,
  'f:metadata': {
    '.': leaf,
    'f:clusterName': leaf,
    'f:creationTimestamp': leaf,
    'f:generation': leaf,
    'f:managedFields': leaf,
    'f:name': leaf,
    'f:namespace': leaf,
    'f:resourceVersion': leaf,
    'f:selfLink': leaf,
    'f:uid': leaf,
  },
}
