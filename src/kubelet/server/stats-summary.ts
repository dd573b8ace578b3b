import type { PodRecord } from '#kubelet/interfaces.ts'
import type { ContainerStats } from '#kubelet/runtime.ts'

/** The Summary API (k8s.io/kubelet, stats/v1alpha1) as far as the runtime counts: processor, memory and writable layer of each container. */
export function statsSummary(nodeName: string, pods: readonly PodRecord[], stats: readonly ContainerStats[]): object {
  const byId = new Map(stats.map((one) => [one.id, one]))
  return {
    node: { nodeName },
    pods: pods.map(({ pod, containers }) => {
      const { name, namespace, uid, creationTimestamp } = pod.metadata
      const counted = containers.flatMap((container) => {
        const one = byId.get(container.id)
        return one && container.state === 'running' ? [containerStats(container.name, one)] : []
      })
      const sum = (pick: (one: (typeof counted)[number]) => number) => counted.reduce((total, one) => total + pick(one), 0)
      return {
        podRef: { name, namespace, uid },
        startTime: pod.status?.startTime ?? creationTimestamp,
        containers: counted,
        ...(counted.length > 0 && {
          cpu: { time: counted[0]!.cpu.time, usageCoreNanoSeconds: sum(({ cpu }) => cpu.usageCoreNanoSeconds) },
          memory: {
            time: counted[0]!.memory.time,
            usageBytes: sum(({ memory }) => memory.usageBytes),
            workingSetBytes: sum(({ memory }) => memory.workingSetBytes),
          },
        }),
      }
    }),
  }
}

function containerStats(name: string, one: ContainerStats) {
  const time = new Date(one.timestamp).toISOString()
  return {
    name,
    cpu: { time, usageCoreNanoSeconds: one.cpuUsageCoreNanoSeconds },
    memory: { time, usageBytes: one.memoryUsageBytes, workingSetBytes: one.memoryWorkingSetBytes },
    rootfs: { time, usedBytes: one.writableLayerUsedBytes },
  }
}
