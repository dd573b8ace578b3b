import type { Clock } from '#lib/clock.ts'
import { exponentialBuckets } from '#lib/metrics/histogram.ts'
import { createRegistry, type Registry } from '#lib/metrics/registry.ts'

/** `/metrics` and `/metrics/probes` of the kubelet: names, labels and buckets as the reference's, so that dashboards made for it show this one. */
export interface KubeletMetrics {
  /** For parts with metrics of their own. */
  readonly registry: Registry
  readonly probeRegistry: Registry
  /** A pod was evicted because of this signal. */
  evicted(signal: string): void
  imageRemoved(reason: 'age' | 'space'): void
  /** A pod was refused by this node. */
  rejected(reason: string): void
  preempted(resource: string): void
  /** Seconds since the epoch; `undefined` leaves the end at 0. */
  shutdown(startedAt: number, endedAt: number | undefined): void
  probed(probe: ProbeOutcome): void
  readonly images: {
    ensured(policy: string, isPresent: boolean | undefined, isPullRequired: boolean | undefined): void
    verified(reason: string): void
    pulled(sizeBytes: number, tookMs: number): void
  }
  readonly devices: { registered(resource: string): void; allocated(resource: string, seconds: number): void }
  readonly dra: {
    operation(name: string, isError: boolean, seconds: number): void
    call(driver: string, method: string, code: string, seconds: number): void
  }
}

/** One answer of a probe, or none (`unknown`). */
export interface ProbeOutcome {
  readonly type: 'Liveness' | 'Readiness' | 'Startup'
  readonly result: 'successful' | 'failed' | 'unknown'
  readonly container: string
  readonly pod: { readonly name: string; readonly namespace: string; readonly uid: string }
  readonly seconds: number
}

export function createKubeletMetrics(clock: Pick<Clock, 'now'>): KubeletMetrics {
  const registry = createRegistry()
  const probeRegistry = createRegistry()
  const counter = (name: string, help: string, labels: readonly string[] = []) =>
    registry.counter({ name: `kubelet_${name}`, help, stability: 'ALPHA', labels })
  const histogram = (name: string, help: string, buckets: readonly number[], labels: readonly string[] = []) =>
    registry.histogram({ name, help, stability: 'ALPHA', buckets, labels })

  const startedAt = clock.now() / 1000
  for (const one of [registry, probeRegistry])
    one.observed(
      {
        name: 'process_start_time_seconds',
        help: 'Start time of the process since unix epoch in seconds.',
        stability: 'ALPHA',
        type: 'gauge',
      },
      () => [{ labels: [], value: startedAt }],
    )
  const evictions = counter('evictions', 'Cumulative number of pod evictions by eviction signal', ['eviction_signal'])
  const removed = counter(
    'image_garbage_collected_total',
    'Total number of images garbage collected by the kubelet, whether through disk usage or image age.',
    ['reason'],
  )
  const rejections = counter('admission_rejections_total', 'Cumulative number pod admission rejections by the Kubelet.', ['reason'])
  const preemptions = counter('preemptions', 'Cumulative number of pod preemptions by preemption resource', ['preemption_signal'])
  const gauge = (name: string, help: string) => registry.gauge({ name: `kubelet_${name}`, help, stability: 'ALPHA' }).of()
  const shutdownStart = gauge('graceful_shutdown_start_time_seconds', 'Last graceful shutdown start time since unix epoch in seconds')
  const shutdownEnd = gauge('graceful_shutdown_end_time_seconds', 'Last graceful shutdown end time since unix epoch in seconds')

  const probes = probeRegistry.counter({
    name: 'prober_probe_total',
    help: 'Cumulative number of a liveness, readiness or startup probe for a container by result.',
    stability: 'BETA',
    labels: ['probe_type', 'result', 'container', 'pod', 'namespace', 'pod_uid'],
  })
  const probeSeconds = probeRegistry.histogram({
    name: 'prober_probe_duration_seconds',
    help: 'Duration in seconds for a probe response.',
    stability: 'ALPHA',
    labels: ['probe_type', 'container', 'pod', 'namespace'],
    buckets: secondsBuckets,
  })

  const ensured = counter('image_manager_ensure_image_requests_total', 'Number of ensure-image requests processed by the kubelet.', [
    'pull_policy',
    'present_locally',
    'pull_required',
  ])
  const verified = counter(
    'imagemanager_image_mustpull_checks_total',
    'Counter of how many times kubelet checked whether credentials need to be re-verified to access an image',
    ['result'],
  )
  const pulled = histogram('kubelet_image_pull_duration_seconds', 'Duration in seconds to pull an image.', pullBuckets, [
    'image_size_in_bytes',
  ])

  const registrations = counter(
    'device_plugin_registration_total',
    'Cumulative number of device plugin registrations. Broken down by resource name.',
    ['resource_name'],
  )
  const allocations = histogram(
    'kubelet_device_plugin_alloc_duration_seconds',
    'Duration in seconds to serve a device plugin Allocation request. Broken down by resource name.',
    secondsBuckets,
    ['resource_name'],
  )
  const draOperations = histogram(
    'dra_operations_duration_seconds',
    "Latency histogram in seconds for the duration of handling all ResourceClaims referenced by a pod when the pod starts or stops. Identified by the name of the operation (PrepareResources or UnprepareResources) and separated by the success of the operation. The number of failed operations is provided through the histogram's overall count.",
    draBuckets,
    ['operation_name', 'is_error'],
  )
  const draCalls = histogram('dra_grpc_operations_duration_seconds', 'Duration in seconds of the DRA gRPC operations', draBuckets, [
    'driver_name',
    'method_name',
    'grpc_status_code',
  ])

  return {
    registry,
    probeRegistry,
    evicted: (signal) => evictions.of(signal).inc(),
    imageRemoved: (reason) => removed.of(reason).inc(),
    rejected: (reason) => rejections.of(rejectionLabel(reason)).inc(),
    preempted: (resource) => preemptions.of(resource).inc(),
    shutdown(start, end) {
      shutdownStart.set(start)
      shutdownEnd.set(end ?? 0)
    },
    probed({ type, result, container, pod, seconds }) {
      probes.of(type, result, container, pod.name, pod.namespace, pod.uid).inc()
      probeSeconds.of(type, container, pod.name, pod.namespace).observe(seconds)
    },
    images: {
      ensured: (policy, isPresent, isPullRequired) =>
        ensured.of(policy.toLowerCase(), String(isPresent ?? 'unknown'), String(isPullRequired ?? 'unknown')).inc(),
      verified: (reason) => verified.of(reason).inc(),
      pulled: (sizeBytes, tookMs) => pulled.of(sizeClass(sizeBytes)).observe(tookMs / 1000),
    },
    devices: {
      registered: (resource) => registrations.of(resource).inc(),
      allocated: (resource, seconds) => allocations.of(resource).observe(seconds),
    },
    dra: {
      operation: (name, isError, seconds) => draOperations.of(name, String(isError)).observe(seconds),
      call: (driver, method, code, seconds) => draCalls.of(driver, method, code).observe(seconds),
    },
  }
}

/** Prometheus' own default, which most durations have. */
export const secondsBuckets: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const pullBuckets = [1, 5, 10, 20, 30, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600]
/** Fifteen bounds from a tenth of a second to forty, below the 45 s that a driver has. */
const draBuckets = exponentialBuckets(0.1, (40 / 0.1) ** (1 / 14), 15)

const MB = 2 ** 20
const GB = 2 ** 30
const sizeClasses: readonly (readonly [aboveBytes: number, label: string])[] = [
  [100 * GB, 'GT100GB'],
  [60 * GB, '60GB-100GB'],
  [40 * GB, '40GB-60GB'],
  [30 * GB, '30GB-40GB'],
  [20 * GB, '20GB-30GB'],
  [10 * GB, '10GB-20GB'],
  [5 * GB, '5GB-10GB'],
  [GB, '1GB-5GB'],
  [500 * MB, '500MB-1GB'],
  [100 * MB, '100MB-500MB'],
  [10 * MB, '10MB-100MB'],
  [0, '0-10MB'],
]
const sizeClass = (bytes: number): string => sizeClasses.find(([above]) => bytes > above)?.[1] ?? 'N/A'

/** Reasons that become labels; a reason of some plug-in's own making does not. */
const rejectionReasons: ReadonlySet<string> = new Set([
  'AppArmor',
  'Evicted',
  'InitContainerRestartPolicyForbidden',
  'InvalidNodeInfo',
  'NodeShutdown',
  'OutOfcpu',
  'OutOfephemeral-storage',
  'OutOfmemory',
  'OutOfpods',
  'PodFeatureUnsupported',
  'PodLevelResourcesNotSupported',
  'PodOSNotSupported',
  'PodOSSelectorNodeLabelDoesNotMatch',
  'SupplementalGroupsPolicyNotSupported',
  'SysctlForbidden',
  'TaintToleration',
  'TopologyAffinityError',
  'UnexpectedAdmissionError',
  'UnexpectedPredicateFailureType',
  'UnknownReason',
  'VolumeAttachmentLimitExceeded',
])

const rejectionLabel = (reason: string): string =>
  rejectionReasons.has(reason) ? reason : reason.startsWith('OutOf') ? 'OutOfExtendedResources' : 'Other'
