import type { AnyKind, KubeObject } from '#api/kind.ts'
import type { OwnerReference } from '#api/meta/v1/types.ts'
import type { Command, Plan } from '#loop/controller.ts'
import { settled } from '#loop/controller.ts'
import { patchSeen, targetOf } from '../common/commands.ts'

export const foregroundFinalizer = 'foregroundDeletion'
export const orphanFinalizer = 'orphan'

export interface GarbageView {
  readonly kind: AnyKind
  readonly object: KubeObject
  readonly owners: readonly Owner[]
  /** Objects with an owner reference to this one. Only gathered where they matter. */
  readonly dependents: readonly Dependent[]
}

export interface Owner {
  readonly reference: OwnerReference
  /**
   * `present`: alive, or being deleted without waiting. `waiting`: being deleted in the foreground. `absent`: not in the cache under its
   * name and uid. `unknown`: a kind that we do not hold, or a namespaced owner of a cluster-wide object; never a reason to delete.
   */
  readonly state: 'present' | 'waiting' | 'absent' | 'unknown'
  readonly kind?: AnyKind
  /** Where it would have to be. */
  readonly namespace?: string
  /** The reference points out of the object's namespace. */
  readonly isForeign?: true
}

export interface Dependent {
  readonly kind: AnyKind
  readonly object: KubeObject
}

/** Deletes what no owner keeps, and lets go of owners that waited for their dependents. */
export function planGarbage(view: GarbageView): Plan {
  const { object } = view
  const finalizers = object.metadata.finalizers ?? []
  if (object.metadata.deletionTimestamp !== undefined) {
    if (finalizers.includes(orphanFinalizer)) return act([...orphanDependents(view), dropFinalizer(view, orphanFinalizer)])
    if (finalizers.includes(foregroundFinalizer) && !view.dependents.some((one) => blocks(one, object))) {
      return act([dropFinalizer(view, foregroundFinalizer)])
    }
    return settled
  }
  return act([...complaints(view), ...collect(view)])
}

const act = (commands: readonly Command[]): Plan => (commands.length === 0 ? settled : { commands, wakeAt: Infinity })

function collect(view: GarbageView): Command[] {
  const { kind, object, owners, dependents } = view
  const absent = owners.filter(({ state }) => state === 'absent')
  const waiting = owners.filter(({ state }) => state === 'waiting')
  if (absent.length + waiting.length === 0) return []
  // The cache of the owner's kind may be behind: that it is gone has to be heard from the API server itself.
  const confirmations = absent.map(
    ({ reference, kind: ownerKind, namespace }): Command => ({
      do: 'confirmAbsent',
      kind: ownerKind!,
      name: reference.name,
      uid: reference.uid,
      ...(namespace === undefined ? {} : { namespace }),
    }),
  )
  const kept = owners.filter(({ state }) => state === 'present' || state === 'unknown')
  if (kept.length > 0)
    return [...confirmations, patchSeen(kind, object, { metadata: { ownerReferences: kept.map(({ reference }) => reference) } })]

  const finalizers = object.metadata.finalizers ?? []
  const inForeground = waiting.length > 0 && dependents.length > 0
  const propagationPolicy =
    inForeground || finalizers.includes(foregroundFinalizer) ? 'Foreground' : finalizers.includes(orphanFinalizer) ? 'Orphan' : 'Background'
  const target = targetOf(kind, object)
  // In a circle of owners everyone would wait for the other: one of them stops blocking.
  if (inForeground && dependents.some(isWaiting) && owners.some(({ reference }) => reference.blockOwnerDeletion)) {
    const ownerReferences = owners.map(({ reference }) =>
      reference.blockOwnerDeletion ? { ...reference, blockOwnerDeletion: false } : reference,
    )
    return [...confirmations, patchSeen(kind, object, { metadata: { ownerReferences } }), { do: 'delete', ...target, propagationPolicy }]
  }
  return [...confirmations, { do: 'delete', ...target, resourceVersion: object.metadata.resourceVersion, propagationPolicy }]
}

const isWaiting = ({ object }: Dependent): boolean =>
  object.metadata.deletionTimestamp !== undefined && (object.metadata.finalizers ?? []).includes(foregroundFinalizer)

const blocks = ({ object }: Dependent, owner: KubeObject): boolean =>
  object.metadata.ownerReferences?.some(({ uid, blockOwnerDeletion }) => uid === owner.metadata.uid && blockOwnerDeletion === true) ?? false

function orphanDependents({ object, dependents }: GarbageView): Command[] {
  return dependents.map((dependent) => {
    const rest = (dependent.object.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== object.metadata.uid)
    return patchSeen(dependent.kind, dependent.object, { metadata: { ownerReferences: rest.length === 0 ? null : rest } })
  })
}

function dropFinalizer({ kind, object }: GarbageView, finalizer: string): Command {
  const rest = (object.metadata.finalizers ?? []).filter((one) => one !== finalizer)
  return patchSeen(kind, object, { metadata: { finalizers: rest.length === 0 ? null : rest } })
}

/** Owners live in the same namespace or in none (API concepts, "Owners and dependents"). */
function complaints({ object, owners }: GarbageView): Command[] {
  return owners
    .filter(({ isForeign }) => isForeign)
    .map(({ reference: { apiVersion, kind, name, uid } }) => ({
      do: 'event',
      regarding: object,
      type: 'Warning',
      reason: 'OwnerRefInvalidNamespace',
      message: `ownerRef [${apiVersion}/${kind}, namespace: ${object.metadata.namespace ?? ''}, name: ${name}, uid: ${uid}] does not exist in namespace "${object.metadata.namespace ?? ''}"`,
    }))
}
