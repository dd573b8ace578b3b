import { containerLogsDirectory, removeContainerLogLinks } from '#host/container-log-links.ts'
import { nodeFiles } from '#host/files.ts'
import { kernelLog } from '#host/kernel-log.ts'
import { logindInhibitor } from '#host/logind.ts'
import { statsHost } from '#host/stats/stats-host.ts'
import { type CgroupDriver, cgroupPath, podCgroup } from '#kubelet/cgroups/cgroup-names.ts'
import { createContainerClearing } from '#kubelet/clearing/container-clearing.ts'
import { createEvictionManager } from '#kubelet/eviction/eviction-manager.ts'
import { createImageCollector } from '#kubelet/image/image-gc.ts'
import type { EventSink, LogManager, NodeSource, PodAdmitter, PodLookup, VolumeManager } from '#kubelet/interfaces.ts'
import { watchOoms } from '#kubelet/oom/oom-watcher.ts'
import { qosClass } from '#kubelet/pod/qos.ts'
import type { Runtime } from '#kubelet/runtime.ts'
import { createShutdownManager } from '#kubelet/shutdown/shutdown-manager.ts'
import { shutdownPeriods } from '#kubelet/shutdown/shutdown-plan.ts'
import { createStatsProvider, type StatsProvider } from '#kubelet/stats/stats-provider.ts'
import { durationMs } from '#lib/duration.ts'
import type { AgentContext } from './agent-context.ts'
import { nodeReference } from './node-reference.ts'

/** What looks after the node itself: what it uses, what happens when it runs short, and how it is shut down. */
export interface NodeCare {
  readonly stats: StatsProvider
  readonly admitters: readonly PodAdmitter[]
  readonly nodeSources: readonly NodeSource[]
  /** Once the kubelet knows its pods. */
  start(): Promise<void>
  stop(): Promise<void>
}

export interface NodeCareParts {
  readonly runtime: Runtime
  readonly volumes: Pick<VolumeManager, 'usage'>
  readonly logs: LogManager
  readonly events: EventSink
  readonly pods: PodLookup
  readonly cgroups: { readonly driver: CgroupDriver; readonly root: string }
  /** Images were removed: ids of those that stay. */
  readonly onCollected?: (remaining: readonly string[], lookedAt: number) => void
}

/** Images that were made here: the pause container's, and those of examples. */
const ownRegistry = 'wherry.local/'

export function makeNodeCare(context: AgentContext, parts: NodeCareParts): NodeCare {
  const { config, configuration, where, clock, random, log, metrics, tracer } = context
  const { runtime, volumes, logs, events, pods, cgroups } = parts
  const node = nodeReference(config.nodeName)
  const pathOf = (name: readonly string[]) => cgroupPath(name, cgroups.driver, cgroups.root)
  const common = { pods, events, node, clock, log }
  const host = statsHost(clock)
  const stats = createStatsProvider({
    nodeName: config.nodeName,
    host,
    runtime,
    pods,
    volumes,
    rootDirectory: where.kubelet,
    podLogsDirectory: where.podLogs,
    // 0 or less switches the reference's measuring off; here it costs nothing until somebody asks.
    ...(durationMs(configuration.volumeStatsAggPeriod) > 0 && { keepDisksMs: durationMs(configuration.volumeStatsAggPeriod) }),
    groups: { pods: pathOf(['kubepods']), ofPod: (pod) => pathOf(podCgroup(pod.metadata.uid, qosClass(pod))) },
    clock,
    log,
  })
  const images = createImageCollector({
    ...common,
    policy: {
      highPercent: configuration.imageGCHighThresholdPercent,
      lowPercent: configuration.imageGCLowThresholdPercent,
      minAgeMs: durationMs(configuration.imageMinimumGCAge),
      maxAgeMs: durationMs(configuration.imageMaximumGCAge),
    },
    runtime,
    space: stats.imageSpace,
    isKept: (name) => name.startsWith(ownRegistry),
    ...(tracer && { tracer }),
    onRemoved: metrics.imageRemoved,
    ...(parts.onCollected && { onCollected: parts.onCollected }),
  })
  const folders = { podLogsDirectory: where.podLogs, containerLogsDirectory }
  const clearing = createContainerClearing({ runtime, pods, logs, files: nodeFiles, ...folders, log, ...(tracer && { tracer }) })
  const eviction = createEvictionManager({
    ...common,
    settings: {
      ...configuration,
      transitionMs: durationMs(configuration.evictionPressureTransitionPeriod),
      maxPodGraceSeconds: configuration.evictionMaxPodGracePeriod,
      isolatesLocalStorage: configuration.localStorageCapacityIsolation,
    },
    figures: stats.figures,
    reclaim: { containers: clearing.removeEnded, images: images.removeUnused },
    onEvicted: metrics.evicted,
  })
  const shutdown = createShutdownManager({
    ...common,
    periods: shutdownPeriods({
      shutdownGracePeriodMs: durationMs(configuration.shutdownGracePeriod),
      shutdownGracePeriodCriticalPodsMs: durationMs(configuration.shutdownGracePeriodCriticalPods),
      shutdownGracePeriodByPodPriority: configuration.shutdownGracePeriodByPodPriority,
    }),
    inhibitor: logindInhibitor({ clock, folder: where.kubelet }),
    files: nodeFiles,
    rootDirectory: where.kubelet,
    random,
    onTimes: metrics.shutdown,
  })
  let stopOoms = (): void => {}
  return {
    stats,
    admitters: [eviction.admitter, shutdown.admitter],
    nodeSources: [eviction.nodeSource, shutdown.nodeSource],
    async start() {
      stopOoms = watchOoms({ kernel: kernelLog(), events, node, clock, random: random.fork('kernel log'), log })
      eviction.start()
      images.start()
      void shutdown.start().catch((error: unknown) => log.error('a shutdown of the machine will not wait for pods', { error }))
      await clearing.removeStrayLogs()
      removeContainerLogLinks(where.podLogs, 'dead')
    },
    async stop() {
      stopOoms()
      await Promise.all([eviction.stop(), images.stop(), shutdown.stop()])
    },
  }
}
