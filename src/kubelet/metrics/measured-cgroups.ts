import type { Clock } from '#lib/clock.ts'
import type { Registry } from '#lib/metrics/registry.ts'
import type { CgroupManager } from '../interfaces.ts'
import { secondsBuckets } from './kubelet-metrics.ts'

/** The same groups; how long it takes to make, change and remove those of pods is measured on the way. */
export function measuredCgroups<C extends CgroupManager>(
  cgroups: C,
  { registry, clock }: { readonly registry: Registry; readonly clock: Pick<Clock, 'monotonicMs'> },
): C {
  const seconds = registry.histogram({
    name: 'kubelet_cgroup_manager_duration_seconds',
    help: 'Duration in seconds for cgroup manager operations. Broken down by method.',
    stability: 'ALPHA',
    labels: ['operation_type'],
    buckets: secondsBuckets,
  })
  if (cgroups.traits !== undefined)
    registry
      .gauge({ name: 'kubelet_cgroup_version', help: 'cgroup version on the hosts.', stability: 'ALPHA' })
      .of()
      .set(cgroups.traits.isUnified ? 2 : 1)
  /** Pods whose groups there are, which are changed from then on. */
  const made = new Set<string>()

  async function measured<T>(operation: 'create' | 'update' | 'destroy', work: () => Promise<T>): Promise<T> {
    const startedMs = clock.monotonicMs()
    try {
      return await work()
    } finally {
      seconds.of(operation).observe((clock.monotonicMs() - startedMs) / 1000)
    }
  }

  const { adopt, makeRoom } = cgroups
  return {
    ...cgroups,
    ...(adopt && {
      async adopt(pod) {
        made.add(pod.metadata.uid)
        await adopt(pod)
      },
    }),
    async ensurePod(pod) {
      const { uid } = pod.metadata
      const parent = await measured(made.has(uid) ? 'update' : 'create', () => cgroups.ensurePod(pod))
      made.add(uid)
      return parent
    },
    ...(makeRoom && { makeRoom: (pod) => measured('update', () => makeRoom(pod)) }),
    async removePod(uid) {
      await measured('destroy', () => cgroups.removePod(uid))
      made.delete(uid)
    },
  } satisfies CgroupManager as C
}
