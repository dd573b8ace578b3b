import type { Scale as ScaleObject } from '#api/autoscaling/v1/scale.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import { controllerOf } from '#api/meta/v1/owner.ts'
import type { OwnerReference } from '#api/meta/v1/types.ts'
import type { Cache } from '#loop/controller.ts'
import { type ScaleView, scaleViewOf } from '../common/scale-view.ts'
import type { Scale } from './expected-pods.ts'

/** A kind by group and kind, and whether there is one. */
export type KindOf = (reference: OwnerReference) => AnyKind | undefined

/**
 * How many pods the pod's controller is to have: by the `scale` of whatever kind it is, and, where that is controlled by something of that
 * name and uid that has a scale too (a ReplicaSet's Deployment), by the scale of the latter.
 */
export function scaleOf(pod: Pod, kindOf: KindOf, cache: Cache): Scale {
  const reference = controllerOf(pod)
  if (reference === undefined) return 'unmanaged'
  const { namespace, name } = pod.metadata
  const kind = kindOf(reference)
  if (kind === undefined) return { problem: `no matches for kind "${reference.kind}" in version "${reference.apiVersion}"` }
  const view = scaleViewOf(kind)
  const resource = kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`
  if (view === undefined) return { problem: `${resource} does not implement the scale subresource` }
  const owner = ownerAt(kind, reference, namespace, cache)
  if (owner === undefined) return { problem: `found no controllers for pod "${name}"` }
  const above = controllerOf(owner)
  const aboveKind = above === undefined ? undefined : kindOf(above)
  const aboveOwner = above && aboveKind && ownerAt(aboveKind, above, namespace, cache)
  // A Deployment of half as many pods as its old ReplicaSet still has is already one of half as many.
  const aboveView = aboveKind && standsAbove(kind, aboveKind) ? scaleViewOf(aboveKind) : undefined
  return aboveOwner !== undefined && aboveView !== undefined ? shown(aboveView, aboveOwner) : shown(view, owner)
}

/** Only a Deployment is asked for its ReplicaSets' scale: what controls anything else may mean something else by its own replicas. */
const standsAbove = (kind: AnyKind, above: AnyKind): boolean =>
  kind.kind === 'ReplicaSet' && kind.group === 'apps' && above.kind === 'Deployment' && above.group === 'apps'

function ownerAt(kind: AnyKind, { name, uid }: OwnerReference, namespace: string, cache: Cache): KubeObject | undefined {
  const owner = cache.get(kind, name, kind.scope === 'Namespaced' ? namespace : undefined) as KubeObject | undefined
  return owner?.metadata.uid === uid ? owner : undefined
}

function shown({ show, unreadable }: ScaleView, owner: KubeObject): Scale {
  const problem = unreadable?.(owner as never)
  if (problem !== undefined) return { problem }
  const { spec } = show(owner as never) as ScaleObject
  return { uid: owner.metadata.uid, replicas: spec.replicas ?? 0 }
}
