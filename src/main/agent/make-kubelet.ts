import { mkdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { dnsAddresses, nodeAddresses } from '#host/config.ts'
import { containerLogsDirectory } from '#host/container-log-links.ts'
import { logFiles, nodeFiles } from '#host/files.ts'
import { networkProbe } from '#host/network-probe.ts'
import { nodeFacts } from '#host/node-facts.ts'
import { createLogManager } from '#kubelet/container-log/log-manager.ts'
import type { NodeSource, PodNetwork } from '#kubelet/interfaces.ts'
import { createKubelet, type Kubelet } from '#kubelet/kubelet.ts'
import { measuredCgroups } from '#kubelet/metrics/measured-cgroups.ts'
import { measuredRuntime } from '#kubelet/metrics/measured-runtime.ts'
import { workMetrics } from '#kubelet/metrics/work-metrics.ts'
import { watchImages } from '#kubelet/node-images.ts'
import { resizeMetrics } from '#kubelet/resources/resize-metrics.ts'
import type { Runtime } from '#kubelet/runtime.ts'
import { withSharedLists } from '#kubelet/shared-lists.ts'
import { createSpans, type Spans } from '#kubelet/spans.ts'
import { createStartGate } from '#kubelet/start-gate.ts'
import type { StatsProvider } from '#kubelet/stats/stats-provider.ts'
import type { VolumePlugin } from '#kubelet/volumes/volume-plugin.ts'
import type { Instant } from '#lib/clock.ts'
import { durationMs } from '#lib/duration.ts'
import { quantityToInteger } from '#lib/quantity.ts'
import { kubernetesVersion } from '#lib/version.ts'
import { createEventRecorder } from '#loop/events.ts'
import type { AgentContext } from './agent-context.ts'
import { collectWhenCalm, ownGarbage } from './collect-garbage.ts'
import { latePods } from './late-pods.ts'
import { makeImages } from './make-images.ts'
import { makeNodeCare } from './make-node-care.ts'
import { makePodSources } from './make-pod-sources.ts'
import type { NodeResourceParts } from './make-resources.ts'
import { makeVolumes } from './make-volumes.ts'
import { resolvConf } from './resolv-conf.ts'

/** The node's kubelet, with what others of the agent ask of it. */
export interface AgentKubelet extends Kubelet {
  readonly stats: StatsProvider
  /** Where the time of the last starts went. */
  readonly spans: Spans['recent']
}

/** The kubelet of this node with everything that it manages pods by, and what looks after the node itself. */
export function makeKubelet(
  context: AgentContext,
  bareRuntime: Runtime,
  volumePlugins: readonly VolumePlugin[],
  resources: NodeResourceParts,
  nodeSources: readonly NodeSource[],
  podNetwork: PodNetwork,
): AgentKubelet {
  const { config, configuration, where, client, clock, random, log, metrics } = context
  mkdirSync(where.kubelet, { recursive: true, mode: 0o750 })
  const gate = createStartGate({ clock, atOnce: 2 * availableParallelism() })
  // What happened before the clock was set back does not wait for that time to come again.
  const calm = (happenedAt: Instant) => gate.calm(Math.min(happenedAt, clock.now()) + EVENTS_WAIT_MS)
  const { eventRecordQPS, eventBurst } = configuration
  const recorder = createEventRecorder({
    ...{ client, clock, random, log, component: 'kubelet', host: config.nodeName, calm },
    ...(eventRecordQPS > 0 && { rate: { perSecond: eventRecordQPS, burst: eventBurst } }),
  })
  const pods = latePods(() => kubelet.pods)
  const spans = createSpans({ clock, registry: metrics.registry })
  const seen = watchImages(bareRuntime, clock)
  const measured = measuredRuntime(seen.runtime, { registry: metrics.registry, clock, podOf: (uid) => pods.byUid(uid)?.pod })
  const runtime = gate.runtime(spans.runtime(withSharedLists(measured)))
  const volumes = makeVolumes(context, recorder, () => kubelet, volumePlugins, runtime)
  const logs = createLogManager({
    files: logFiles,
    runtime,
    clock,
    maxBytes: quantityToInteger(configuration.containerLogMaxSize),
    maxFiles: configuration.containerLogMaxFiles,
    intervalMs: durationMs(configuration.containerLogMonitorInterval),
    report: (error, logPath) => log.warn('a log could not be rotated', { logPath, error }),
  })
  const images = makeImages(context, runtime, metrics.images)
  const care = makeNodeCare(context, {
    runtime,
    volumes,
    logs,
    events: recorder,
    pods,
    cgroups: resources.cgroupNames,
    onCollected: images.collected,
  })
  const sources = makePodSources(context)
  const kubelet = createKubelet({
    config: {
      nodeName: config.nodeName,
      rootDirectory: where.kubelet,
      podLogsDirectory: where.podLogs,
      containerLogsDirectory,
      seccompDirectory: join(where.kubelet, 'seccomp'),
      clusterDns: { servers: dnsAddresses(config), domain: config.clusterDomain },
      resolvConf,
      port: config.kubeletPort,
      maxPods: configuration.maxPods,
      reserved: { cpuMilli: 0, memoryBytes: 0 },
      labels: config.nodeLabels ?? {},
      taints: configuration.registerWithTaints,
      configuration,
      version: kubernetesVersion,
    },
    client: spans.client(client),
    clock,
    random,
    log,
    runtime,
    volumes: spans.volumes(volumes),
    images: spans.images(images),
    cgroups: gate.cgroups(spans.cgroups(measuredCgroups(resources.cgroups, { registry: metrics.registry, clock }))),
    logs,
    files: nodeFiles,
    network: networkProbe,
    podNetwork,
    events: recorder,
    observer: { ...metrics, resizes: resizeMetrics(metrics.registry), work: workMetrics(metrics.registry, clock) },
    ...(context.tracer && { tracer: context.tracer }),
    isCrowded: gate.isCrowded,
    podSources: sources.podSources,
    runtimeHandler: sources.runtimeHandler,
    resourceManagers: resources.managers,
    admitters: [...care.admitters, ...resources.admitters],
    nodeSources: [seen.source, volumes.node, ...nodeSources, ...care.nodeSources],
    facts: nodeFacts({ rootDirectory: where.kubelet, addresses: nodeAddresses(config) }),
  })
  const garbage = collectWhenCalm({ clock, ...ownGarbage() })
  let unfollow = () => {}
  let unheard = () => {}
  return {
    ...kubelet,
    stats: care.stats,
    spans: spans.recent,
    async start() {
      resources.start(kubelet.pods, recorder)
      unfollow = spans.follow(kubelet.pods)
      unheard = kubelet.pods.onChange(garbage.happened)
      // The start itself leaves something behind.
      garbage.happened()
      await kubelet.start()
      await care.start()
    },
    async stop() {
      unfollow()
      unheard()
      garbage.stop()
      await care.stop()
      await kubelet.stop()
      // What volumes wait for is given up. A call to a driver ends only with the way to the drivers, which is closed after this.
      void volumes.close()
      resources.stop()
      await sources.close()
    },
  }
}

/** How late an event of a pod may be known while many pods start. */
const EVENTS_WAIT_MS = 3_000
