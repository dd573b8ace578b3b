import { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { controllerOf } from '#api/meta/v1/owner.ts'
import { matchesLabelSelector } from '#api/meta/v1/selector.ts'
import type { Cache, Controller } from '#loop/controller.ts'
import { orphansByNamespace } from '../common/indexes.ts'
import { keyFor, keyOf, splitKey } from '../common/key.ts'
import { afterReplicaSetAnswer } from './answered.ts'
import { planReplicaSet, type ReplicaSetView } from './plan.ts'

/** Keeps as many pods of a template alive as the set asks for. */
export const replicaSetController: Controller<ReplicaSetView> = {
  name: 'replicaset-controller',
  sources: [
    { kind: ReplicaSet },
    {
      kind: Pod,
      keys: (pod: Pod, cache: Cache, previous: Pod | undefined) => [
        ...setsOf(pod, cache),
        ...(previous === undefined ? [] : setsOf(previous, cache)),
      ],
    },
  ],
  view: (key, cache, now) => {
    const { namespace, name } = splitKey(key)
    const replicaSet = cache.get(ReplicaSet, name, namespace)
    if (replicaSet === undefined) return undefined
    return {
      now,
      replicaSet,
      pods: [...cache.ownedBy(Pod, replicaSet.metadata.uid), ...cache.indexed(Pod, orphansByNamespace, namespace)],
      related: relatedPods(replicaSet, cache),
      namespaceIsLeaving: cache.get(Namespace, namespace)?.metadata.deletionTimestamp !== undefined,
    }
  },
  plan: planReplicaSet,
  answered: afterReplicaSetAnswer,
}

/** The set that controls the pod; for an orphan, all that would take it. */
function setsOf(pod: Pod, cache: Cache): string[] {
  const controller = controllerOf(pod)
  const { namespace } = pod.metadata
  if (controller !== undefined) return controller.kind === 'ReplicaSet' ? [keyFor(namespace, controller.name)] : []
  return cache
    .list(ReplicaSet, namespace)
    .filter((set) => matchesLabelSelector(set.spec.selector, pod.metadata.labels))
    .map(keyOf)
}

/** Pods of all sets with the same controller: while a Deployment rolls, two pods of different revisions on one node are doubled up too. */
function relatedPods(replicaSet: ReplicaSet, cache: Cache): readonly Pod[] {
  const controller = controllerOf(replicaSet)
  const sets = controller === undefined ? [replicaSet] : cache.ownedBy(ReplicaSet, controller.uid)
  return sets.flatMap((set) => cache.ownedBy(Pod, set.metadata.uid))
}
