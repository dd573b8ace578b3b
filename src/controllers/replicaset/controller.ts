import { Namespace } from '#api/core/v1/namespace.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { KubeObject, NamespacedMeta } from '#api/kind.ts'
import { controllerOf } from '#api/meta/v1/owner.ts'
import { matchesLabelSelector } from '#api/meta/v1/selector.ts'
import type { Cache, Controller } from '#loop/controller.ts'
import { orphansByNamespace } from '../common/indexes.ts'
import { keyFor, keyOf, splitKey } from '../common/key.ts'
import { afterReplicaSetAnswer, afterReplicaSetFailures } from './answered.ts'
import { type ReplicaForm, replicaSetForm, replicationControllerForm } from './form.ts'
import { planReplicaSet, type ReplicaSetView } from './plan.ts'

/** Keeps as many pods of a template alive as the set asks for. */
export const replicaSetController = controllerOfForm('replicaset-controller', replicaSetForm)

/** The same for the older ReplicationControllers. */
export const replicationControllerController = controllerOfForm('replication-controller', replicationControllerForm)

type Namespaced = KubeObject & { readonly metadata: NamespacedMeta }

function controllerOfForm(name: string, form: ReplicaForm): Controller<ReplicaSetView> {
  return {
    name,
    sources: [
      { kind: form.kind },
      {
        kind: Pod,
        keys: (pod: Pod, cache: Cache, previous: Pod | undefined) => [
          ...setsOf(form, pod, cache),
          ...(previous === undefined ? [] : setsOf(form, previous, cache)),
        ],
      },
    ],
    view: (key, cache, now) => {
      const { namespace, name } = splitKey(key)
      const object = cache.get(form.kind, name, namespace) as Namespaced | undefined
      if (object === undefined) return undefined
      return {
        now,
        form,
        replicaSet: form.toSet(object),
        pods: [...cache.ownedBy(Pod, object.metadata), ...cache.indexed(Pod, orphansByNamespace, namespace)],
        related: relatedPods(form, object, cache),
        namespaceIsLeaving: cache.get(Namespace, namespace)?.metadata.deletionTimestamp !== undefined,
      }
    },
    plan: planReplicaSet,
    answered: afterReplicaSetAnswer,
    failed: afterReplicaSetFailures,
  }
}

/** The set that controls the pod; for an orphan, all that would take it. */
function setsOf(form: ReplicaForm, pod: Pod, cache: Cache): string[] {
  const controller = controllerOf(pod)
  const { namespace } = pod.metadata
  if (controller !== undefined) return controller.kind === form.kind.kind ? [keyFor(namespace, controller.name)] : []
  return (cache.list(form.kind, namespace) as readonly Namespaced[])
    .map(form.toSet)
    .filter((set) => matchesLabelSelector(set.spec.selector, pod.metadata.labels))
    .map(keyOf)
}

/** Pods of all sets with the same controller: while a Deployment rolls, two pods of different revisions on one node are doubled up too. */
function relatedPods({ kind }: ReplicaForm, object: Namespaced, cache: Cache): readonly Pod[] {
  const controller = controllerOf(object)
  const sets =
    controller === undefined
      ? [object]
      : (cache.ownedBy(kind, { uid: controller.uid, namespace: object.metadata.namespace }) as readonly Namespaced[])
  return sets.flatMap((set) => cache.ownedBy(Pod, set.metadata))
}
