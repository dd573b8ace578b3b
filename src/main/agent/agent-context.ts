import type { Client } from '#client/client.ts'
import type { Config } from '#host/config.ts'
import type { Paths } from '#host/layout.ts'
import type { KubeletConfiguration } from '#kubelet/configuration/kubelet-configuration.ts'
import type { KubeletMetrics } from '#kubelet/metrics/kubelet-metrics.ts'
import type { NodeTracer } from '#kubelet/tracing/node-tracer.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'

/** What every part of the agent is made from. */
export interface AgentContext {
  readonly config: Config
  /** The node's own part of it, with every default. */
  readonly configuration: KubeletConfiguration
  readonly where: Paths
  /** Another place that leads to the kubelet's folder: `/var/lib/kubelet`. Undefined: that is somebody else's. */
  readonly usualFolder: string | undefined
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Of the whole kubelet: each part counts in them what it does. */
  readonly metrics: KubeletMetrics
  /** Absent where the node is not to trace. */
  readonly tracer: NodeTracer | undefined
}
