import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node } from '#api/core/v1/node.ts'
import { scoresOf } from '../../framework/decide.ts'
import type { AnyPlugin } from '../../framework/plugin.ts'
import { pod, worldOf } from '../../testing/fixtures.ts'
import { balancedAllocation } from './balanced-allocation.ts'
import { imageLocality } from './image-locality.ts'
import { nodeAffinity } from './node-affinity.ts'
import { nodeResourcesFit } from './node-resources-fit.ts'
import { taintToleration } from './taint-toleration.ts'

const leastAllocated = nodeResourcesFit({})
const balanced = balancedAllocation({})
const mostAllocated = nodeResourcesFit({ scoringStrategy: { type: 'MostAllocated' } })
const byRatio = nodeResourcesFit({
  scoringStrategy: {
    type: 'RequestedToCapacityRatio',
    resources: [
      { name: 'cpu', weight: 3 },
      { name: 'memory', weight: 1 },
    ],
    requestedToCapacityRatio: {
      shape: [
        { utilization: 0, score: 0 },
        { utilization: 50, score: 10 },
        { utilization: 100, score: 4 },
      ],
    },
  },
})

const gibibyte = 2 ** 30

// Least allocated: the mean of what is left of processor and memory, in hundredths (least_allocated.go).
check('an empty node', leastAllocated, { requests: { cpu: '500m', memory: '1Gi' } }, {}, ((50 + 75) / 2) | 0)
check(
  'a used node',
  leastAllocated,
  { requests: { cpu: '500m', memory: '1Gi' } },
  { used: { cpu: '500m', memory: '1Gi' } },
  ((0 + 50) / 2) | 0,
)
check('a pod that asks for nothing counts for 100m and 200Mi', leastAllocated, {}, {}, ((90 + 95) / 2) | 0)

// Balanced: 75 where the pod changes nothing of the balance (balanced_allocation.go).
check('an even request on an even node', balanced, { requests: { cpu: '250m', memory: '1Gi' } }, {}, 75)
check('an uneven request makes it worse', balanced, { requests: { cpu: '1', memory: '0' } }, {}, 50)
check('a request that evens out makes it better', balanced, { requests: { cpu: '500m' } }, { used: { memory: '2Gi' } }, 87)
// What is asked for, or what stands on the line at the share that is asked for (most_allocated.go, requested_to_capacity_ratio.go).
check(
  'a node that is used is preferred',
  mostAllocated,
  { requests: { cpu: '500m', memory: '1Gi' } },
  { used: { cpu: '250m' } },
  ((75 + 29) / 2) | 0,
)
check('the top of the line, by weight', byRatio, { requests: { cpu: '500m', memory: '1Gi' } }, {}, 88)
check('past the top it falls', byRatio, { requests: { cpu: '1', memory: '0' } }, {}, 40)

check('no request has no say', balanced, {}, {}, 0)

check('an image that is not there', imageLocality, {}, {}, 0)
check('an image that is there', imageLocality, {}, { images: { 'registry/app:1': 512 * 2 ** 20 } }, 50)
check(
  'an image without a tag is the latest one',
  imageLocality,
  { image: 'registry/app' },
  { images: { 'registry/app:latest': 2 * gibibyte } },
  100,
)
check('a small image is not worth it', imageLocality, {}, { images: { 'registry/app:1': 2 ** 20 } }, 0)

check('a taint that asks to stay away', taintToleration, {}, { taints: [{ key: 'a', effect: 'PreferNoSchedule' }] }, 1)
check(
  'a preferred label',
  nodeAffinity({}),
  {
    spec: {
      affinity: {
        nodeAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 30, preference: { matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd'] }] } },
          ],
        },
      },
    },
  },
  { labels: { disk: 'ssd' } },
  30,
)

interface PodFacts {
  readonly requests?: Record<string, string>
  readonly image?: string
  readonly spec?: object
}

interface NodeFacts {
  readonly used?: Record<string, string>
  readonly images?: Record<string, number>
  readonly taints?: object[]
  readonly labels?: Record<string, string>
}

/** One pod on one node of one processor and 4 GiB; what the plug-in says before it is brought to 0 … 100. */
function check(
  name: string,
  plugin: AnyPlugin,
  { requests, image = 'registry/app:1', spec }: PodFacts,
  node: NodeFacts,
  expected: number,
): void {
  test(`${plugin.name}: ${name}`, () => {
    const images = Object.entries(node.images ?? {}).map(([image, sizeBytes]) => ({ names: [image], sizeBytes }))
    const world = worldOf([
      {
        metadata: { name: 'n', uid: 'n', labels: node.labels },
        spec: { taints: node.taints },
        status: { allocatable: { cpu: '1', memory: '4Gi', pods: '10' }, images },
      } as unknown as Node,
    ])
    const containers = (amounts: object | undefined) => [{ name: 'main', image, resources: amounts ? { requests: amounts } : {} }]
    if (node.used) world.assume(world.podInfo(pod('used', { spec: { containers: containers(node.used) } })), 'n')
    const it = world.podInfo(pod('it', { spec: { containers: containers(requests), ...spec } }))
    const { normalize: _later, ...raw } = plugin
    const values = scoresOf(raw, { pod: it, world, filters: [], states: new Map() }, world.nodes.order)
    assert.equal(values?.[0] ?? 0, expected)
  })
}
