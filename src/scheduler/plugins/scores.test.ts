import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { NodeInfo, PodInfo } from '../node-info.ts'
import { podInfo } from '../node-info.ts'
import type { AnyPlugin } from '../plugin.ts'
import { Snapshot } from '../snapshot.ts'
import { balancedAllocation } from './balanced-allocation.ts'
import { controllerSpread } from './controller-spread.ts'
import { imageLocality } from './image-locality.ts'
import { nodeAffinity } from './node-affinity.ts'
import { nodeResourcesFit } from './node-resources-fit.ts'
import { taintToleration } from './taint-toleration.ts'

const gibibyte = 2 ** 30

// Least allocated: the mean of what is left of processor and memory, in hundredths (least_allocated.go).
check('an empty node', nodeResourcesFit, { requests: { cpu: '500m', memory: '1Gi' } }, {}, ((50 + 75) / 2) | 0)
check(
  'a used node',
  nodeResourcesFit,
  { requests: { cpu: '500m', memory: '1Gi' } },
  { used: { cpu: '500m', memory: '1Gi' } },
  ((0 + 50) / 2) | 0,
)
check('a pod that asks for nothing counts for 100m and 200Mi', nodeResourcesFit, {}, {}, ((90 + 95) / 2) | 0)

// Balanced: 75 where the pod changes nothing of the balance (balanced_allocation.go).
check('an even request on an even node', balancedAllocation, { requests: { cpu: '250m', memory: '1Gi' } }, {}, 75)
check('an uneven request makes it worse', balancedAllocation, { requests: { cpu: '1', memory: '0' } }, {}, 50)
check('a request that evens out makes it better', balancedAllocation, { requests: { cpu: '500m' } }, { used: { memory: '2Gi' } }, 87)
check('no request has no say', balancedAllocation, {}, {}, 0)

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

check('siblings of the same controller', controllerSpread, { owner: 'set' }, { siblings: 2 }, 2)
check('a pod without a controller has none', controllerSpread, {}, { siblings: 2 }, 0)

check('a taint that asks to stay away', taintToleration, {}, { taints: [{ key: 'a', effect: 'PreferNoSchedule' }] }, 1)
check(
  'a preferred label',
  nodeAffinity,
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
  readonly owner?: string
  readonly spec?: object
}

interface NodeFacts {
  readonly used?: Record<string, string>
  readonly images?: Record<string, number>
  readonly siblings?: number
  readonly taints?: object[]
  readonly labels?: Record<string, string>
}

/** One pod on one node of one processor and 4 GiB. */
function check(name: string, plugin: AnyPlugin, pod: PodFacts, node: NodeFacts, expected: number): void {
  test(`${plugin.name}: ${name}`, () => {
    const snapshot = new Snapshot()
    const images = Object.entries(node.images ?? {}).map(([image, sizeBytes]) => ({ names: [image], sizeBytes }))
    snapshot.setNode({
      metadata: { name: 'n', uid: 'n', labels: node.labels },
      spec: { taints: node.taints },
      status: { allocatable: { cpu: '1', memory: '4Gi', pods: '10' }, images },
    } as unknown as Node)
    if (node.used) snapshot.assume(makePod('used', { requests: node.used }).pod, 'n')
    for (let index = 0; index < (node.siblings ?? 0); index += 1) snapshot.assume(makePod(`sibling-${index}`, { owner: 'set' }).pod, 'n')
    const world = { nodes: snapshot.nodes, namespaceLabels: () => ({}) }
    const asked = makePod('it', pod)
    const info: NodeInfo = snapshot.nodes.get('n')!
    assert.equal(plugin.score!(asked, info, plugin.prepare?.(asked, world)), expected)
  })
}

function makePod(uid: string, { requests, image = 'registry/app:1', owner, spec }: PodFacts): PodInfo {
  const ownerReferences = owner ? [{ uid: owner, controller: true, kind: 'ReplicaSet', name: owner, apiVersion: 'apps/v1' }] : []
  const containers = [{ name: 'main', image, resources: requests ? { requests } : {} }]
  return podInfo({
    metadata: { name: uid, namespace: 'default', uid, ownerReferences },
    spec: { containers, ...spec },
    status: {},
  } as unknown as Pod)
}
