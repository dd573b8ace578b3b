import { deepEqual } from '#schema/fields.ts'
import { checkValue } from './check-value.ts'
import { conflictError } from './conflicts.ts'
import { difference, type FieldSet, intersection, isEmptySet, leaf, union } from './field-set.ts'
import { type Manager, type Managers, managerId } from './managers.ts'
import type { MergeSchema } from './merge-schema.ts'
import { mergeValues } from './merge-values.ts'
import { withNamedFields } from './named-fields.ts'
import { reconcileSet } from './reconcile.ts'
import { removeFields } from './remove-fields.ts'
import { inScope, type OwnershipScope, withoutIdentity } from './scope.ts'
import { setOfValue } from './set-of-value.ts'
import { changesOf, takeFromOthers } from './update.ts'

/** One object in the versions that it is served in. */
export interface Versions {
  /** `undefined` for a version that is not served. */
  readonly schemaOf: (apiVersion: string) => MergeSchema | undefined
  /** The JSON of an object in another version. */
  readonly convert: (object: unknown, from: string, to: string) => unknown
}

/** Who applies what to which object. */
export interface ApplyOptions {
  readonly versions: Versions
  /** Of the request, the live and the applied object. */
  readonly apiVersion: string
  readonly manager: string
  readonly subresource: string
  readonly force: boolean
  /** RFC 3339, seconds. */
  readonly now: string
  readonly managers: Managers
  readonly scope: OwnershipScope
  readonly reconciles: boolean
  /** JSON as the server shows it; of an object that is to be created: the empty one. */
  readonly live: unknown
  /** JSON as the applier gave it. */
  readonly applied: unknown
}

/** What came of it. */
export interface Applied {
  /** The merged JSON; the live object itself where nothing changes. */
  readonly object: unknown
  readonly managers: Managers
}

/**
 * Merges what an applier wants into the live object (KEP 555): it owns just what it names; what it named before and names no more goes,
 * unless somebody else owns it. Throws the conflict as a `WherryError`, and a `MergeError` for an applied value that does not fit the
 * schema (call `checkApplied` first to tell it from a live one).
 */
export function applyObject(options: ApplyOptions): Applied {
  const { versions, apiVersion, live, applied } = options
  const schema = versions.schemaOf(apiVersion)!
  const writer = { manager: options.manager, operation: 'Apply', apiVersion, subresource: options.subresource } as const
  const id = managerId(writer)
  const managers = reconciled(options)
  const last = managers.get(id)
  managers.set(id, { ...writer, time: last?.time, set: inScope(setOfValue(schema, applied), options.scope) })
  const merged = mergeValues(schema, live, applied)
  const object = last === undefined || namesAll(managers.get(id)!, last) ? merged : prune(merged, last, managers, options)
  const changed = changesOf({ schema, before: live, after: object }, { scope: options.scope, compare: json })
  if (changed !== undefined) {
    const inVersion = (version: string) => {
      const other = versions.schemaOf(version)
      if (other === undefined) return undefined
      return { schema: other, before: versions.convert(live, apiVersion, version), after: versions.convert(object, apiVersion, version) }
    }
    const before = new Map(managers)
    const taken = takeFromOthers(
      { apiVersion, schema, inVersion, scope: options.scope, compare: json, reconciles: false },
      changed,
      managers,
      id,
    )
    if (taken.conflicts.size > 0 && !options.force) throw conflictError(taken.conflicts, before)
  }
  const isSame = deepEqual(live, object)
  settle(managers, id, isSame ? undefined : options.now)
  return { object: isSame ? live : object, managers }
}

/** Throws a `MergeError` for an applied value that does not fit. */
export const checkApplied = checkValue

const json = { inMemory: false } as const

/** Managers as the present schemas have them; of versions that are no longer served nothing stays. */
function reconciled({ managers, versions, reconciles }: ApplyOptions): Map<string, Manager> {
  const out = new Map<string, Manager>()
  for (const [id, manager] of managers) {
    const schema = versions.schemaOf(manager.apiVersion)
    if (schema !== undefined) out.set(id, reconciles ? { ...manager, set: reconcileSet(schema, manager.set) } : manager)
  }
  return out
}

/** The applier's own entry at the end: its time moves only with the object. */
function settle(managers: Map<string, Manager>, id: string, now: string | undefined): void {
  const own = managers.get(id)
  if (own === undefined) return
  const set = withoutIdentity(own.set)
  if (isEmptySet(set)) managers.delete(id)
  else managers.set(id, { ...own, set, ...(now !== undefined && { time: now }) })
}

/** Whether the applier names all that it named the last time: then nothing goes, since what it names stays. */
const namesAll = (now: Manager, last: Manager): boolean =>
  isEmptySet(last.set) || (now.apiVersion === last.apiVersion && isEmptySet(difference(last.set, now.set)))

/** Without what the applier named the last time and names no more, where it was its alone. */
function prune(merged: unknown, last: Manager, managers: Managers, { versions, apiVersion }: ApplyOptions): unknown {
  const version = last.apiVersion
  const schema = versions.schemaOf(version)
  if (schema === undefined) return merged
  const to = (value: unknown, from: string, target: string): unknown => (from === target ? value : versions.convert(value, from, target))
  const converted = to(merged, apiVersion, version)
  const lastNamed = withNamedFields(schema, last.set)
  let pruned = removeFields(schema, converted, lastNamed)
  const mergedSet = withNamedFields(schema, setOfValue(schema, converted))
  pruned = addBackOwned(converted, mergedSet, pruned, version, managers, versions)
  pruned = addBackDangling(schema, converted, mergedSet, pruned, lastNamed)
  return to(pruned, version, apiVersion)
}

/** Puts back what pruning took though somebody owns it: the applier by its new wish, or others. */
function addBackOwned(
  merged: unknown,
  mergedSet: FieldSet,
  pruned: unknown,
  version: string,
  managers: Managers,
  versions: Versions,
): unknown {
  const owned = new Map<string, FieldSet>()
  for (const { apiVersion, set } of managers.values()) owned.set(apiVersion, union(owned.get(apiVersion) ?? leaf, set))
  // The version of what was pruned comes first: others may need those fields to convert at all.
  const order = [version, ...[...owned.keys()].filter((each) => each !== version)].filter((each) => owned.has(each))
  let whole = merged
  let left = pruned
  let at = version
  for (const next of order) {
    const schema = versions.schemaOf(next)
    if (schema === undefined) continue
    if (next !== at) {
      whole = versions.convert(whole, at, next)
      left = versions.convert(left, at, next)
      at = next
    }
    const wholeSet = whole === merged ? mergedSet : withNamedFields(schema, setOfValue(schema, whole))
    const keptSet = union(withNamedFields(schema, setOfValue(schema, left)), withNamedFields(schema, owned.get(next)!))
    left = removeFields(schema, whole, difference(wholeSet, keptSet))
  }
  return at === version ? left : versions.convert(left, at, version)
}

/** Puts back what went with its parent though the applier never owned it. */
function addBackDangling(schema: MergeSchema, merged: unknown, mergedSet: FieldSet, pruned: unknown, last: FieldSet): unknown {
  const prunedSet = withNamedFields(schema, setOfValue(schema, pruned))
  return removeFields(schema, merged, intersection(difference(mergedSet, prunedSet), last))
}
