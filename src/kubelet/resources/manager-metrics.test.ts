import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import { createRegistry } from '#lib/metrics/registry.ts'
import type { Admission } from '../interfaces.ts'
import type { CpuManager } from './cpu/cpu-manager.ts'
import { managerMetrics } from './manager-metrics.ts'
import type { MemoryManager } from './memory/memory-manager.ts'

const pod = { metadata: { uid: 'u' }, spec: { containers: [{ name: 'a' }, { name: 'b' }] } } as unknown as Pod
const [a, b] = [pod.spec.containers[0]!, pod.spec.containers[1]!]

function made(config: object) {
  const registry = createRegistry()
  let now = 0
  const clock = { monotonicMs: () => (now += 3) }
  const shown = () =>
    registry
      .text()
      .split('\n')
      .filter((line) => /^kubelet_(?!.*bucket)/.test(line))
  return { metrics: managerMetrics(registry, clock, config), shown }
}

test('processors: what was pinned, what could not be, and what is left', async () => {
  const { metrics, shown } = made({ cpuManagerPolicyOptions: { 'full-pcpus-only': 'true' } })
  const held = new Set<string>()
  const manager = {
    allocate: async (_: Pod, { name }: { name: string }) => {
      if (name === 'b') throw new Error('none left')
      if (name === 'a') held.add(name)
    },
    hasExclusive: (_: string, name: string) => held.has(name),
    taken: () => (held.size === 0 ? [] : [2, 3]),
    allocatable: () => [1, 2, 3],
  } as unknown as CpuManager
  const node = [0, 0, 1, 1]
  const counted = metrics.cpus(
    manager,
    node.map((one, id) => ({ id, core: id, socket: 0, node: one, cache: 0 })),
  )
  assert.equal(shown().filter((line) => line.includes('physical_cpu')).length, 2)
  await counted.allocate(pod, a, undefined)
  await counted.allocate(pod, a, undefined)
  await counted.allocate(pod, { ...a, name: 'shared' }, undefined)
  await assert.rejects(counted.allocate(pod, b, undefined), /none left/)
  assert.deepEqual(shown(), [
    'kubelet_container_aligned_compute_resources_count{boundary="physical_cpu",scope="container"} 1',
    'kubelet_container_aligned_compute_resources_failure_count{boundary="physical_cpu",scope="container"} 1',
    'kubelet_cpu_manager_allocation_per_numa{numa_node="0"} 0',
    'kubelet_cpu_manager_allocation_per_numa{numa_node="1"} 2',
    'kubelet_cpu_manager_exclusive_cpu_allocation_count 2',
    'kubelet_cpu_manager_pinning_errors_total 1',
    'kubelet_cpu_manager_pinning_requests_total 2',
    'kubelet_cpu_manager_shared_pool_size_millicores 1000',
  ])
})

test('memory: what was given of one node, and what could not be', async () => {
  const { metrics, shown } = made({})
  const held = new Set<string>()
  const manager = {
    allocate: async (_: Pod, { name }: { name: string }) => {
      if (name === 'b') throw new Error('too little')
      held.add(name)
    },
    held: (_: string, name: string) => (held.has(name) ? {} : undefined),
  } as unknown as MemoryManager
  const counted = metrics.memory(manager)
  await counted.allocate(pod, a, undefined)
  await counted.allocate(pod, a, undefined)
  await assert.rejects(counted.allocate(pod, b, undefined), /too little/)
  assert.deepEqual(shown(), ['kubelet_memory_manager_pinning_errors_total 1', 'kubelet_memory_manager_pinning_requests_total 2'])
})

for (const [scope, aligned] of [
  ['container', 2],
  ['pod', 1],
] as const)
  test(`placement by ${scope}: what was asked, refused and aligned`, async () => {
    const { metrics, shown } = made({ topologyManagerPolicy: 'single-numa-node', topologyManagerScope: scope })
    const answers: Admission[] = [
      { admitted: true },
      { admitted: false, reason: 'TopologyAffinityError', message: '' },
      { admitted: false, reason: 'UnexpectedAdmissionError', message: '' },
    ]
    const counted = metrics.placement({ admit: () => answers.shift()!, isAskedAgain: true })
    assert.equal(counted.isAskedAgain, true)
    for (let i = 0; i < 3; i += 1) await counted.admit(pod, [])
    assert.deepEqual(shown(), [
      `kubelet_container_aligned_compute_resources_count{boundary="numa_node",scope="${scope}"} ${aligned}`,
      `kubelet_container_aligned_compute_resources_failure_count{boundary="numa_node",scope="${scope}"} 1`,
      'kubelet_topology_manager_admission_duration_ms_sum 9',
      'kubelet_topology_manager_admission_duration_ms_count 3',
      'kubelet_topology_manager_admission_errors_total 2',
      'kubelet_topology_manager_admission_requests_total 3',
    ])
  })
