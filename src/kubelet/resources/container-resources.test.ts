import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import type { AnyContainer } from '../pod/containers.ts'
import { containerResources } from './container-resources.ts'
import type { NodeResources } from './node-resources.ts'

const GIB = 2 ** 30
const traits = { isUnified: true, hasSwap: true, hasHugePages: true, hasCpuQuota: true }
const plain: NodeResources = { memoryBytes: 4 * GIB }
const nothing = { cpuPeriod: 100_000, cpuShares: 2, cpuQuota: 0, memoryLimitBytes: 0, oomScoreAdj: 1000 }
const together = { 'memory.oom.group': '1' }
const burstable = { requests: { cpu: '500m', memory: '1Gi' } }
const guaranteed = { limits: { cpu: '2', memory: '1Gi' }, requests: { cpu: '2', memory: '1Gi' } }

check('nothing asked', {}, {}, plain, nothing)
check('burstable', burstable, {}, plain, { ...nothing, cpuShares: 512, oomScoreAdj: 750 })
check('guaranteed', guaranteed, {}, plain, {
  ...nothing,
  cpuShares: 2048,
  cpuQuota: 200_000,
  memoryLimitBytes: GIB,
  oomScoreAdj: -997,
})
check('a hair of a processor', { limits: { cpu: '1m' } }, {}, plain, { ...nothing, cpuQuota: 1000, oomScoreAdj: 999 })
check(
  'the pod’s limit where the container has none',
  burstable,
  { resources: { requests: { memory: '1Gi' }, limits: { cpu: '1', memory: '2Gi' } } },
  plain,
  {
    ...nothing,
    cpuShares: 512,
    cpuQuota: 100_000,
    memoryLimitBytes: 2 * GIB,
    oomScoreAdj: 750,
  },
)
check('what the pod asks for beyond its containers', burstable, { resources: { requests: { memory: '3Gi' } } }, plain, {
  ...nothing,
  cpuShares: 512,
  oomScoreAdj: 250,
})
check('critical for the node', burstable, { priorityClassName: 'system-node-critical', priority: 2_000_001_000 }, plain, {
  ...nothing,
  cpuShares: 512,
  oomScoreAdj: -997,
})
check(
  'quotas in a shorter period',
  { limits: { cpu: '500m' } },
  {},
  { ...plain, config: { cpuCFSQuotaPeriod: '10ms' } },
  { ...nothing, cpuPeriod: 10_000, cpuQuota: 5_000, cpuShares: 512, oomScoreAdj: 999 },
)
check(
  'no quotas on this node',
  { limits: { cpu: '500m' } },
  {},
  { ...plain, config: { cpuCFSQuota: false } },
  {
    ...nothing,
    cpuPeriod: 0,
    cpuShares: 512,
    oomScoreAdj: 999,
  },
)
check(
  'huge pages of every size',
  { limits: { 'hugepages-2Mi': '4Mi' } },
  {},
  { ...plain, hugePageSizes: ['2Mi', '1Gi'], traits: { ...traits, hasSwap: false } },
  {
    ...nothing,
    unified: together,
    hugepageLimits: [
      { pageSize: '2MB', limitBytes: 4 << 20 },
      { pageSize: '1GB', limitBytes: 0 },
    ],
  },
)
check(
  'all processes end together, unless they are said not to',
  {},
  {},
  { ...plain, traits: { ...traits, hasSwap: false }, config: { singleProcessOOMKill: false } },
  { ...nothing, unified: together },
)
check('as they do where nobody says', {}, {}, { ...plain, traits: { ...traits, hasSwap: false } }, { ...nothing, unified: together })
check('one process alone', {}, {}, { ...plain, traits: { ...traits, hasSwap: false }, config: { singleProcessOOMKill: true } }, nothing)
check('version 1 has no such file', {}, {}, { ...plain, traits: { ...traits, isUnified: false, hasSwap: false } }, nothing)

const swapping: NodeResources = { memoryBytes: 4 * GIB, swapBytes: GIB, traits, config: { memorySwap: { swapBehavior: 'LimitedSwap' } } }
const swapOf = (node: NodeResources, resources: object, spec: object = {}, annotations = {}) => {
  const { unified, memorySwapLimitBytes } = made(resources, spec, node, annotations)
  return unified?.['memory.swap.max'] ?? memorySwapLimitBytes
}
test('swap: the share of the request, for those alone that may use more than they ask for', () => {
  assert.equal(swapOf(swapping, burstable), String(GIB / 4))
  assert.equal(swapOf(swapping, guaranteed), '0')
  assert.equal(swapOf(swapping, {}), '0')
  assert.equal(swapOf(swapping, burstable, { priority: 2_000_000_000 }), '0')
  // Static pods are the node's own, whatever their priority.
  assert.equal(swapOf(swapping, burstable, {}, { 'kubernetes.io/config.source': 'file' }), '0')
  assert.equal(swapOf({ ...swapping, config: {} }, burstable), '0')
})
test('swap: version 1 counts it with the memory', () => {
  const one = { ...swapping, traits: { ...traits, isUnified: false } }
  assert.equal(swapOf(one, guaranteed), GIB)
  assert.equal(swapOf(one, burstable), undefined)
  assert.equal(swapOf({ ...one, traits: { ...one.traits, hasSwap: false } }, guaranteed), undefined)
})

test('a sidecar does not die before those that it serves', () => {
  const sidecar = { name: 'side', restartPolicy: 'Always', resources: { requests: { memory: '1Mi' } } } as unknown as AnyContainer
  const main = { name: 'main', resources: burstable }
  const pod = podOf({ initContainers: [sidecar], containers: [main] })
  assert.equal(containerResources(pod, sidecar, plain).oomScoreAdj, 750)
})

test('processors of its own need no quota', () => {
  const container = { name: 'main', resources: guaranteed } as unknown as AnyContainer
  assert.equal(containerResources(podOf({ containers: [container] }), container, plain, true).cpuQuota, -1)
})

function check(name: string, resources: object, spec: object, node: NodeResources, expected: object): void {
  test(`resources: ${name}`, () => assert.deepEqual(made(resources, spec, node), expected))
}

function made(resources: object, spec: object, node: NodeResources, annotations = {}) {
  const container = { name: 'main', resources } as unknown as AnyContainer
  return containerResources(podOf({ containers: [container], ...spec }, annotations), container, node)
}

function podOf(spec: object, annotations = {}): Pod {
  return { metadata: { name: 'one', namespace: 'here', uid: 'u', annotations }, spec } as unknown as Pod
}
