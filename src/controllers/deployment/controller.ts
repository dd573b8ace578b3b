import { Deployment } from '#api/apps/v1/deployment.ts'
import { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isPodTerminal } from '#api/core/v1/pod-helpers.ts'
import { controllerOf } from '#api/meta/v1/owner.ts'
import { matchesLabelSelector } from '#api/meta/v1/selector.ts'
import type { Cache, Controller } from '#loop/controller.ts'
import { orphansByNamespace } from '../common/indexes.ts'
import { keyFor, keyOf, splitKey } from '../common/key.ts'
import { afterDeploymentAnswer } from './answered.ts'
import { type DeploymentView, planDeployment } from './plan.ts'

/** Rolls the pods of an application from one template to the next. */
export const deploymentController: Controller<DeploymentView> = {
  name: 'deployment-controller',
  sources: [
    { kind: Deployment },
    {
      kind: ReplicaSet,
      keys: (set: ReplicaSet, cache: Cache, previous: ReplicaSet | undefined) => [
        ...deploymentsOf(set, cache),
        ...(previous === undefined ? [] : deploymentsOf(previous, cache)),
      ],
    },
    { kind: Pod, keys: recreatedBy },
  ],
  view: (key, cache, now) => {
    const { namespace, name } = splitKey(key)
    const deployment = cache.get(Deployment, name, namespace)
    if (deployment === undefined) return undefined
    const sets = cache.ownedBy(ReplicaSet, deployment.metadata)
    const readsPods = deployment.spec.strategy.type === 'Recreate'
    return {
      now,
      deployment,
      sets: [...sets, ...cache.indexed(ReplicaSet, orphansByNamespace, namespace)],
      pods: new Map(readsPods ? sets.map(({ metadata }) => [metadata.uid, cache.ownedBy(Pod, metadata)]) : []),
      setNamed: (setName) => cache.get(ReplicaSet, setName, namespace),
    }
  },
  plan: planDeployment,
  answered: afterDeploymentAnswer,
}

/** The Deployment that controls the set; for an orphan, all that would take it. */
function deploymentsOf(set: ReplicaSet, cache: Cache): string[] {
  const controller = controllerOf(set)
  const { namespace, labels } = set.metadata
  if (controller !== undefined) return controller.kind === 'Deployment' ? [keyFor(namespace, controller.name)] : []
  return cache
    .list(Deployment, namespace)
    .filter((deployment) => matchesLabelSelector(deployment.spec.selector, labels))
    .map(keyOf)
}

/** A pod that ended or went concerns the strategy Recreate only: its set's count may still have it when the last one is gone. */
function recreatedBy(pod: Pod, cache: Cache): readonly string[] {
  const { namespace, name, uid } = pod.metadata
  const owner = controllerOf(pod)
  if (owner?.kind !== 'ReplicaSet') return []
  const isGone = cache.get(Pod, name, namespace)?.metadata.uid !== uid
  if (!isGone && !isPodTerminal(pod)) return []
  const set = cache.get(ReplicaSet, owner.name, namespace)
  if (set === undefined) return []
  return deploymentsOf(set, cache).filter((key) => cache.get(Deployment, splitKey(key).name, namespace)?.spec.strategy.type === 'Recreate')
}
