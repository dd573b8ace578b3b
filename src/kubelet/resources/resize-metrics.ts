import type { Pod } from '#api/core/v1/pod.ts'
import type { Registry } from '#lib/metrics/registry.ts'
import { compareQuantity } from '#lib/quantity.ts'

/** What made a resize be granted that had waited: the label `retry_trigger`. */
export type ResizeTrigger = 'pods_added' | 'pod_updated' | 'pods_removed' | 'pod_resized' | 'pod_terminated' | 'periodic_retry'

/** Hears of resizes. Never fails, never waits. */
export interface ResizeObserver {
  requested(before: Pod, after: Pod): void
  infeasible(cause: string): void
  /** One that was deferred. */
  granted(trigger: ResizeTrigger): void
  carriedOut(isSuccess: boolean, tookMs: number): void
  /** How many stand how, asked when the metrics are read. */
  watch(read: () => { readonly deferred: number; readonly infeasible: number; readonly inProgress: number }): void
}

/** The kubelet's metrics of resizes, named as the reference's. */
export function resizeMetrics(registry: Registry): ResizeObserver {
  const counter = (name: string, help: string, labels: readonly string[]) =>
    registry.counter({ name: `kubelet_${name}`, help, stability: 'ALPHA', labels })
  const requested = counter('container_requested_resizes_total', 'Resizes that containers were asked for, by resource and list.', [
    'resource',
    'requirement',
    'operation',
  ])
  const infeasible = counter('pod_infeasible_resizes_total', 'Number of infeasible resizes for pods.', ['reason_detail'])
  const granted = counter('pod_deferred_accepted_resizes_total', 'Resizes that were granted after they had been deferred.', [
    'retry_trigger',
  ])
  const duration = registry.histogram({
    name: 'kubelet_pod_resize_duration_milliseconds',
    help: 'Duration in milliseconds to actuate a pod resize',
    stability: 'ALPHA',
    labels: ['success'],
    buckets: [10, 50, 100, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000],
  })
  return {
    requested(before, after) {
      for (const labels of operations(before, after)) requested.of(...labels).inc()
    },
    infeasible: (cause) => infeasible.of(cause).inc(),
    granted: (trigger) => granted.of(trigger).inc(),
    carriedOut: (isSuccess, tookMs) => duration.of(String(isSuccess)).observe(tookMs),
    watch(read) {
      const gauge = { stability: 'ALPHA', type: 'gauge' } as const
      registry.observed(
        { ...gauge, name: 'kubelet_pod_pending_resizes', help: 'Number of pending resizes for pods.', labels: ['reason'] },
        () => {
          const { deferred, infeasible: never } = read()
          return [
            { labels: ['deferred'], value: deferred },
            { labels: ['infeasible'], value: never },
          ].filter(({ value }) => value > 0)
        },
      )
      registry.observed({ ...gauge, name: 'kubelet_pod_in_progress_resizes', help: 'Number of in-progress resizes for pods.' }, () => [
        { labels: [], value: read().inProgress },
      ])
    },
  }
}

function operations(before: Pod, after: Pod): (readonly [resource: string, list: string, operation: string])[] {
  const all = ({ spec }: Pod) => [...(spec.initContainers ?? []), ...spec.containers]
  return all(after).flatMap((container) => {
    const former = all(before).find(({ name }) => name === container.name)
    if (former === undefined) return []
    return (['memory', 'cpu'] as const).flatMap((resource) =>
      (['requests', 'limits'] as const).flatMap((list) => {
        const [old, now] = [former.resources?.[list]?.[resource] ?? '0', container.resources?.[list]?.[resource] ?? '0']
        const order = compareQuantity(now, old)
        if (order === 0) return []
        const isZero = (amount: string) => compareQuantity(amount, '0') === 0
        return [[resource, list, isZero(now) ? 'remove' : isZero(old) ? 'add' : order < 0 ? 'decrease' : 'increase'] as const]
      }),
    )
  })
}
