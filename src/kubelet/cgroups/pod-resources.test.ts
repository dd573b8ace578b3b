import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import { qosClass } from '../pod/qos.ts'
import { cpuQuota, cpuShares, cpuWeight } from '../resources/cpu-share.ts'
import type { QosClass } from './cgroup-names.ts'
import { type CgroupResources, type PodCgroupOptions, podCgroupResources } from './pod-resources.ts'

const full = { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } }
const asking = { requests: { cpu: '250m' } }
const limited = { requests: { cpu: '500m', memory: '64Mi' }, limits: { cpu: '500m', memory: '64Mi' } }

check('nothing asked', { containers: [{ resources: {} }] }, 'BestEffort', { cpuShares: 2 })
check('all limited', { containers: [{ resources: full }] }, 'Guaranteed', {
  cpuShares: 1024,
  cpuQuota: 100_000,
  cpuPeriod: 100_000,
  memoryBytes: 1 << 30,
})
check('less of everything', { containers: [{ resources: limited }] }, 'Guaranteed', {
  cpuShares: 512,
  cpuQuota: 50_000,
  cpuPeriod: 100_000,
  memoryBytes: 64 << 20,
})
check('a request of nothing is none', { containers: [{ resources: { ...full, requests: { cpu: '0', memory: '1Gi' } } }] }, 'Burstable', {
  cpuShares: 2,
  cpuQuota: 100_000,
  cpuPeriod: 100_000,
  memoryBytes: 1 << 30,
})
check('requests only', { containers: [{ resources: asking }] }, 'Burstable', { cpuShares: 256 })
check('one container without a limit lifts the pod’s', { containers: [{ resources: limited }, { resources: asking }] }, 'Burstable', {
  cpuShares: 768,
})
check(
  'an init container larger than all',
  { containers: [{ resources: asking }], initContainers: [{ resources: { requests: { cpu: '1' } } }] },
  'Burstable',
  {
    cpuShares: 1024,
  },
)
check(
  'sidecars count beside the containers',
  { containers: [{ resources: asking }], initContainers: [{ resources: asking, restartPolicy: 'Always' }] },
  'Burstable',
  { cpuShares: 512 },
)
check('limits of the pod as a whole', { containers: [{ resources: {} }], resources: { limits: { memory: '128Mi' } } }, 'Burstable', {
  cpuShares: 2,
  memoryBytes: 128 << 20,
})
check('overhead', { containers: [{ resources: asking }], overhead: { cpu: '250m' } }, 'Burstable', { cpuShares: 512 })

check(
  'huge pages and processes',
  { containers: [{ resources: { requests: { 'hugepages-2Mi': '4Mi' } } }] },
  'BestEffort',
  {
    cpuShares: 2,
    pids: 100,
    hugePages: { '2MB': 4 << 20, '1GB': 0 },
  },
  { podPidsLimit: 100, hugePageSizes: ['2Mi', '1Gi'] },
)
check(
  'quotas in a shorter period',
  { containers: [{ resources: limited }] },
  'Guaranteed',
  { cpuShares: 512, cpuQuota: 5_000, cpuPeriod: 10_000, memoryBytes: 64 << 20 },
  { cpuPeriodUs: 10_000 },
)
check(
  'processors of its own',
  { containers: [{ resources: full }] },
  'Guaranteed',
  { cpuShares: 1024, memoryBytes: 1 << 30 },
  { hasCpuQuota: false },
)
check(
  'an init container without a limit lifts the pod’s, unless it starts beside a sidecar that has one',
  {
    containers: [{ resources: limited }],
    initContainers: [{ resources: limited, restartPolicy: 'Always' }, { resources: asking }],
  },
  'Burstable',
  { cpuShares: 1024, cpuQuota: 100_000, cpuPeriod: 100_000, memoryBytes: 128 << 20 },
)

test('shares, weights and quotas', () => {
  assert.deepEqual([0, 1, 2, 100, 1000, 1e9].map(cpuShares), [2, 2, 2, 102, 1024, 262_144])
  assert.deepEqual([2, 1024, 262_144, 300_000].map(cpuWeight), [1, 39, 10_000, 10_000])
  assert.deepEqual(
    [1, 10, 1500].map((milli) => cpuQuota(milli)),
    [1000, 1000, 150_000],
  )
})

function check(name: string, spec: object, qos: QosClass, expected: CgroupResources, options: PodCgroupOptions = {}): void {
  test(name, () => {
    const pod = { metadata: { uid: 'u' }, spec } as unknown as Pod
    assert.equal(qosClass(pod), qos)
    assert.deepEqual(podCgroupResources(pod, options), expected)
  })
}
