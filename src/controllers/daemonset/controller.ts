import { ControllerRevision } from '#api/apps/v1/controller-revision.ts'
import { DaemonSet } from '#api/apps/v1/daemon-set.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { KubeObject, NamespacedMeta } from '#api/kind.ts'
import { controllerOf } from '#api/meta/v1/owner.ts'
import { matchesLabelSelector } from '#api/meta/v1/selector.ts'
import { same } from '#api/strategy.ts'
import type { Cache, Controller } from '#loop/controller.ts'
import { orphansByNamespace } from '../common/indexes.ts'
import { keyFor, keyOf, splitKey } from '../common/key.ts'
import { afterDaemonSetAnswer } from './answered.ts'
import { createFailedPods } from './failed-pods.ts'
import { placementOf } from './placement.ts'
import { type DaemonSetView, planDaemonSet } from './plan.ts'

/** Keeps a pod on every node that a template admits, and brings those pods from one template to the next. */
export function daemonSetController(): Controller<DaemonSetView> {
  const failedPods = createFailedPods()
  return {
    // The name that events carry; the account is called otherwise (`userOf`).
    name: 'daemonset-controller',
    sources: [
      { kind: DaemonSet },
      { kind: Pod, keys: keysOfPart },
      { kind: ControllerRevision, keys: keysOfRevision },
      { kind: Node, keys: keysOfNode },
    ],
    view: (key, cache, now) => {
      const { namespace, name } = splitKey(key)
      const daemonSet = cache.get(DaemonSet, name, namespace)
      if (daemonSet === undefined) {
        failedPods.forget(key)
        return undefined
      }
      const own = cache.ownedBy(Pod, daemonSet.metadata)
      return {
        now,
        daemonSet,
        nodes: cache.list(Node),
        pods: [...own, ...cache.indexed(Pod, orphansByNamespace, namespace)],
        revisions: [
          ...cache.ownedBy(ControllerRevision, daemonSet.metadata),
          ...cache.indexed(ControllerRevision, orphansByNamespace, namespace),
        ],
        revisionNamed: (revisionName) => cache.get(ControllerRevision, revisionName, namespace),
        failedDueAt: failedPods.dueAt(key, daemonSet, own, now),
        namespaceIsLeaving: cache.get(Namespace, namespace)?.metadata.deletionTimestamp !== undefined,
      }
    },
    plan: planDaemonSet,
    answered: afterDaemonSetAnswer,
  }
}

type Part = KubeObject & { readonly metadata: NamespacedMeta }

const keysOfPart = (part: Part, cache: Cache, previous: Part | undefined): readonly string[] => [
  ...setsOf(part, cache),
  ...(previous === undefined ? [] : setsOf(previous, cache)),
]

/**
 * One that comes with its set named was made by the set, which knows; or by somebody who has a reason to (a conformance test has, and expects
 * it to stand beside its twin until the set has something else to do).
 */
const keysOfRevision = (revision: ControllerRevision, cache: Cache, previous: ControllerRevision | undefined): readonly string[] =>
  previous === undefined && controllerOf(revision) !== undefined ? [] : keysOfPart(revision, cache, previous)

/** The set that controls a pod or revision; for an orphan, all that would take it. */
function setsOf(part: Part, cache: Cache): string[] {
  const controller = controllerOf(part)
  const { namespace, labels } = part.metadata
  if (controller !== undefined) return controller.kind === DaemonSet.kind ? [keyFor(namespace, controller.name)] : []
  return cache
    .list(DaemonSet, namespace)
    .filter(({ spec }) => matchesLabelSelector(spec.selector, labels))
    .map(keyOf)
}

/** A node that comes or goes concerns all sets, one that changes those that want something else of it now. Heartbeats change nothing. */
function keysOfNode(node: Node, cache: Cache, previous: Node | undefined): readonly string[] {
  if (previous === undefined || previous === node || cache.get(Node, node.metadata.name) === undefined)
    return cache.list(DaemonSet).map(keyOf)
  if (same(previous.metadata.labels, node.metadata.labels) && same(previous.spec.taints, node.spec.taints)) return []
  return cache
    .list(DaemonSet)
    .filter((daemonSet) => {
      const placement = placementOf(daemonSet)
      return placement(previous) !== placement(node)
    })
    .map(keyOf)
}
