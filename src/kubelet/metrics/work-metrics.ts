import type { Clock } from '#lib/clock.ts'
import type { Registry } from '#lib/metrics/registry.ts'
import type { EndedContainer } from '../pod/ended-containers.ts'
import { secondsBuckets } from './kubelet-metrics.ts'

/** Hears of the work on pods: how long it takes, and when the runtime was last heard of. */
export interface WorkObserver {
  /** From the first look at a pod for which there was something to do until nothing was under way any more. */
  synced(type: SyncType, seconds: number): void
  /** From the moment that a pod was seen here until the first look at it as one that this node runs. */
  begun(seconds: number): void
  /** From the decision on a status until the API server has it, or a later one. */
  statusWritten(seconds: number): void
  /** Everything of all pods is listed; the function returned ends it. */
  relistBegins(): () => void
  /** The runtime told of something. */
  runtimeHeard(): void
  /** A static pod came again, as the same pod, when its end was over. */
  staticPodRestarted(): void
  /** The runtime has a pod that nobody wants here. */
  orphanFound(): void
  /** A container is to have an image as a volume. */
  imageVolumeAsked(): void
  /** It was mounted, or could not be. */
  imageVolumeMounted(isError: boolean): void
  /** A hook that asked for HTTPS was heard by HTTP. */
  hookFellBack(): void
  /** A hook that sleeps was called off. */
  sleepCutShort(): void
  /** A pod's status shows the end of one of its containers for the first time. */
  ended(container: EndedContainer): void
}

/** What led to the work, by the reference's names. */
export type SyncType = 'create' | 'update' | 'sync' | 'kill' | 'terminated'

/** Pods are not asked about each second here: a relist is the safety net under the runtime's events, as where the reference follows events. */
export function workMetrics(registry: Registry, clock: Pick<Clock, 'now' | 'monotonicMs'>): WorkObserver {
  const family = (name: string, help: string) => ({ name: `kubelet_${name}`, help, stability: 'ALPHA' as const })
  const counter = (name: string, help: string) => registry.counter(family(name, help)).of()
  const histogram = (name: string, help: string, buckets = secondsBuckets) => registry.histogram({ ...family(name, help), buckets }).of()

  const syncs = registry.histogram({
    ...family(
      'pod_worker_duration_seconds',
      'Duration in seconds to sync a single pod. Broken down by operation type: create, update, or sync',
    ),
    labels: ['operation_type'],
    buckets: secondsBuckets,
  })
  const begun = histogram('pod_worker_start_duration_seconds', 'Duration in seconds from kubelet seeing a pod to starting a worker.')
  const statuses = histogram(
    'pod_status_sync_duration_seconds',
    'Duration in seconds to sync a pod status update. Measures time from detection of a change to pod status until the API is successfully updated for that pod, even if multiple intevening changes to pod status occur.',
    [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 20, 30, 45, 60],
  )
  const relists = histogram('pleg_relist_duration_seconds', 'Duration in seconds for relisting pods in PLEG.')
  const intervals = histogram('pleg_relist_interval_seconds', 'Interval in seconds between relisting in PLEG.')
  const lastSeen = registry.gauge(family('pleg_last_seen_seconds', 'Timestamp in seconds when PLEG was last seen active.')).of()
  const restarts = registry.counter({
    ...family(
      'restarted_pods_total',
      'Number of pods that have been restarted because they were deleted and recreated with the same UID while the kubelet was watching them (common for static pods, extremely uncommon for API pods)',
    ),
    labels: ['static'],
  })
  const orphans = counter(
    'orphaned_runtime_pods_total',
    'Number of pods that have been detected in the container runtime without being already known to the pod worker. This typically indicates the kubelet was restarted while a pod was force deleted in the API or in the local configuration, which is unusual.',
  )
  const stable = (name: string, help: string) => registry.counter({ ...family(name, help), stability: 'BETA' }).of()
  const imagesAsked = stable('image_volume_requested_total', 'Number of requested image volumes.')
  const imagesMounted = stable('image_volume_mounted_succeed_total', 'Number of successful image volume mounts.')
  const imagesFailed = stable('image_volume_mounted_errors_total', 'Number of failed image volume mounts.')
  const fallbacks = counter(
    'lifecycle_handler_http_fallbacks_total',
    'The number of times lifecycle handlers successfully fell back to http from https.',
  )
  const sleeps = counter(
    'sleep_action_terminated_early_total',
    'The number of times lifecycle sleep handler got terminated before it finishes',
  )

  const ends = registry.counter({
    ...family('terminated_containers_total', 'Cumulative number of container terminations.'),
    labels: ['container_type', 'exit_code', 'reason'],
  })

  let relistedMs: number | undefined
  const heard = (): void => lastSeen.set(Math.trunc(clock.now() / 1000))
  return {
    synced: (type, seconds) => syncs.of(type).observe(seconds),
    begun: (seconds) => begun.observe(seconds),
    statusWritten: (seconds) => statuses.observe(seconds),
    relistBegins() {
      const startedMs = clock.monotonicMs()
      if (relistedMs !== undefined) intervals.observe((startedMs - relistedMs) / 1000)
      relistedMs = startedMs
      heard()
      return () => relists.observe((clock.monotonicMs() - startedMs) / 1000)
    },
    runtimeHeard: heard,
    staticPodRestarted: () => restarts.of('true').inc(),
    orphanFound: () => orphans.inc(),
    imageVolumeAsked: () => imagesAsked.inc(),
    imageVolumeMounted: (isError) => (isError ? imagesFailed : imagesMounted).inc(),
    hookFellBack: () => fallbacks.inc(),
    sleepCutShort: () => sleeps.inc(),
    ended: ({ type, exitCode, reason }) => ends.of(type, String(exitCode), reason).inc(),
  }
}
