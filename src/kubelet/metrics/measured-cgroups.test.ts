import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRegistry } from '#lib/metrics/registry.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { madePod } from '../eviction/testing.ts'
import type { CgroupManager } from '../interfaces.ts'
import { noCgroups } from '../test-node.ts'
import { measuredCgroups } from './measured-cgroups.ts'

const web = madePod({ name: 'web' })

check('a pod’s group, made once', ['create 1', 'update 1'], async (groups) => {
  assert.match(await groups.ensurePod(web), /kubepods/)
  await groups.ensurePod(web)
})
check('one of a former kubelet', ['update 2'], async (groups) => {
  await groups.adopt?.(web)
  await groups.ensurePod(web)
  await groups.makeRoom?.(web)
})
check('one that goes', ['create 2', 'destroy 1'], async (groups) => {
  await groups.ensurePod(web)
  await groups.removePod(web.metadata.uid)
  await groups.ensurePod(web)
})

test('tells of which version the groups are', () => {
  const registry = createRegistry()
  const traits = { isUnified: true, hasSwap: false, hasHugePages: false, hasCpuQuota: true }
  measuredCgroups({ ...noCgroups, traits }, { registry, clock: createVirtualClock(0) })
  assert.match(registry.text(), /^kubelet_cgroup_version 2$/m)
})

function check(title: string, counts: readonly string[], act: (groups: CgroupManager) => Promise<void>): void {
  test(`measures ${title}`, async () => {
    const registry = createRegistry()
    const groups: CgroupManager = { ...noCgroups, adopt: async () => {}, makeRoom: async () => {} }
    await act(measuredCgroups(groups, { registry, clock: createVirtualClock(0) }))
    const shown = registry.text().matchAll(/^kubelet_cgroup_manager_duration_seconds_count\{operation_type="(\w+)"\} (\d+)$/gm)
    assert.deepEqual(
      [...shown].map(([, operation, count]) => `${operation} ${count}`),
      counts,
    )
  })
}
