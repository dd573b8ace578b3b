import type { MetricFamily } from './metric-text.ts'
import type { PodStats, VolumeStats } from './summary.ts'

/** What `/metrics` says of claims and logs: the collectors that the reference has beside its counters. A claim that many pods use is told once. */
export function volumeMetrics(pods: readonly PodStats[]): MetricFamily[] {
  const claims = new Map<string, { readonly labels: Record<string, string>; readonly stats: VolumeStats }>()
  for (const stats of pods.flatMap(({ volume = [] }) => volume)) {
    if (stats.pvcRef === undefined) continue
    const labels = { namespace: stats.pvcRef.namespace, persistentvolumeclaim: stats.pvcRef.name }
    const key = `${labels.namespace}/${labels.persistentvolumeclaim}`
    if (!claims.has(key)) claims.set(key, { labels, stats })
  }
  const gauge = (name: string, help: string, pick: (stats: VolumeStats) => number | undefined): MetricFamily => ({
    name: `kubelet_volume_stats_${name}`,
    help: `[ALPHA] ${help}`,
    type: 'gauge',
    samples: [...claims.values()].flatMap(({ labels, stats }) => {
      const value = pick(stats)
      return value === undefined ? [] : [{ labels, value }]
    }),
  })
  return [
    gauge('capacity_bytes', 'Capacity in bytes of the volume', (one) => one.capacityBytes),
    gauge('available_bytes', 'Number of available bytes in the volume', (one) => one.availableBytes),
    gauge('used_bytes', 'Number of used bytes in the volume', (one) => one.usedBytes),
    gauge('inodes', 'Maximum number of inodes in the volume', (one) => one.inodes),
    gauge('inodes_free', 'Number of free inodes in the volume', (one) => one.inodesFree),
    gauge('inodes_used', 'Number of used inodes in the volume', (one) => one.inodesUsed),
    gauge(
      'health_status_abnormal',
      'Abnormal volume health status. The count is either 1 or 0. 1 indicates the volume is unhealthy, 0 indicates volume is healthy',
      ({ volumeHealthStats }) => (volumeHealthStats === undefined ? undefined : Number(volumeHealthStats.abnormal)),
    ),
    {
      name: 'kubelet_container_log_filesystem_used_bytes',
      help: "[ALPHA] Bytes used by the container's logs on the filesystem.",
      type: 'gauge',
      samples: pods.flatMap(({ podRef, containers }) =>
        containers.flatMap(({ name, logs }) =>
          logs?.usedBytes === undefined
            ? []
            : [{ labels: { uid: podRef.uid, namespace: podRef.namespace, pod: podRef.name, container: name }, value: logs.usedBytes }],
        ),
      ),
    },
  ]
}
