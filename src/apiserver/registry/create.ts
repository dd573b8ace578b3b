import type { AnyKind, KubeObject } from '#api/kind.ts'
import { validateMetadata } from '#api/meta/v1/validate-metadata.ts'
import { WherryError } from '#lib/errors.ts'
import { deepFreeze } from '#lib/freeze.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { admissionRun } from '../admission/chain.ts'
import { converting, type Item, itemAs, itemOf, objectOf } from '../cacher/item.ts'
import type { Context, Write } from '../context.ts'
import { alreadyExists, badRequest, forbiddenError, invalidError } from '../http/status.ts'
import { type ClaimPlan, claimed } from './claims.ts'
import { nameOrGenerateName } from './generate-name.ts'
import { keyOf, storageKindOf } from './keys.ts'
import { trackedEntries } from './ownership.ts'
import { permissionCauses } from './permissions.ts'
import { applyDefaults, convertedBytes, withMetadata, withOwners, withReadableOwners, writeContextOf } from './prepare.ts'
import { committedItem, unstoredItem } from './result.ts'

/**
 * Stores a new object. Order: system fields and defaults, mutating admission, the kind's preparation, validation, validating admission,
 * commit. A generated name that is taken is tried again with another. Throws `AlreadyExists`, `Invalid`, or what admission refuses with.
 */
export async function createObject(
  context: Context,
  write: Write,
  body: KubeObject,
  owners: 'tracked' | 'given' = 'tracked',
): Promise<Item> {
  const { kind } = write
  const refusal = kind.rules.refuseCreate?.()
  if (refusal !== undefined) throw forbiddenError(kind, body.metadata?.name ?? '', refusal)
  // Admission reads other objects: it has to see what was acknowledged before this request came.
  await context.cacher.fresh()
  // Random names rarely meet; when they do, another try is cheaper than the client's.
  for (let attempt = 1; ; attempt += 1) {
    const { key, object: stored, claims } = await prepare(context, write, body, owners)
    if (write.dryRun) {
      const present = await context.store.get(key)
      if (present !== undefined) throw taken(kind, stored.metadata.name, objectOf(itemOf(storageKindOf(kind), present)))
      return unstoredItem(kind, key, stored)
    }
    // As the reference: only its store looks at it, which a dry run does not reach.
    if (body.metadata?.resourceVersion)
      throw new WherryError('InternalError', 'resourceVersion should not be set on objects to be created', { status: 500 })
    const value = await convertedBytes(kind, stored)
    const result = await context.store.commit(
      [{ do: 'put', key, value }, ...claims.operations],
      [{ key, modRevision: 0 }, ...claims.conditions],
    )
    if (result.done) {
      context.journal.note(write, key, result.revision)
      const committed = committedItem(kind, key, value, result.revision)
      await converting(kind, [committed])
      return itemAs(kind, committed)
    }
    const present = result.failed.find((failed) => failed.key === key)?.present
    if (present === undefined) {
      // Only a claim failed: somebody took the value in between. The next plan sees that.
      await context.cacher.reached(result.revision, claimWaitMs)
      if (attempt < attemptsMax) continue
      throw new WherryError('ServerTimeout', `the values that ${kind.plural} need are contended; try again`, { retryAfterSeconds: 1 })
    }
    const isGenerated = !body.metadata?.name && Boolean(body.metadata?.generateName)
    if (!isGenerated) throw taken(kind, stored.metadata.name, objectOf(itemOf(storageKindOf(kind), present)))
    if (attempt >= attemptsMax) throw alreadyExists(kind, stored.metadata.name)
  }
}

async function prepare(
  context: Context,
  write: Write,
  body: KubeObject,
  owners: 'tracked' | 'given',
): Promise<{ readonly key: string; readonly object: KubeObject; readonly claims: ClaimPlan }> {
  const { kind } = write
  const rules = writeContextOf(context, write)
  const { metadata } = body
  // Whoever changes the object sees it without what only the server can give it: with that it is stored.
  const asked = withMetadata(body, {
    namespace: kind.scope === 'Namespaced' ? write.namespace : undefined,
    uid: undefined,
    creationTimestamp: undefined,
    deletionTimestamp: undefined,
    deletionGracePeriodSeconds: undefined,
    ...(kind.rules.generation !== undefined && { generation: undefined }),
    selfLink: undefined,
    // Only the store looks at it, which a dry run does not reach.
    resourceVersion: write.dryRun ? metadata?.resourceVersion || undefined : undefined,
  })
  const run = admissionRun(context.admission, context.objects, { ...write, name: metadata?.name ?? '' }, 'CREATE')
  let object = applyDefaults(context.features, kind, asked)
  if (owners === 'tracked' && write.manager !== undefined) object = withOwners(object, trackedEntries(context, write, undefined, object))
  object = deepFreeze(object)
  const admitted = await run.admit(object, undefined)
  if (admitted !== undefined && admitted !== object)
    object = applyDefaults(context.features, kind, withReadableOwners(admitted, object, write.warn), object)
  const filled = object
  object = deepFreeze(
    withMetadata(object, {
      name: nameOrGenerateName(object.metadata, context.random) || (kind.rules.needsNoName ? context.random.uuid() : undefined),
      uid: context.random.uuid(),
      creationTimestamp: rfc3339(context.clock.now()),
      ...(kind.rules.generation !== undefined && kind.rules.generation !== false && { generation: 1 }),
    }),
  )
  object = (kind.rules.dropDisabled?.(object, undefined, context.features) ?? object) as KubeObject
  object = (kind.rules.prepareCreate?.(object, rules) ?? object) as KubeObject
  object = deepFreeze(applyDefaults(context.features, kind, object, filled))
  // As the reference: what is claimed is part of what is validated.
  const key = keyOf(kind, write.namespace, object.metadata.name)
  const claims = claimed(context, write, object, undefined, key)
  object = deepFreeze(claims.object!)
  const found = [...validateMetadata(object.metadata, kind), ...(kind.rules.validate?.(object, rules) ?? [])]
  const causes =
    kind.rules.permissions === undefined ? found : [...(await permissionCauses(context, write, object, undefined, found)), ...found]
  if (causes.length > 0) throw invalidError(storageKindOf(kind), object.metadata.name ?? '', causes)
  // Before anybody refuses: whoever is refused is warned as well.
  for (const warning of kind.rules.warnings?.(object, undefined) ?? []) write.warn(warning)
  await run.validate(object, undefined)
  if (!object.metadata.name) throw badRequest('metadata.name is empty')
  return { key, object, claims }
}

function taken(kind: AnyKind, name: string, present: KubeObject): WherryError {
  const error = alreadyExists(kind, name)
  if (present.metadata.deletionTimestamp === undefined) return error
  return new WherryError('AlreadyExists', `object is being deleted: ${error.message}`, error.details)
}

// The reference tries a generated name eight times.
const attemptsMax = 8
const claimWaitMs = 1_000
