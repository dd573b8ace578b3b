import type { Pod } from '#api/core/v1/pod.ts'
import type { Clock } from '#lib/clock.ts'
import { isError } from '#lib/errors.ts'
import { exponentialBuckets } from '#lib/metrics/histogram.ts'
import type { Registry } from '#lib/metrics/registry.ts'
import { containerNamed } from '../pod/containers.ts'
import type { Runtime, SandboxConfig } from '../runtime.ts'
import { secondsBuckets } from './kubelet-metrics.ts'

/** The reference's names of what is asked of a runtime. What has none here is not counted there either. */
const operations: Partial<Readonly<Record<keyof Runtime, string>>> = {
  version: 'version',
  status: 'status',
  runSandbox: 'run_podsandbox',
  stopSandbox: 'stop_podsandbox',
  removeSandbox: 'remove_podsandbox',
  sandboxes: 'list_podsandbox',
  sandboxStatus: 'podsandbox_status',
  createContainer: 'create_container',
  startContainer: 'start_container',
  stopContainer: 'stop_container',
  removeContainer: 'remove_container',
  containers: 'list_containers',
  containerStatus: 'container_status',
  updateContainerResources: 'update_container',
  updateSandboxResources: 'update_podsandbox_resources',
  reopenLog: 'reopen_container_log',
  checkpointContainer: 'checkpoint_container',
  execSync: 'exec_sync',
  exec: 'exec',
  attach: 'attach',
  portForward: 'port_forward',
  images: 'list_images',
  imageStatus: 'image_status',
  pullImage: 'pull_image',
  removeImage: 'remove_image',
  imageFsUsage: 'image_fs_info',
  containerStats: 'list_container_stats',
  sandboxStats: 'list_podsandbox_stats',
  cgroupDriver: 'runtime_config',
  updatePodCidr: 'update_runtime_config',
}

export interface MeasuredRuntimeOptions {
  readonly registry: Registry
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** For the kind of a container. */
  readonly podOf: (uid: string) => Pod | undefined
}

/** The same runtime; how often each thing was asked of it, for how long, and with what success is counted on the way. */
export function measuredRuntime<R extends Runtime>(runtime: R, { registry, clock, podOf }: MeasuredRuntimeOptions): R {
  const family = (name: string, help: string, labels: readonly string[]) => ({ name, help, stability: 'ALPHA' as const, labels })
  const of = ['operation_type']
  const total = registry.counter(
    family('kubelet_runtime_operations_total', 'Cumulative number of runtime operations by operation type.', of),
  )
  const errors = registry.counter(
    family('kubelet_runtime_operations_errors_total', 'Cumulative number of runtime operation errors by operation type.', of),
  )
  const seconds = registry.histogram({
    ...family(
      'kubelet_runtime_operations_duration_seconds',
      'Duration in seconds of runtime operations. Broken down by operation type.',
      of,
    ),
    buckets: exponentialBuckets(0.005, 2.5, 14),
  })
  const sandboxSeconds = registry.histogram({
    ...family(
      'kubelet_run_podsandbox_duration_seconds',
      'Duration in seconds of the run_podsandbox operations. Broken down by RuntimeClass.Handler.',
      ['runtime_handler'],
    ),
    buckets: secondsBuckets,
  })
  const sandboxErrors = registry.counter(
    family('kubelet_run_podsandbox_errors_total', 'Cumulative number of the run_podsandbox operation errors by RuntimeClass.Handler.', [
      'runtime_handler',
    ]),
  )
  const pods = registry.counter(family('kubelet_started_pods_total', 'Cumulative number of pods started', [])).of()
  const podErrors = registry.counter(family('kubelet_started_pods_errors_total', 'Cumulative number of errors when starting pods', [])).of()
  const ofUsers = 'with user namespaces'
  const onLinux = 'This metric will only be collected on Linux.'
  const userPods = registry
    .counter(family('kubelet_started_user_namespaced_pods_total', `Cumulative number of pods ${ofUsers} started. ${onLinux}`, []))
    .of()
  const userPodErrors = registry
    .counter(
      family(
        'kubelet_started_user_namespaced_pods_errors_total',
        `Cumulative number of errors when starting pods ${ofUsers}. ${onLinux}`,
        [],
      ),
    )
    .of()
  const containers = registry.counter(
    family('kubelet_started_containers_total', 'Cumulative number of containers started', ['container_type']),
  )
  const containerErrors = registry.counter(
    family('kubelet_started_containers_errors_total', 'Cumulative number of errors when starting containers', ['container_type', 'code']),
  )
  /** Of containers that were made and are to be started; bounded, for not all of them are. */
  const kinds = new Map<string, { readonly kind: string; readonly sandboxId: string }>()
  /** Sandboxes of pods with users of their own whose start has not failed yet: a start fails once, whatever it fails by. */
  const startingUserPods = new Set<string>()

  const counted = Object.fromEntries(
    Object.entries(operations).flatMap(([method, operation]) => {
      const call = (runtime as unknown as Record<string, ((...rest: unknown[]) => Promise<unknown>) | undefined>)[method]
      if (call === undefined) return []
      const [asked, failed, took] = [total.of(operation), errors.of(operation), seconds.of(operation)]
      const measured = async (...rest: unknown[]): Promise<unknown> => {
        const startedMs = clock.monotonicMs()
        asked.inc()
        try {
          return await call.apply(runtime, rest)
        } catch (error) {
          failed.inc()
          throw error
        } finally {
          took.observe((clock.monotonicMs() - startedMs) / 1000)
        }
      }
      return [[method, measured]]
    }),
  ) as unknown as Pick<Runtime, 'runSandbox' | 'createContainer' | 'startContainer'>

  return {
    ...runtime,
    ...counted,
    async runSandbox(config) {
      const startedMs = clock.monotonicMs()
      pods.inc()
      if (hasOwnUsers(config)) userPods.inc()
      try {
        const id = await counted.runSandbox(config)
        if (hasOwnUsers(config)) bounded(startingUserPods.add(id))
        return id
      } catch (error) {
        podErrors.inc()
        if (hasOwnUsers(config)) userPodErrors.inc()
        sandboxErrors.of(config.runtimeHandler).inc()
        throw error
      } finally {
        sandboxSeconds.of(config.runtimeHandler).observe((clock.monotonicMs() - startedMs) / 1000)
      }
    },
    async createContainer(sandboxId, config, sandbox) {
      const pod = podOf(sandbox.metadata.uid)
      const kind = kindNames[(pod && containerNamed(pod, config.metadata.name)?.kind) ?? 'regular']
      containers.of(kind).inc()
      try {
        const id = await counted.createContainer(sandboxId, config, sandbox)
        // A container that starts again is no part of its pod's start.
        if (config.metadata.attempt > 0) startingUserPods.delete(sandboxId)
        bounded(kinds.set(id, { kind, sandboxId }))
        return id
      } catch (error) {
        containerErrors.of(kind, 'CreateContainerError').inc()
        if (startingUserPods.delete(sandboxId)) userPodErrors.inc()
        throw error
      }
    },
    async startContainer(id) {
      const { kind, sandboxId } = kinds.get(id) ?? { kind: kindNames.regular, sandboxId: '' }
      kinds.delete(id)
      try {
        await counted.startContainer(id)
      } catch (error) {
        containerErrors.of(kind, isError(error, 'Timeout') ? 'DeadlineExceeded' : 'RunContainerError').inc()
        if (startingUserPods.delete(sandboxId)) userPodErrors.inc()
        throw error
      }
    },
  }
}

/** What is remembered of sandboxes and containers: the oldest go, since not all of them come to what is waited for. */
function bounded(known: { readonly size: number; keys(): Iterable<string>; delete(key: string): boolean }): void {
  const [oldest] = known.keys()
  if (known.size > rememberedMax && oldest !== undefined) known.delete(oldest)
}

const rememberedMax = 1000
const kindNames = { regular: 'container', init: 'init_container', ephemeral: 'ephemeral_container' } as const

const hasOwnUsers = ({ security }: SandboxConfig): boolean => security.userNamespace?.mode === 'pod'
