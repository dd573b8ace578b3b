import type { Clock } from '#lib/clock.ts'
import { exponentialBuckets } from '#lib/metrics/histogram.ts'
import type { Registry } from '#lib/metrics/registry.ts'
import type { PodAdmitter } from '../interfaces.ts'
import { initContainers, regularContainers } from '../pod/containers.ts'
import type { CpuManager } from './cpu/cpu-manager.ts'
import type { Cpu } from './machine-topology.ts'
import type { MemoryManager } from './memory/memory-manager.ts'
import type { ResourceConfig } from './resource-config.ts'

/** Counts from outside what the managers of CPUs, memory and placement do, under the reference's names. */
export interface ManagerMetrics {
  cpus(manager: CpuManager, cpus: readonly Cpu[]): CpuManager
  memory(manager: MemoryManager): MemoryManager
  placement(admitter: PodAdmitter): PodAdmitter
}

export function managerMetrics(registry: Registry, clock: Pick<Clock, 'monotonicMs'>, config: ResourceConfig): ManagerMetrics {
  const family = (name: string, help: string, labels: readonly string[] = []) =>
    ({ name: `kubelet_${name}`, help, stability: 'ALPHA', labels }) as const
  const counter = (name: string, help: string) => registry.counter(family(name, help)).of()
  const gauge = (name: string, help: string, read: () => number) =>
    registry.observed({ ...family(name, help), type: 'gauge' }, () => [{ labels: [], value: read() }])
  const alignment = ['scope', 'boundary']
  let aligned: ReturnType<typeof alignedFamilies> | undefined
  const alignedFamilies = () => ({
    done: registry.counter(
      family(
        'container_aligned_compute_resources_count',
        'Cumulative number of aligned compute resources allocated to containers by alignment type.',
        alignment,
      ),
    ),
    failed: registry.counter(
      family(
        'container_aligned_compute_resources_failure_count',
        'Cumulative number of failures to allocate aligned compute resources to containers by alignment type.',
        alignment,
      ),
    ),
  })
  /** Shown at zero from the start, where the node aligns at all. */
  function counted(scope: 'container' | 'pod', boundary: 'physical_cpu' | 'numa_node') {
    aligned ??= alignedFamilies()
    const [done, failed] = [aligned.done.of(scope, boundary), aligned.failed.of(scope, boundary)]
    done.inc(0)
    failed.inc(0)
    return { done, failed }
  }

  return {
    cpus(manager, cpus) {
      const requests = counter('cpu_manager_pinning_requests_total', 'The number of cpu core allocations which required pinning.')
      const errors = counter('cpu_manager_pinning_errors_total', 'The number of cpu core allocations which required pinning failed.')
      const cores = config.cpuManagerPolicyOptions?.['full-pcpus-only'] === 'true' ? counted('container', 'physical_cpu') : undefined
      const taken = () => manager.taken()
      gauge(
        'cpu_manager_shared_pool_size_millicores',
        'The size of the shared CPU pool for non-guaranteed QoS pods, in millicores.',
        () => (manager.allocatable().length - taken().length) * 1000,
      )
      gauge(
        'cpu_manager_exclusive_cpu_allocation_count',
        'The total number of CPUs exclusively allocated to containers running on this node',
        () => taken().length,
      )
      registry.observed(
        { ...family('cpu_manager_allocation_per_numa', 'Number of CPUs allocated per NUMA node', ['numa_node']), type: 'gauge' },
        () => {
          const held = new Set(taken())
          const counts = new Map<number, number>()
          for (const { id, node } of cpus) counts.set(node, (counts.get(node) ?? 0) + Number(held.has(id)))
          return [...counts].map(([node, value]) => ({ labels: [String(node)], value }))
        },
      )
      return {
        ...manager,
        async allocate(pod, container, placement) {
          const { uid } = pod.metadata
          const before = manager.hasExclusive(uid, container.name)
          try {
            await manager.allocate(pod, container, placement)
          } catch (error) {
            requests.inc()
            errors.inc()
            cores?.failed.inc()
            throw error
          }
          // One that asks for none, or has its own already, was not pinned now.
          if (before || !manager.hasExclusive(uid, container.name)) return
          requests.inc()
          cores?.done.inc()
        },
      }
    },
    memory(manager) {
      const requests = counter('memory_manager_pinning_requests_total', 'The number of memory pages allocations which required pinning.')
      const errors = counter(
        'memory_manager_pinning_errors_total',
        'The number of memory pages allocations which required pinning that failed.',
      )
      return {
        ...manager,
        async allocate(pod, container, placement) {
          const { uid } = pod.metadata
          const before = manager.held(uid, container.name)
          try {
            await manager.allocate(pod, container, placement)
          } catch (error) {
            requests.inc()
            errors.inc()
            throw error
          }
          if (before === undefined && manager.held(uid, container.name) !== undefined) requests.inc()
        },
      }
    },
    placement(admitter) {
      const requests = counter(
        'topology_manager_admission_requests_total',
        'The number of admission requests where resources have to be aligned.',
      )
      const errors = counter(
        'topology_manager_admission_errors_total',
        'The number of admission request failures where resources could not be aligned.',
      )
      const took = registry
        .histogram({
          ...family('topology_manager_admission_duration_ms', 'Duration in milliseconds to serve a pod admission request.'),
          buckets: exponentialBuckets(0.05, 2, 15),
        })
        .of()
      const scope = config.topologyManagerScope === 'pod' ? 'pod' : 'container'
      const nodes = config.topologyManagerPolicy === 'single-numa-node' ? counted(scope, 'numa_node') : undefined
      return {
        ...admitter,
        async admit(pod, others) {
          requests.inc()
          const startedMs = clock.monotonicMs()
          const answer = await admitter.admit(pod, others)
          took.observe(clock.monotonicMs() - startedMs)
          if (answer.admitted) nodes?.done.inc(scope === 'pod' ? 1 : initContainers(pod).length + regularContainers(pod).length)
          else {
            errors.inc()
            if (answer.reason === 'TopologyAffinityError') nodes?.failed.inc()
          }
          return answer
        },
      }
    },
  }
}
