import { Pod } from '#api/core/v1/pod.ts'
import type { ControllerMetric, Measure, MeasuredOutcome, Plan } from '#loop/controller.ts'
import { inOrder } from '#loop/in-order.ts'
import type { PodGcView } from './plan.ts'

const removed = 'pod_gc_collector_force_delete_pods_total'
const failed = 'pod_gc_collector_force_delete_pod_errors_total'
const stability = 'ALPHA'
const labels = ['namespace', 'reason']

/** The reference's. */
export const podGcMetrics: readonly ControllerMetric[] = [
  { type: 'counter', name: removed, help: 'Pods that were removed, or were to be, by why.', stability, labels },
  { type: 'counter', name: failed, help: 'Pods that could not be removed.', stability, labels },
]

/** Which pods went, or would not go. */
export function measurePodGc(view: PodGcView, { commands }: Plan, { became }: MeasuredOutcome): readonly Measure[] {
  return inOrder(commands).flatMap((command): readonly Measure[] => {
    if (command.do !== 'delete' || command.kind !== Pod) return []
    const end = became(command)
    const labels = [command.namespace ?? '', reasonOf(view)]
    if (end === undefined) return []
    return end === 'done' ? [{ metric: removed, labels }] : [removed, failed].map((metric) => ({ metric, labels }))
  })
}

const reasonOf = (view: PodGcView): string =>
  view.about === 'ended' ? 'terminated' : view.node === 'gone' ? 'orphaned' : view.node === 'none' ? 'unscheduled' : 'out-of-service'
