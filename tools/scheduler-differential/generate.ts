import { seededRandom } from '#lib/random.ts'
import type { KubeJson } from '#scheduler/testing/recorded-case.ts'
import { areas } from './areas.ts'
import type { Case } from './case.ts'
import { type ClusterDraft, chanceOf, type Draft } from './generator.ts'

/** Areas by name, `mixed` of them, and `large` clusters. */
export const areaNames: readonly string[] = [...Object.keys(areas), 'mixed', 'large']

/** The case of a seed. Most use two or three areas beside the one that is named; `mixed` chooses, and at times takes all. */
export function generate(seed: number, area: string): Case {
  const chance = chanceOf(seededRandom(seed).fork(area))
  const all = Object.keys(areas)
  const chosen =
    area === 'large'
      ? chance.some(['resources', 'taints', 'labels', 'affinity', 'spread', 'images', 'ports', 'preemption'], 3)
      : area !== 'mixed'
        ? [area, ...(chance.is(60) ? [chance.pick(area === 'preemption' ? all : ['resources', 'taints', 'labels'])] : [])]
        : chance.is(15)
          ? all
          : all.filter(() => chance.is(25))
  const used = [...new Set(chosen)]
  const cluster: ClusterDraft = { chance, nodes: [], bound: [], pending: [], objects: [], names: {}, areas: used }
  const nodeCount =
    area === 'large' ? chance.int(40, 150) : chance.is(used.includes('preemption') ? 85 : 60) ? chance.int(2, 6) : chance.int(1, 20)
  for (let index = 0; index < nodeCount; index += 1) cluster.nodes.push(nodeOf(index, cluster))
  const hooks = used.map((name) => areas[name]!)
  for (const { setUp } of hooks) setUp?.(cluster)
  for (const node of cluster.nodes) for (const { node: hook } of hooks) hook?.(node, cluster)
  // Room is only made where there is none.
  const boundCount = used.includes('preemption')
    ? Math.min(area === 'large' ? 300 : 40, nodeCount * chance.int(2, 4))
    : chance.int(0, Math.min(area === 'large' ? 200 : 30, nodeCount * 3))
  for (let index = 0; index < boundCount; index += 1) {
    const pod = podOf(`b${index}`, cluster)
    pod.spec.nodeName = chance.pick(cluster.nodes).metadata.name
    cluster.bound.push(pod)
    for (const { pod: hook } of hooks) hook?.(pod, cluster, 'bound')
    if (chance.is(6)) pod.metadata.deletionTimestamp = '2026-01-01T02:00:00Z'
    else if (chance.is(4)) pod.status = { ...pod.status, phase: chance.pick(['Succeeded', 'Failed']) }
  }
  // Pods of one template are decided one after another on what is kept for their shape.
  const areAlike = chance.is(30)
  const pendingCount = areAlike ? chance.int(3, 8) : chance.int(1, used.includes('preemption') ? 6 : 4)
  for (let index = 0; index < pendingCount; index += 1) {
    const [first] = cluster.pending
    if (areAlike && first !== undefined) {
      const copy = structuredClone(first)
      cluster.pending.push({ ...copy, metadata: { ...copy.metadata, name: `p${index}` } })
      continue
    }
    const pod = podOf(`p${index}`, cluster)
    cluster.pending.push(pod)
    for (const { pod: hook } of hooks) hook?.(pod, cluster, 'pending')
  }
  for (const { finish } of hooks) finish?.(cluster)
  const objects: KubeJson[] = [...cluster.nodes, ...cluster.objects, ...cluster.bound]
  return { seed, area, objects, pods: cluster.pending, settles: chance.is(50) }
}

function nodeOf(index: number, { chance }: ClusterDraft): Draft {
  const name = `n${index}`
  const allocatable = {
    cpu: chance.is(80) ? '8' : `${chance.int(2, 16)}`,
    memory: chance.is(80) ? '16Gi' : `${chance.int(2, 32)}Gi`,
    pods: '110',
  }
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        ...(!chance.is(5) && { 'kubernetes.io/hostname': name }),
        ...(!chance.is(10) && { 'topology.kubernetes.io/zone': `zone-${chance.pick(['a', 'b', 'c'])}` }),
        ...(chance.is(50) && { 'topology.kubernetes.io/region': `region-${chance.pick(['x', 'y'])}` }),
      },
    },
    status: { capacity: allocatable, allocatable },
  }
}

const podOf = (name: string, { chance }: ClusterDraft): Draft => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    namespace: chance.pick(['alpha', 'alpha', 'alpha', 'beta', 'gamma', 'delta']),
    labels: {
      ...(chance.is(80) && { app: chance.pick(['web', 'web', 'db', 'cache']) }),
      ...(chance.is(40) && { version: chance.pick(['1', '2']) }),
      ...(chance.is(30) && { tier: chance.pick(['front', 'back']) }),
    },
  },
  spec: {
    containers: [
      {
        name: 'c',
        image: 'example.com/app:1',
        ...(chance.is(60) && {
          resources: {
            requests: {
              ...(chance.is(80) && { cpu: chance.pick(['100m', '250m', '500m', '1', '1500m']) }),
              ...(chance.is(80) && { memory: chance.pick(['64Mi', '256Mi', '1Gi', '2Gi']) }),
            },
          },
        }),
      },
    ],
  },
})
