import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import { StatefulSet } from '#api/apps/v1/stateful-set.ts'
import { ReplicationController } from '#api/core/v1/replication-controller.ts'
import { Service } from '#api/core/v1/service.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import { placementChecks } from '../../testing/placement-checks.ts'
import { createCluster, hostname, nodeOf, podOf, zone } from '../../world/topology-testing.ts'
import { podTopologySpread } from './pod-topology-spread.ts'

const web = { labelSelector: { matchLabels: { app: 'web' } } }
const hard = (more: object = {}) => ({ topologyKey: zone, maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule', ...web, ...more })
const soft = (more: object = {}) => ({ ...hard(more), whenUnsatisfiable: 'ScheduleAnyway' })

const uneven = "node(s) didn't match pod topology spread constraints"
const unlabelled = "for good: node(s) didn't match pod topology spread constraints (missing required label)"

interface Given {
  /** Nodes a and b are in zone 1, c is in zone 2, d in none. */
  readonly taints?: Readonly<Record<string, readonly object[]>>
  /** As node, app and what else is in their metadata. */
  readonly pods?: readonly (readonly [node: string, app: string, metadata?: object])[]
  readonly constraints?: readonly object[]
  readonly spec?: object
  readonly labels?: Readonly<Record<string, string>>
  readonly owner?: readonly [apiVersion: string, kind: string]
  readonly objects?: readonly (readonly [AnyKind, object])[]
  readonly args?: object
}

const { filters, scores } = placementChecks(begin)
const expected = (a: string, b: string, c: string, d: string) => ({ a, b, c, d })

filters('has no say where nothing is asked', { pods: [['a', 'web']] }, 'skipped')
filters('lets the first pod go anywhere', { constraints: [hard()] }, expected('', '', '', unlabelled))
filters('fills the emptiest domain', { pods: [['a', 'web']], constraints: [hard()] }, expected(uneven, uneven, '', unlabelled))
filters('counts who is selected only', { pods: [['a', 'db']], constraints: [hard()] }, expected('', '', '', unlabelled))
filters(
  'counts nobody of other namespaces',
  { pods: [['a', 'web', { namespace: 'y' }]], constraints: [hard()] },
  expected('', '', '', unlabelled),
)
filters(
  'counts nobody who is about to go',
  { pods: [['a', 'web', { deletionTimestamp: '2026-01-01T00:00:00Z' }]], constraints: [hard()] },
  expected('', '', '', unlabelled),
)
filters(
  'counts nobody by a selector of everybody',
  { pods: [['a', 'web']], constraints: [hard({ labelSelector: {} })] },
  expected('', '', '', unlabelled),
)
filters(
  'lets the skew be as large as it may',
  { pods: [['a', 'web']], constraints: [hard({ maxSkew: 2 })] },
  expected('', '', '', unlabelled),
)
filters(
  'adds nothing where the pod itself is not selected',
  { labels: { app: 'db' }, pods: [['a', 'web']], constraints: [hard()] },
  expected('', '', '', unlabelled),
)
filters(
  'with too few domains the emptiest counts as nothing',
  {
    pods: [
      ['a', 'web'],
      ['c', 'web'],
    ],
    constraints: [hard({ minDomains: 3 })],
  },
  expected(uneven, uneven, uneven, unlabelled),
)
filters(
  'with enough of them it does not',
  {
    pods: [
      ['a', 'web'],
      ['c', 'web'],
    ],
    constraints: [hard({ minDomains: 2 })],
  },
  expected('', '', '', unlabelled),
)
filters(
  'a pod on a node that lacks the label of another constraint counts for neither',
  {
    pods: [
      ['d', 'web'],
      ['a', 'web'],
      ['c', 'web'],
    ],
    constraints: [hard(), hard({ topologyKey: hostname, maxSkew: 5 })],
  },
  expected('', '', '', unlabelled),
)
filters(
  'nodes that the pod selects no domain by are none',
  { pods: [['a', 'web']], constraints: [hard()], spec: { nodeSelector: { [zone]: '1' } } },
  expected('', '', '', unlabelled),
)
filters(
  'unless that is to be ignored',
  { pods: [['a', 'web']], constraints: [hard({ nodeAffinityPolicy: 'Ignore' })], spec: { nodeSelector: { [zone]: '1' } } },
  expected(uneven, uneven, '', unlabelled),
)
filters(
  'tainted nodes are a domain',
  { taints: { c: [{ key: 'busy', effect: 'NoSchedule' }] }, pods: [['a', 'web']], constraints: [hard()] },
  expected(uneven, uneven, '', unlabelled),
)
filters(
  'unless that is to be honoured',
  { taints: { c: [{ key: 'busy', effect: 'NoSchedule' }] }, pods: [['a', 'web']], constraints: [hard({ nodeTaintsPolicy: 'Honor' })] },
  expected('', '', '', unlabelled),
)
filters(
  'and the pod does not tolerate them',
  {
    taints: { c: [{ key: 'busy', effect: 'NoSchedule' }] },
    pods: [['a', 'web']],
    constraints: [hard({ nodeTaintsPolicy: 'Honor' })],
    spec: { tolerations: [{ key: 'busy', operator: 'Exists' }] },
  },
  expected(uneven, uneven, '', unlabelled),
)
filters(
  'pods of another revision are others',
  {
    labels: { app: 'web', revision: '2' },
    pods: [['a', 'web', { labels: { app: 'web', revision: '1' } }]],
    constraints: [hard({ matchLabelKeys: ['revision', 'absent'] })],
  },
  expected('', '', '', unlabelled),
)
filters(
  'defaults count as if the pod had them',
  {
    pods: [['a', 'web']],
    objects: [[Service, { selector: { app: 'web' } }]],
    args: { defaultingType: 'List', defaultConstraints: [{ topologyKey: zone, maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' }] },
  },
  expected(uneven, uneven, '', unlabelled),
)
filters(
  'but only where somebody selects it',
  {
    pods: [['a', 'web']],
    objects: [
      [Service, { selector: { app: 'db' } }],
      [Service, {}],
    ],
    args: { defaultingType: 'List', defaultConstraints: [{ topologyKey: zone, maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' }] },
  },
  'skipped',
)

scores('has no opinion where nothing is asked', { pods: [['a', 'web']] }, undefined)
scores('all are equal where nobody is', { constraints: [soft()] }, [100, 100, 100, 0])
scores('prefers the emptier domain', { pods: [['a', 'web']], constraints: [soft()] }, [0, 0, 100, 0])
// ln(2 + 2) for two zones: 3 pods round to 4, 1 pod to 1; 100 · (4 + 1 - 1) / 4 and 100 · (4 + 1 - 4) / 4.
scores(
  'weighs counts by how many domains there are',
  {
    pods: [
      ['a', 'web'],
      ['b', 'web'],
      ['b', 'web'],
      ['c', 'web'],
    ],
    constraints: [soft()],
  },
  [25, 25, 100, 0],
)
scores(
  'counts nodes by themselves',
  {
    pods: [
      ['a', 'web'],
      ['a', 'web'],
    ],
    constraints: [soft({ topologyKey: hostname })],
  },
  [0, 100, 100, 100],
)
scores(
  'waters a difference down by the skew that is allowed',
  { pods: [['a', 'web']], constraints: [soft({ maxSkew: 5 })] },
  [80, 80, 100, 0],
)
const byDefault = {
  pods: [
    ['a', 'web'],
    ['a', 'web'],
  ] as const,
  labels: { app: 'web' },
}
// Four nodes: ln(4 + 2) a pod and 2; three zones, of which the lack of one is the third: ln(3 + 2) a pod and 4. Makes 13, 9, 6 and 2.
const spreadByDefault = [15, 46, 69, 100]
scores(
  'spreads by nodes and zones what a Service selects',
  { ...byDefault, objects: [[Service, { selector: { app: 'web' } }]] },
  spreadByDefault,
)
scores(
  'what a ReplicaSet selects',
  { ...byDefault, owner: ['apps/v1', 'ReplicaSet'], objects: [[ReplicaSet, { selector: { matchLabels: { app: 'web' } } }]] },
  spreadByDefault,
)
scores(
  'what a StatefulSet selects',
  { ...byDefault, owner: ['apps/v1', 'StatefulSet'], objects: [[StatefulSet, { selector: { matchLabels: { app: 'web' } } }]] },
  spreadByDefault,
)
scores(
  'what a ReplicationController selects',
  { ...byDefault, owner: ['v1', 'ReplicationController'], objects: [[ReplicationController, { selector: { app: 'web' } }]] },
  spreadByDefault,
)
scores(
  'only what all of them select',
  {
    ...byDefault,
    owner: ['apps/v1', 'ReplicaSet'],
    labels: { app: 'web', tier: 'front' },
    objects: [
      [Service, { selector: { tier: 'front' } }],
      [ReplicaSet, { selector: { matchLabels: { app: 'web' } } }],
    ],
  },
  // Nobody is counted: what is left is that the last node has no zone.
  [33, 33, 33, 100],
)
scores('nothing by a controller of another sort', { ...byDefault, owner: ['batch/v1', 'Job'] }, undefined)
scores(
  'nothing where the configuration has no defaults',
  { ...byDefault, objects: [[Service, { selector: { app: 'web' } }]], args: { defaultingType: 'List', defaultConstraints: [] } },
  undefined,
)

test('follows Services that come, change and go', () => {
  const { world, put, remove } = createCluster()
  const plugin = podTopologySpread()
  world.setNode(nodeOf('a', { [zone]: '1' }))
  const pod = world.podInfo(podOf('p', { namespace: 'x', labels: { app: 'web' }, spec: {} }))
  const service = (app: string) =>
    put(Service, { metadata: { name: 's', namespace: 'x' }, spec: { selector: { app } } } as unknown as KubeObject)
  const isAsked = () => plugin.preScore!(pod, [...world.nodes.nodes.values()], world, undefined) !== undefined
  assert.equal(isAsked(), false)
  service('web')
  assert.equal(isAsked(), true)
  service('db')
  assert.equal(isAsked(), false)
  service('web')
  remove(Service, 's', 'x')
  assert.equal(isAsked(), false)
})

function begin({ taints = {}, pods = [], constraints, spec, labels = { app: 'web' }, owner, objects = [], args = {} }: Given) {
  const { world, put } = createCluster()
  for (const [i, [kind, of]] of objects.entries())
    put(kind, { metadata: { name: kind === Service ? `s${i}` : 'owner', namespace: 'x' }, spec: of } as unknown as KubeObject)
  for (const [name, value] of Object.entries({ a: '1', b: '1', c: '2', d: undefined }))
    world.setNode(nodeOf(name, value === undefined ? {} : { [zone]: value }, taints[name]))
  for (const [i, [node, app, metadata]] of pods.entries())
    world.setPod(podOf(`${i}`, { namespace: 'x', labels: { app }, spec: {} }, node, metadata))
  const plugin = podTopologySpread({ ...args })
  const plan = { namespace: 'x', labels, spec: { topologySpreadConstraints: constraints, ...spec } }
  const reference = owner && { apiVersion: owner[0], kind: owner[1], name: 'owner', uid: 'o', controller: true }
  const pod = world.podInfo(podOf('p', plan, undefined, reference && { ownerReferences: [reference] }))
  const before = plugin.preFilter!(pod, world)
  assert.ok('state' in before)
  return { world, plugin, pod, before, nodes: [...world.nodes.nodes.values()] }
}
