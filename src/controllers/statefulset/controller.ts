import { ControllerRevision } from '#api/apps/v1/controller-revision.ts'
import { StatefulSet } from '#api/apps/v1/stateful-set.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { type Features, noFeatures } from '#api/features.ts'
import { controllerOf } from '#api/meta/v1/owner.ts'
import { matchesLabelSelector } from '#api/meta/v1/selector.ts'
import type { Cache, Controller } from '#loop/controller.ts'
import { orphansByNamespace } from '../common/indexes.ts'
import { keyFor, keyOf, splitKey } from '../common/key.ts'
import { afterStatefulSetAnswer } from './answered.ts'
import { claimName, templatesOf } from './claims.ts'
import { isMember, partsOf } from './identity.ts'
import { statefulSetMetrics } from './metrics.ts'
import { planStatefulSet } from './plan.ts'
import type { StatefulSetView } from './rollout.ts'

/** Keeps pods with a name, claims and an order of their own. */
export function statefulSetController(features: Features = noFeatures): Controller<StatefulSetView> {
  const lacks = new Map<string, number>()
  return {
    name: 'statefulset-controller',
    ...(features.has('MaxUnavailableStatefulSet') && { metrics: statefulSetMetrics(lacks) }),
    sources: [
      { kind: StatefulSet },
      {
        kind: Pod,
        keys: (pod: Pod, cache: Cache, previous: Pod | undefined) => [
          ...setsOfPod(pod, cache),
          ...(previous === undefined ? [] : setsOfPod(previous, cache)),
        ],
      },
      { kind: PersistentVolumeClaim, keys: setsOfClaim },
      {
        kind: ControllerRevision,
        keys: (revision: ControllerRevision, cache: Cache, previous: ControllerRevision | undefined) => [
          ...setsOfRevision(revision, cache),
          ...(previous === undefined ? [] : setsOfRevision(previous, cache)),
        ],
      },
    ],
    view: (key, cache, now) => {
      const { namespace, name } = splitKey(key)
      const set = cache.get(StatefulSet, name, namespace)
      if (set === undefined) {
        lacks.delete(key)
        return undefined
      }
      return {
        now,
        set,
        pods: [
          ...cache.ownedBy(Pod, set.metadata),
          ...cache.indexed(Pod, orphansByNamespace, namespace).filter((pod) => isMember(set, pod)),
        ],
        revisions: [
          ...cache.ownedBy(ControllerRevision, set.metadata),
          ...cache.indexed(ControllerRevision, orphansByNamespace, namespace),
        ],
        podNamed: (name) => cache.get(Pod, name, namespace),
        claimNamed: (name) => cache.get(PersistentVolumeClaim, name, namespace),
        revisionNamed: (name) => cache.get(ControllerRevision, name, namespace),
        features,
        namespaceIsLeaving: cache.get(Namespace, namespace)?.metadata.deletionTimestamp !== undefined,
      }
    },
    plan: (view) => {
      const plan = planStatefulSet(view)
      lacks.set(keyOf(view.set), plan.unavailable)
      return plan
    },
    answered: afterStatefulSetAnswer,
  }
}

/** The set that controls the pod, and the one that would give its name: whoever's it is, its going makes room. */
function setsOfPod(pod: Pod, cache: Cache): string[] {
  const { name, namespace } = pod.metadata
  const controller = controllerOf(pod)
  const names = [controller?.kind === StatefulSet.kind ? controller.name : undefined, partsOf(name)?.setName]
  const found = names.filter((one) => one !== undefined && cache.get(StatefulSet, one, namespace) !== undefined)
  return [...new Set(found)].map((one) => keyFor(namespace, one!))
}

function setsOfClaim({ metadata: { name, namespace } }: PersistentVolumeClaim, cache: Cache): string[] {
  const ordinal = partsOf(name)?.ordinal
  if (ordinal === undefined) return []
  return cache
    .list(StatefulSet, namespace)
    .filter((set) => templatesOf(set).some((template) => claimName(template.metadata.name, set, ordinal) === name))
    .map(keyOf)
}

/** The set that controls the revision; for an orphan, all that would take it. */
function setsOfRevision(revision: ControllerRevision, cache: Cache): string[] {
  const { namespace, labels } = revision.metadata
  const controller = controllerOf(revision)
  if (controller !== undefined) return controller.kind === StatefulSet.kind ? [keyFor(namespace, controller.name)] : []
  return cache
    .list(StatefulSet, namespace)
    .filter((set) => matchesLabelSelector(set.spec.selector, labels))
    .map(keyOf)
}
