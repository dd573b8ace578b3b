import { StatefulSet } from '#api/apps/v1/stateful-set.ts'
import type { Cache, ControllerMetric } from '#loop/controller.ts'
import { keyOf } from '../common/key.ts'
import { maxUnavailableOf } from './replace.ts'

/** The reference's, with which one sees whether sets lack more pods than they may: `lacks` is what the last look at a set counted, by its key. */
export const statefulSetMetrics = (lacks: ReadonlyMap<string, number>): readonly ControllerMetric[] => [
  gauge('max_unavailable', 'How many pods of a StatefulSet may be unavailable while it rolls.', maxUnavailableOf),
  gauge('unavailable_replicas', 'How many pods of a StatefulSet are missing or unavailable.', (set) => lacks.get(keyOf(set))),
]

function gauge(name: string, help: string, count: (set: StatefulSet) => number | undefined): ControllerMetric {
  const labels = ['statefulset_namespace', 'statefulset_name', 'pod_management_policy']
  const read = (cache: Cache) =>
    cache.list(StatefulSet).flatMap((set) => {
      const { metadata, spec } = set
      const value = count(set)
      return value === undefined ? [] : [{ labels: [metadata.namespace, metadata.name, spec.podManagementPolicy], value }]
    })
  return { type: 'gauge', name: `statefulset_controller_statefulset_${name}`, help, stability: 'ALPHA', labels, read }
}
