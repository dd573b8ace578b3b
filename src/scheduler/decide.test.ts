import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { seededRandom } from '#lib/random.ts'
import { decide } from './decide.ts'
import { podInfo } from './node-info.ts'
import { defaultPlugins } from './plugins/mod.ts'
import { Snapshot } from './snapshot.ts'

// A node is name(what it has); a pod on it is written behind a slash. Everything has 1000m and 1Gi and room for 10 pods unless told.
check('takes the only node', { nodes: ['a'] }, 'a')
check('says when there is none', { nodes: [] }, 'no nodes available to schedule pods')
check('takes the emptier node', { nodes: ['a', 'b'], placed: ['a cpu=500m'] }, 'b')
check('counts pods without requests too', { nodes: ['a', 'b'], placed: ['a', 'a', 'b'] }, 'b')
check(
  'never over capacity',
  { nodes: ['a'], placed: ['a cpu=800m'], pod: { cpu: '300m' } },
  '0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.',
)
check(
  'tells what no node could ever give',
  { nodes: ['a', 'b'], pod: { cpu: '2' } },
  '0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.',
)
check(
  'counts reasons apart, in the order of their text',
  { nodes: ['a taint=x:NoSchedule', 'b cordoned'], placed: [] },
  '0/2 nodes are available: 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.',
)
check('tolerates', { nodes: ['a taint=x:NoSchedule'], pod: { spec: { tolerations: [{ key: 'x', operator: 'Exists' }] } } }, 'a')
check(
  'goes where its affinity names the node, whatever speaks for others',
  { nodes: ['a', 'b', 'c'], placed: ['b cpu=500m'], pod: { spec: daemonOf('b') } },
  'b',
)
check(
  'waits for the node that its affinity names',
  { nodes: ['a', 'b'], placed: ['b cpu=900m'], pod: { cpu: '300m', spec: daemonOf('b') } },
  "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match Pod's node affinity/selector. preemption: 0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.",
)
check(
  'goes to a cordoned and unwell node where it tolerates that',
  {
    nodes: ['a cordoned taint=node.kubernetes.io/unschedulable:NoSchedule taint=node.kubernetes.io/not-ready:NoExecute', 'b'],
    pod: { spec: daemonOf('a') },
  },
  'a',
)
check('avoids PreferNoSchedule where it can', { nodes: ['a taint=x:PreferNoSchedule', 'b'] }, 'b')
check('selects by label', { nodes: ['a', 'b disk=ssd'], pod: { spec: { nodeSelector: { disk: 'ssd' } } } }, 'b')
check(
  'refuses a taken host port on every address',
  {
    nodes: ['a'],
    placed: ['a port=80'],
    pod: { spec: { containers: [container({ ports: [{ containerPort: 8080, hostPort: 80, protocol: 'TCP' }] })] } },
  },
  "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.",
)
check(
  'keeps apart what wants to be apart',
  {
    nodes: ['a host=a', 'b host=b'],
    placed: ['a app=x', 'b cpu=900m'],
    pod: {
      labels: { app: 'x' },
      spec: {
        affinity: {
          podAntiAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'host', labelSelector: { matchLabels: { app: 'x' } } }],
          },
        },
      },
    },
  },
  'b',
)
check(
  'keeps together what wants to be together',
  {
    nodes: ['a host=a', 'b host=b'],
    placed: ['a app=x cpu=500m'],
    pod: {
      spec: {
        affinity: {
          podAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'host', labelSelector: { matchLabels: { app: 'x' } } }],
          },
        },
      },
    },
  },
  'a',
)
check(
  'spreads as told',
  {
    nodes: ['a zone=1', 'b zone=2'],
    placed: ['a app=x', 'b cpu=900m'],
    pod: {
      labels: { app: 'x' },
      spec: {
        topologySpreadConstraints: [
          { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: 'x' } } },
        ],
      },
    },
  },
  'b',
)

test('a decided pod takes room before its binding is seen, and frees it when the binding fails', () => {
  const snapshot = new Snapshot()
  snapshot.setNode(node('a'))
  const first = pod('first', { cpu: '800m' })
  snapshot.assume(first, 'a')
  const ask = () => decide(podInfo(pod('second', { cpu: '800m' })), world(snapshot), defaultPlugins, seededRandom(1)).node
  assert.equal(ask(), undefined)
  snapshot.setPod(first)
  assert.equal(ask(), undefined, 'an old view of the pod must not free its room')
  snapshot.forget('first')
  assert.equal(ask(), 'a')
})

test('never over capacity, whatever comes', () => {
  for (let seed = 0; seed < 200; seed += 1) {
    const random = seededRandom(seed)
    const snapshot = new Snapshot()
    for (let index = 0; index < 1 + random.below(4); index += 1) snapshot.setNode(node(`n${index}`))
    for (let index = 0; index < 40; index += 1) {
      const next = pod(`p${index}`, { cpu: `${random.below(5) * 100}m` })
      const decision = decide(podInfo(next), world(snapshot), defaultPlugins, random)
      if (decision.node !== undefined) snapshot.assume(next, decision.node)
      if (random.next() < 0.2) snapshot.removePod(`p${random.below(index + 1)}`)
      for (const info of snapshot.nodes.values()) {
        assert.ok((info.requested['cpu'] ?? 0) <= 1000, `seed ${seed}: over capacity`)
        assert.ok(info.pods.size <= 10, `seed ${seed}: too many pods`)
      }
    }
  }
})

interface PodWish {
  cpu?: string
  labels?: Record<string, string>
  spec?: object
}

function check(name: string, given: { nodes: string[]; placed?: string[]; pod?: PodWish }, expected: string): void {
  test(name, () => {
    const snapshot = new Snapshot()
    for (const text of given.nodes) snapshot.setNode(node(text))
    for (const [index, text] of (given.placed ?? []).entries()) {
      const [nodeName, ...words] = text.split(' ')
      const facts = Object.fromEntries(words.map((word) => word.split('=')))
      const { cpu, port, ...labels } = facts
      snapshot.assume(
        pod(`placed-${index}`, {
          ...(cpu && { cpu }),
          labels,
          ...(port && { spec: { containers: [container({ ports: [{ containerPort: 1, hostPort: Number(port), protocol: 'TCP' }] })] } }),
        }),
        nodeName!,
      )
    }
    const decision = decide(podInfo(pod('it', given.pod ?? {})), world(snapshot), defaultPlugins, seededRandom(1))
    assert.equal(decision.node ?? ('message' in decision ? decision.message : ''), expected)
  })
}

/** What a daemon set's controller makes for a node. */
function daemonOf(nodeName: string): object {
  const nodeSelectorTerms = [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [nodeName] }] }]
  return {
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
    tolerations: [
      { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
      { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
    ],
  }
}

function world(snapshot: Snapshot) {
  return { nodes: snapshot.nodes, namespaceLabels: () => ({}) }
}

function node(text: string): Node {
  const [name, ...words] = text.split(' ')
  const labels: Record<string, string> = {}
  const taints: { key: string; effect: string }[] = []
  for (const word of words) {
    const [key, value] = word.split('=')
    if (key === 'taint') taints.push({ key: value!.split(':')[0]!, effect: value!.split(':')[1]! })
    else if (key !== 'cordoned') labels[key!] = value!
  }
  const spec = { taints, unschedulable: words.includes('cordoned') }
  return {
    metadata: { name, uid: name, labels },
    spec,
    status: { allocatable: { cpu: '1', memory: '1Gi', pods: '10' } },
  } as unknown as Node
}

function pod(uid: string, { cpu, labels, spec }: PodWish): Pod {
  const metadata = { name: uid, namespace: 'default', uid, labels }
  return {
    metadata,
    spec: { containers: [container({ resources: cpu ? { requests: { cpu } } : {} })], ...spec },
    status: {},
  } as unknown as Pod
}

function container(more: object): object {
  return { name: 'main', image: 'image', resources: {}, ...more }
}
