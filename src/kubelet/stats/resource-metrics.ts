import type { MetricFamily, MetricSample } from './metric-text.ts'
import type { PodGroups } from './pod-groups.ts'
import type { GroupStats } from './stats-host.ts'

/** What `/metrics/resource` is made of: counters as they were read, with their own times, since rates are made of them. */
export interface ResourceFigures {
  readonly node: GroupStats | undefined
  readonly pods: readonly PodGroups[]
}

/** The metrics that metrics-server reads (KEP-1206). `undefined`: they could not be read, and only that is told. */
export function resourceMetrics(figures: ResourceFigures | undefined): MetricFamily[] {
  const failed = [{ labels: {}, value: figures === undefined ? 1 : 0 }]
  const errors: MetricFamily[] = [
    gauge('resource_scrape_error', '[STABLE] 1 if there was an error while getting container metrics, 0 otherwise', failed),
    gauge('scrape_error', '[ALPHA] (Deprecated since 1.29.0) 1 if there was an error while getting container metrics, 0 otherwise', failed),
  ]
  if (figures === undefined) return errors
  const { node, pods } = figures
  const nodes: Subject[] = node === undefined ? [] : [{ labels: {}, stats: node }]
  const containers = pods.flatMap((one) =>
    one.containers.map(({ container, stats }): Subject => ({ labels: { container: container.name, ...named(one) }, stats })),
  )
  const wholes = pods.flatMap((one): Subject[] => (one.pod === undefined ? [] : [{ labels: named(one), stats: one.pod.stats }]))
  const each = (subjects: readonly Subject[], read: (stats: GroupStats) => number | undefined): MetricSample[] =>
    subjects.flatMap(({ labels, stats }) => {
      const value = read(stats)
      return value === undefined ? [] : [{ labels, value, at: stats.at }]
    })
  return [
    ...errors,
    counter('node_cpu_usage_seconds_total', '[STABLE] Cumulative cpu time consumed by the node in core-seconds', each(nodes, cpuSeconds)),
    gauge('node_memory_working_set_bytes', '[STABLE] Current working set of the node in bytes', each(nodes, workingSet)),
    gauge('node_swap_usage_bytes', `[ALPHA] Current swap usage of the node in bytes. ${notWindows}`, each(nodes, swap)),
    counter(
      'container_cpu_usage_seconds_total',
      '[STABLE] Cumulative cpu time consumed by the container in core-seconds',
      each(containers, cpuSeconds),
    ),
    gauge('container_memory_working_set_bytes', '[STABLE] Current working set of the container in bytes', each(containers, workingSet)),
    gauge(
      'container_start_time_seconds',
      '[STABLE] Start time of the container since unix epoch in seconds',
      containers.map(({ labels, stats }) => ({ labels, value: stats.createdAt / 1000 })),
    ),
    gauge(
      'container_swap_usage_bytes',
      `[ALPHA] Current amount of the container swap usage in bytes. ${notWindows}`,
      each(containers, swap),
    ),
    gauge(
      'container_swap_limit_bytes',
      `[ALPHA] Current amount of the container swap limit in bytes. ${notWindows}`,
      each(containers, ({ memory }) => memory?.swapLimitBytes),
    ),
    counter('pod_cpu_usage_seconds_total', '[STABLE] Cumulative cpu time consumed by the pod in core-seconds', each(wholes, cpuSeconds)),
    gauge('pod_memory_working_set_bytes', '[STABLE] Current working set of the pod in bytes', each(wholes, workingSet)),
    gauge('pod_swap_usage_bytes', `[ALPHA] Current amount of the pod swap usage in bytes. ${notWindows}`, each(wholes, swap)),
  ]
}

interface Subject {
  readonly labels: Readonly<Record<string, string>>
  readonly stats: GroupStats
}

const notWindows = 'Reported only on non-windows systems'
const cpuSeconds = ({ cpu }: GroupStats) => (cpu === undefined ? undefined : cpu.usageNanoSeconds / 1e9)
const workingSet = ({ memory }: GroupStats) => memory?.workingSetBytes
const swap = ({ memory }: GroupStats) => memory?.swapBytes
const named = ({ record: { pod } }: PodGroups) => ({ pod: pod.metadata.name, namespace: pod.metadata.namespace })

const gauge = (name: string, help: string, samples: readonly MetricSample[]): MetricFamily => ({ name, help, type: 'gauge', samples })
const counter = (name: string, help: string, samples: readonly MetricSample[]): MetricFamily => ({ name, help, type: 'counter', samples })
