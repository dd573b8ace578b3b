import { type CompareOptions, type Comparison, compare } from './compare.ts'
import { difference, type FieldSet, isEmptySet, leaf, union } from './field-set.ts'
import { capUpdates, dropEmpty, type Manager, type Managers, managerId } from './managers.ts'
import type { MergeSchema } from './merge-schema.ts'
import { reconcileSet } from './reconcile.ts'
import { inScope, type OwnershipScope, withoutIdentity } from './scope.ts'

/** Two states of one object in one version. */
export interface Change {
  readonly schema: MergeSchema
  readonly before: unknown
  readonly after: unknown
}

/** A write that is no apply, and who made it. */
export interface UpdateOptions extends Change {
  /** The version of the objects. */
  readonly apiVersion: string
  readonly manager: string
  readonly subresource: string
  /** RFC 3339, seconds. */
  readonly now: string
  readonly managers: Managers
  readonly scope: OwnershipScope
  readonly compare: CompareOptions
  /** Whether the schema may have changed since the sets were written, as that of a custom resource may. */
  readonly reconciles: boolean
  /** Whether a version is served: who wrote in another owns nothing any more. */
  readonly isServed: (apiVersion: string) => boolean
  /** The same change in another version, for managers that wrote in it; `undefined` when that version is no longer served. */
  readonly inVersion: (apiVersion: string) => Change | undefined
}

/**
 * Who owns what after a write that was no apply: what it added or changed is the writer's now, and nobody's what it removed. The same map
 * where nothing changed. Throws a `MergeError` where list items have no name.
 */
export function updateManagers(options: UpdateOptions): Managers {
  const changed = changesOf(options, options)
  if (changed === undefined) return servedOnly(options)
  const { managers: next } = takeFromOthers(options, changed, new Map(options.managers), undefined)
  const own = withoutIdentity(inScope(unionOf(changed.modified, changed.added), options.scope))
  if (!isEmptySet(own)) {
    const { manager, apiVersion, subresource, now } = options
    const writer = { manager, operation: 'Update', apiVersion, subresource } as const
    const id = managerId(writer)
    const held = next.get(id)
    next.set(id, { ...writer, time: now, set: held === undefined ? own : union(own, held.set) })
  }
  capUpdates(next)
  return next
}

/** Nothing has changed; managers of versions that are gone go all the same. */
function servedOnly({ managers, apiVersion, isServed }: UpdateOptions): Managers {
  const isKept = (manager: Manager): boolean => manager.apiVersion === apiVersion || isServed(manager.apiVersion)
  for (const manager of managers.values()) if (!isKept(manager)) return new Map([...managers].filter(([, each]) => isKept(each)))
  return managers
}

/** How a change looks within the scope. */
export function changesOf({ schema, before, after }: Change, options: Pick<UpdateOptions, 'scope' | 'compare'>): Comparison | undefined {
  const { except } = options.scope
  const found = compare(schema, before, after, except === undefined ? options.compare : { ...options.compare, except })
  if (found === undefined || options.scope.only === undefined) return found
  const within = (set: FieldSet | undefined): FieldSet | undefined => {
    if (set === undefined) return undefined
    const kept = inScope(set, options.scope)
    return isEmptySet(kept) ? undefined : kept
  }
  return { added: within(found.added), modified: within(found.modified), removed: within(found.removed) }
}

/**
 * Takes what changed from all managers but `except`. `conflicts` is what they owned of what was added or modified; those fields are only
 * taken when the caller goes on with `managers`.
 */
export function takeFromOthers(
  options: Pick<UpdateOptions, 'apiVersion' | 'inVersion' | 'scope' | 'compare' | 'schema' | 'reconciles'>,
  changed: Comparison,
  managers: Map<string, Manager>,
  except: string | undefined,
): { readonly managers: Map<string, Manager>; readonly conflicts: ReadonlyMap<string, FieldSet> } {
  const versions = new Map<string, { readonly changed: Comparison | undefined; readonly schema: MergeSchema } | undefined>([
    [options.apiVersion, { changed, schema: options.schema }],
  ])
  const conflicts = new Map<string, FieldSet>()
  for (const [id, manager] of managers) {
    if (id === except) continue
    if (!versions.has(manager.apiVersion)) {
      const other = options.inVersion(manager.apiVersion)
      versions.set(manager.apiVersion, other && { changed: changesOf(other, options), schema: other.schema })
    }
    const version = versions.get(manager.apiVersion)
    if (version === undefined) {
      managers.delete(id)
      continue
    }
    const set = options.reconciles ? reconcileSet(version.schema, manager.set) : manager.set
    const left = version.changed === undefined ? set : take(id, set, version.changed, conflicts)
    if (left !== manager.set) managers.set(id, { ...manager, set: left })
  }
  dropEmpty(managers)
  return { managers, conflicts }
}

function take(id: string, set: FieldSet, changed: Comparison, conflicts: Map<string, FieldSet>): FieldSet {
  const wanted = unionOf(changed.modified, changed.added)
  const left = difference(set, wanted)
  if (left !== set) conflicts.set(id, difference(set, left))
  return changed.removed === undefined ? left : difference(left, changed.removed)
}

const unionOf = (a: FieldSet | undefined, b: FieldSet | undefined): FieldSet => union(a ?? leaf, b ?? leaf)
