import { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import { StatefulSet } from '#api/apps/v1/stateful-set.ts'
import { ReplicationController } from '#api/core/v1/replication-controller.ts'
import { Service } from '#api/core/v1/service.ts'
import { controllerOf } from '#api/meta/v1/owner.ts'
import { matches, type Selector, selectorOfLabels } from '#api/meta/v1/selector.ts'
import type { PodInfo, PodShape } from '../../world/pod-info.ts'
import { isEverything, readSelector } from '../../world/topology-scope.ts'
import type { World } from '../../world/world.ts'

/**
 * Which pods are spread along with this one where it does not say so: those that its Services, and its ReplicationController, ReplicaSet or
 * StatefulSet select (kube-scheduler plugins/helper/spread.go). Undefined: none of them selects it.
 */
export const defaultSelector = (pod: PodInfo, world: World): Selector | undefined => world.kept(createDefaultSelectors)(pod)

interface Known {
  readonly version: number
  readonly selector: Selector | undefined
}

/** Worked out once for all pods that are alike, until a Service or a controller of their namespace changes. */
function createDefaultSelectors({ lookups }: World): (pod: PodInfo) => Selector | undefined {
  const services = lookups.of(Service)
  const replicationControllers = lookups.of(ReplicationController)
  const replicaSets = lookups.of(ReplicaSet)
  const statefulSets = lookups.of(StatefulSet)
  const versions = new Map<string, number>()
  const known = new WeakMap<PodShape, Known>()
  let last = 0

  // Statuses change all the time; nothing else but selectors counts.
  const follow = (
    object: { readonly metadata: { readonly namespace: string }; readonly spec: { readonly selector?: unknown } },
    previous: { readonly spec: { readonly selector?: unknown } } | undefined,
    change: 'added' | 'modified' | 'deleted',
  ): void => {
    if (change === 'modified' && JSON.stringify(object.spec.selector) === JSON.stringify(previous?.spec.selector)) return
    versions.set(object.metadata.namespace, (last += 1))
  }
  services.onChange(follow)
  replicationControllers.onChange(follow)
  replicaSets.onChange(follow)
  statefulSets.onChange(follow)

  function work({ pod: { metadata } }: PodInfo): Selector | undefined {
    const { namespace, labels } = metadata
    const owner = controllerOf({ metadata })
    let merged: Record<string, string> = {}
    for (const { spec } of services.list(namespace))
      if (spec.selector !== undefined && matches(selectorOfLabels(spec.selector), labels)) merged = { ...merged, ...spec.selector }
    let added: Selector | undefined
    if (owner?.apiVersion === 'v1' && owner.kind === 'ReplicationController')
      merged = { ...merged, ...replicationControllers.get(owner.name, namespace)?.spec.selector }
    else if (owner?.apiVersion === 'apps/v1' && owner.kind === 'ReplicaSet')
      added = readSelector(replicaSets.get(owner.name, namespace)?.spec.selector)
    else if (owner?.apiVersion === 'apps/v1' && owner.kind === 'StatefulSet')
      added = readSelector(statefulSets.get(owner.name, namespace)?.spec.selector)
    const selector = { requirements: [...selectorOfLabels(merged).requirements, ...(added?.requirements ?? [])] }
    return isEverything(selector) ? undefined : selector
  }

  return (pod) => {
    const version = versions.get(pod.pod.metadata.namespace) ?? 0
    let entry = known.get(pod.shape)
    if (entry?.version !== version) known.set(pod.shape, (entry = { version, selector: work(pod) }))
    return entry.selector
  }
}
