import { type AnyKind, apiVersionOf, type KubeObject, resetFieldsOf } from '#api/kind.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import type { Versions } from '#schema/apply/apply.ts'
import { checkValue } from '#schema/apply/check-value.ts'
import { difference, type FieldSet, hasPath, isEmptySet, leaf, pathSet } from '#schema/apply/field-set.ts'
import { type ManagedFieldsEntry, type Manager, type Managers, readManagers, writeManagers } from '#schema/apply/managers.ts'
import { MergeError } from '#schema/apply/merge-error.ts'
import { mergeSchemaOf } from '#schema/apply/merge-schema.ts'
import { fieldElement } from '#schema/apply/path-element.ts'
import { type OwnershipScope, scopeExcept } from '#schema/apply/scope.ts'
import { type Change, updateManagers } from '#schema/apply/update.ts'
import { schemaAt } from '#schema/apply/value-face.ts'
import { decode } from '#schema/decode.ts'
import { deepEqual } from '#schema/fields.ts'
import { encodeJson, parseExact } from '#schema/json.ts'
import type { Context, Write } from '../context.ts'
import { storageKindOf } from './keys.ts'

/** Entries of metadata.managedFields; `undefined` where nobody is named. */
export type Entries = readonly ManagedFieldsEntry[] | undefined

/** An object's managedFields; undefined where nobody is noted to own anything. */
export const entriesOf = (object: KubeObject | undefined): Entries => object?.metadata?.managedFields as Entries

/**
 * metadata.managedFields after a write that is no apply: `next` is what the client wants, defaults filled in, before admission (which owns
 * nothing). An object that was never tracked stays so; one that is new begins to be.
 */
export function trackedEntries(context: Context, write: Write, previous: KubeObject | undefined, next: KubeObject): Entries {
  const { kind } = write
  const live = entriesOf(previous)
  const start = managersOf(live, entriesOf(next), write.subresource !== '')
  if (start.managers.size === 0 && previous !== undefined) return undefined
  let managers: Managers
  try {
    checkDropped(write, next)
    managers = updateManagers({
      ...common(context, kind, write.subresource),
      before: previous ?? {},
      after: next,
      manager: write.manager || 'unknown',
      managers: start.managers,
      inVersion: (apiVersion) => changeIn(context, kind, apiVersion, previous, next),
    })
  } catch (error) {
    if (!(error instanceof MergeError)) throw error
    // As the reference: an object whose lists have items without a name is not tracked; its validation tells what is wrong with it.
    return undefined
  }
  return managers === start.managers && start.isLive ? live : writeManagers(managers)
}

/**
 * What of a custom resource is thrown away by this write, such as its status, is validated by nobody; where it does not fit its schema the
 * reference cannot read the whole, and tracks nothing. Throws a `MergeError` then.
 */
function checkDropped({ kind, subresource }: Write, next: KubeObject): void {
  if (kind.shape.kind !== 'structural' || subresource !== '') return
  const { map } = mergeSchemaOf(kind)
  for (const [part] of resetFieldsOf(kind, '')) {
    const value = (next as unknown as Readonly<Record<string, unknown>>)[part!]
    const schema = map && schemaAt(map, part!)
    if (value !== undefined && schema !== undefined) checkValue(schema, value)
  }
}

/** Who owns what before an apply. An object that was never tracked is owned by nobody in particular so far, in all its fields. */
export function managersBeforeApply(
  context: Context,
  kind: AnyKind,
  subresource: string,
  present: KubeObject | undefined,
  entries: Entries,
): Managers {
  const managers = readOrNone(entries ?? [], true)
  if (managers.size > 0 || present === undefined) return managers
  return updateManagers({
    ...common(context, kind, subresource),
    before: {},
    after: present,
    manager: 'before-first-apply',
    managers,
    inVersion: () => undefined,
  })
}

const common = (context: Context, kind: AnyKind, subresource: string) => ({
  schema: mergeSchemaOf(kind),
  apiVersion: apiVersionOf(kind),
  subresource,
  now: rfc3339(context.clock.now()),
  scope: scopeOf(kind, subresource),
  compare: { inMemory: true },
  reconciles: kind.shape.kind === 'structural',
  isServed: (apiVersion: string) => kindIn(context, kind, apiVersion) !== undefined,
})

/** Managers to start from: the client's own list where it gave one that can be read, else the present ones. */
function managersOf(live: Entries, given: Entries, isPart: boolean): { readonly managers: Managers; readonly isLive: boolean } {
  const present = (): { managers: Managers; isLive: boolean } => ({ managers: readOrNone(live ?? [], true), isLive: true })
  if (isPart || given === undefined || given === null || given === live) return present()
  // An empty list, or one with an empty entry, is the wish to forget.
  if (given.length === 0 || (given.length === 1 && Object.keys(given[0]!).length === 0)) return { managers: new Map(), isLive: false }
  if (deepEqual(given, live)) return present()
  const read = readOrNone(given, false)
  return read.size === 0 ? present() : { managers: read, isLive: false }
}

function readOrNone(entries: readonly ManagedFieldsEntry[], trusted: boolean): Managers {
  try {
    return readManagers(entries, trusted)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    // Whoever writes nonsense here is taken for somebody who does not know the field.
    return new Map()
  }
}

/** What is wrong with entries, in the reference's words. */
export function entriesProblem(entries: Entries): string | undefined {
  try {
    readManagers(entries ?? [], false)
    return undefined
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return error.message
  }
}

const scopes = new WeakMap<AnyKind, Map<string, OwnershipScope>>()

/** What a writer at `subresource` can come to own. */
export function scopeOf(kind: AnyKind, subresource: string): OwnershipScope {
  let known = scopes.get(kind)
  if (known === undefined) scopes.set(kind, (known = new Map()))
  let scope = known.get(subresource)
  if (scope === undefined) {
    const only = kind.rules.ownedFields?.[subresource]
    scope = { ...scopeExcept([...resetFieldsOf(kind, subresource), ['metadata', 'managedFields']]), ...(only !== undefined && { only }) }
    known.set(subresource, scope)
  }
  return scope
}

/** The kind in another of its versions, `undefined` where that is not served. */
function kindIn(context: Context, kind: AnyKind, apiVersion: string): AnyKind | undefined {
  if (apiVersion === apiVersionOf(kind)) return kind
  const stored = storageKindOf(kind)
  return context.kinds.all.find((other) => storageKindOf(other) === stored && apiVersionOf(other) === apiVersion)
}

function changeIn(
  context: Context,
  kind: AnyKind,
  apiVersion: string,
  previous: KubeObject | undefined,
  next: KubeObject,
): Change | undefined {
  const other = kindIn(context, kind, apiVersion)
  if (other === undefined) return undefined
  return {
    schema: mergeSchemaOf(other),
    before: previous === undefined ? {} : convertObject(previous, kind, other),
    after: convertObject(next, kind, other),
  }
}

function convertObject(object: unknown, from: AnyKind, to: AnyKind): unknown {
  if (from === to) return object
  const stored = from.storedAs?.toStored(object as never) ?? object
  return to.storedAs?.fromStored(stored as never) ?? stored
}

/** The versions of a kind, for applying. */
export const versionsOf = (context: Context, kind: AnyKind): Versions => ({
  schemaOf(apiVersion) {
    const found = kindIn(context, kind, apiVersion)
    return found === undefined ? undefined : mergeSchemaOf(found)
  },
  convert(json, fromVersion, toVersion) {
    const from = kindIn(context, kind, fromVersion)
    const to = kindIn(context, kind, toVersion)
    if (from === undefined || to === undefined || from === to) return json
    const { value } = decode(from, json, { strict: false })
    return parseExact(encodeJson(to, convertObject(value, from, to)))
  },
})

/**
 * The entries that count for a view of an object (Scale): who owns the field that the view's `spec.replicas` stands for, in the view's words.
 */
export function entriesForView(entries: Entries, kind: AnyKind, path: readonly string[], viewVersion: string): Entries {
  const version = apiVersionOf(kind)
  const found = (entries ?? []).filter((entry) => entry.apiVersion === version && ownsPath(entry, path))
  return found.length === 0 ? undefined : found.map((entry) => ({ ...entry, apiVersion: viewVersion, fieldsV1: replicasOf(viewReplicas) }))
}

/** The object's entries after its view was written with these. */
export function entriesFromView(entries: Entries, view: Entries, kind: AnyKind, path: readonly string[]): Entries {
  const version = apiVersionOf(kind)
  const left = new Map(readOrNone(view ?? [], true))
  const parents = readOrNone(entries ?? [], true)
  const out = new Map<string, Manager>()
  for (const [id, manager] of parents) {
    if (manager.apiVersion !== version) continue
    const isOwner = hasPath(manager.set, path.map(fieldElement))
    if (!isOwner) out.set(id, manager)
    else if (left.delete(id)) out.set(id, manager)
    else {
      const rest = difference(manager.set, replicasOf(path))
      if (!isEmptySet(rest)) out.set(id, { ...manager, set: rest })
    }
  }
  for (const [id, manager] of left) {
    if (!hasPath(manager.set, viewReplicas.map(fieldElement))) continue
    // The time of the view's entry is not known to the object, as with the reference.
    out.set(id, { ...manager, apiVersion: version, time: parents.get(id)?.time, set: replicasOf(path) })
  }
  return writeManagers(out)
}

const ownsPath = (entry: ManagedFieldsEntry, path: readonly string[]): boolean =>
  hasPath((entry.fieldsV1 ?? leaf) as FieldSet, path.map(fieldElement))
const replicasOf = (path: readonly string[]): FieldSet => pathSet(path.map(fieldElement))
const viewReplicas: readonly string[] = ['spec', 'replicas']
