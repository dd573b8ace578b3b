import type { Features } from '#api/features.ts'
import { type AnyKind, apiVersionOf, type KubeObject, type WriteContext } from '#api/kind.ts'
import { deepFreeze } from '#lib/freeze.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { withDefaults } from '#schema/defaults.ts'
import { deepEqual } from '#schema/fields.ts'
import { encodeJson } from '#schema/json.ts'
import { noteWritten } from '../cacher/written.ts'
import type { Context, Write } from '../context.ts'
import { storageKindOf } from './keys.ts'
import { type Entries, entriesOf, entriesProblem } from './ownership.ts'

/** What the rules of a kind may know of a write. */
export const writeContextOf = (context: Context, write: Write): WriteContext => ({
  now: rfc3339(context.clock.now()),
  user: write.user,
  namespaceLabels: () => labelsOfNamespace(context, write.namespace),
  subresource: write.subresource,
  dryRun: write.dryRun,
  serviceFamilies: context.serviceFamilies,
  warn: write.warn,
})

function labelsOfNamespace({ objects }: Context, name: string): Readonly<Record<string, string>> {
  const kind = objects.kindOf('', 'namespaces')
  return (kind && objects.get(kind, name)?.metadata.labels) ?? {}
}

/**
 * All sorts of defaults: those of the type, those that hang on other fields, and those of features. `before`, where there is one, is what this function has
 * returned for an earlier form of the object.
 */
export function applyDefaults(features: Features, kind: AnyKind, object: KubeObject, before?: KubeObject): KubeObject {
  if (object === before) return object
  const filled = withDefaults(kind, object, before)
  return gatedDefaults(features, kind, kind.rules.defaults === undefined ? filled : (kind.rules.defaults(deepFreeze(filled)) as KubeObject))
}

/** What was stored before a feature was on lacks its defaults: to have them now is no change of the object. */
export const gatedDefaults = (features: Features, kind: AnyKind, object: KubeObject): KubeObject =>
  kind.rules.gatedDefaults === undefined ? object : (kind.rules.gatedDefaults(deepFreeze(object), features) as KubeObject)

/** With other metadata; what is undefined goes. */
export function withMetadata(object: KubeObject, metadata: object): KubeObject {
  const merged: Record<string, unknown> = { ...object.metadata, ...metadata }
  const kept: Record<string, unknown> = {}
  for (const key in merged) if (merged[key] !== undefined) kept[key] = merged[key]
  return { ...object, metadata: kept } as unknown as KubeObject
}

/** With these owners named in metadata.managedFields. */
export function withOwners(object: KubeObject, entries: Entries): KubeObject {
  if (object.metadata.managedFields === entries) return object
  const { managedFields: _managedFields, ...metadata } = object.metadata
  return { ...object, metadata: entries === undefined ? metadata : { ...metadata, managedFields: entries } } as KubeObject
}

/** What admission made of an object, with the owners that it had where admission left some that cannot be read. */
export function withReadableOwners(admitted: KubeObject, object: KubeObject, warn: (message: string) => void): KubeObject {
  const entries = entriesOf(admitted)
  if (entries === entriesOf(object)) return admitted
  const problem = entriesProblem(entries)
  if (problem === undefined) return admitted
  warn(
    `.metadata.managedFields was in an invalid state after admission; this could be caused by an outdated mutating admission controller; please fix your requests: ${problem}`,
  )
  return withOwners(admitted, entriesOf(object))
}

/** What the store keeps: canonical JSON without resourceVersion, which is the revision of the commit. `previous`: what it takes the place of. */
export function storedBytes(kind: AnyKind, object: KubeObject, previous?: KubeObject): Uint8Array {
  const { resourceVersion: _resourceVersion, ...metadata } = object.metadata
  const bare = { ...object, metadata }
  const stored = kind.storedAs?.toStored(bare as never) ?? bare
  const value = Buffer.from(encodeJson(storageKindOf(kind), stored))
  noteWritten(kind, value, object, previous)
  return value
}

/** The same where somebody else may have to be asked for the stored form. */
export function convertedBytes(kind: AnyKind, object: KubeObject, previous?: KubeObject): Uint8Array | Promise<Uint8Array> {
  const stored = storageKindOf(kind)
  if (kind.storedAs?.convert === undefined || stored.version === kind.version) return storedBytes(kind, object, previous)
  const { resourceVersion: _resourceVersion, ...metadata } = object.metadata
  return kind.storedAs
    .convert([{ ...object, metadata } as KubeObject], apiVersionOf(stored))
    .then(([made]) => Buffer.from(encodeJson(stored, kind.storedAs!.toStored(made as never))))
}

/** What a client sees of an object that is not stored (dry run). */
export const shownBytes = (kind: AnyKind, object: KubeObject): Uint8Array => Buffer.from(encodeJson(kind, object))

/**
 * Whether metadata.generation is to be raised: where `spec` changed, unless the kind counts otherwise. A part (`whole` is false) raises it
 * by the spec alone: a controller that marks a deployment's annotations with its status has asked nothing new of itself.
 */
export function raisesGeneration(kind: AnyKind, next: KubeObject, previous: KubeObject, whole: boolean): boolean {
  const { generation } = kind.rules
  if (generation === undefined || generation === false) return false
  if (whole && typeof generation === 'function') return generation(next, previous)
  const [after, before] = [next, previous].map((object) => (object as { readonly spec?: unknown }).spec)
  if (deepEqual(after, before)) return false
  // In memory an empty list and an absent one differ; what is written tells whether they mean something else.
  return encodeJson(kind, { spec: after }) !== encodeJson(kind, { spec: before })
}
