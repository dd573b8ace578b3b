import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Namespace } from '#api/core/v1/namespace.ts'
import type { KubeObject } from '#api/kind.ts'
import { createTrial, firstRefusal } from '../../framework/trial.ts'
import { placementChecks } from '../../testing/placement-checks.ts'
import { createCluster, nodeOf, podOf, zone } from '../../world/topology-testing.ts'
import { interPodAffinity } from './inter-pod-affinity.ts'

const term = (app: string, topologyKey = zone, more: object = {}) => ({ topologyKey, labelSelector: { matchLabels: { app } }, ...more })
const required = (...terms: object[]) => ({ requiredDuringSchedulingIgnoredDuringExecution: terms })
const preferred = (weight: number, podAffinityTerm: object) => ({
  preferredDuringSchedulingIgnoredDuringExecution: [{ weight, podAffinityTerm }],
})
const near = (terms: object) => ({ podAffinity: terms })
const apart = (terms: object) => ({ podAntiAffinity: terms })

const affinity = "for good: node(s) didn't match pod affinity rules"
const antiAffinity = "node(s) didn't match pod anti-affinity rules"
const existing = "node(s) didn't satisfy existing pods anti-affinity rules"

interface Given {
  /** `pods` on the node, as app and affinity; nodes a and b are in zone 1, c is in zone 2, d in none. */
  readonly pods?: readonly (readonly [node: string, app: string, affinity?: object, namespace?: string])[]
  readonly app?: string
  readonly affinity?: object
  readonly namespaces?: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly args?: object
}

const { filters, scores } = placementChecks(begin)
const expected = (a: string, b: string, c: string, d: string) => ({ a, b, c, d })

filters('asks nobody about a pod that nobody has anything to say about', { pods: [['a', 'db']] }, 'skipped')
filters('needs one of them near', { pods: [['a', 'db']], affinity: near(required(term('db'))) }, expected('', '', affinity, affinity))
filters(
  'waits where there is none, unless it is one itself',
  { affinity: near(required(term('db'))) },
  expected(affinity, affinity, affinity, affinity),
)
filters('may be the first of its group', { app: 'db', affinity: near(required(term('db'))) }, expected('', '', '', affinity))
filters(
  'is not the first where another is in a domain of any term',
  { app: 'db', pods: [['d', 'db']], affinity: near(required(term('db', 'rack'), term('db'))) },
  expected(affinity, affinity, affinity, affinity),
)
filters(
  'is the first where the others are in no domain at all',
  { app: 'db', pods: [['d', 'db']], affinity: near(required(term('db'))) },
  expected('', '', '', affinity),
)
filters(
  'needs one pod that all terms select',
  {
    pods: [
      ['a', 'db'],
      ['a', 'web'],
    ],
    affinity: near(required(term('db'), term('web'))),
  },
  expected(affinity, affinity, affinity, affinity),
)
filters(
  'keeps away from them',
  { pods: [['a', 'db']], affinity: apart(required(term('db'))) },
  expected(antiAffinity, antiAffinity, '', ''),
)
filters(
  'keeps away from each sort on its own',
  {
    pods: [
      ['a', 'db'],
      ['c', 'web'],
    ],
    affinity: apart(required(term('db'), term('web'))),
  },
  expected(antiAffinity, antiAffinity, antiAffinity, ''),
)
filters('is kept away by them', { app: 'web', pods: [['c', 'db', apart(required(term('web')))]] }, expected('', '', existing, ''))
filters(
  'a term means its own namespace',
  { pods: [['a', 'db', {}, 'y']], affinity: near(required(term('db'))) },
  expected(affinity, affinity, affinity, affinity),
)
filters(
  'or those that it names',
  { pods: [['a', 'db', {}, 'y']], affinity: near(required(term('db', zone, { namespaces: ['y'] }))) },
  expected('', '', affinity, affinity),
)
filters(
  'or those with these labels',
  {
    pods: [
      ['a', 'db', {}, 'y'],
      ['c', 'db', {}, 'z'],
    ],
    namespaces: { y: { team: 'red' }, z: { team: 'blue' } },
    affinity: apart(required(term('db', zone, { namespaceSelector: { matchLabels: { team: 'red' } } }))),
  },
  expected(antiAffinity, antiAffinity, '', ''),
)
filters(
  'or all, also those that nobody knows',
  { pods: [['a', 'db', {}, 'y']], affinity: apart(required(term('db', zone, { namespaceSelector: {} }))) },
  expected(antiAffinity, antiAffinity, '', ''),
)
filters('no selector selects nobody', { pods: [['a', 'db']], affinity: apart(required({ topologyKey: zone })) }, expected('', '', '', ''))
filters(
  'a selector that cannot be understood selects nobody either',
  {
    pods: [['a', 'db']],
    affinity: apart(required({ topologyKey: zone, labelSelector: { matchExpressions: [{ key: 'app', operator: 'Near' }] } })),
  },
  expected('', '', '', ''),
)

scores('has no opinion where nobody prefers anything', { pods: [['a', 'db']] }, undefined)
scores('prefers them near', { pods: [['a', 'db']], affinity: near(preferred(10, term('db'))) }, [100, 100, 0, 0])
scores('prefers them far', { pods: [['a', 'db']], affinity: apart(preferred(10, term('db'))) }, [0, 0, 100, 100])
scores(
  'counts each of them, and cuts fractions off',
  {
    pods: [
      ['a', 'db'],
      ['b', 'db'],
      ['b', 'web'],
      ['c', 'db'],
    ],
    affinity: near(preferred(1, term('db'))),
  },
  [100, 100, 50, 0],
)
scores(
  'cuts fractions off',
  {
    pods: [
      ['a', 'db'],
      ['a', 'db'],
      ['a', 'db'],
      ['c', 'db'],
    ],
    affinity: near(preferred(1, term('db'))),
  },
  [100, 100, 33, 0],
)
scores('goes where it is preferred', { pods: [['c', 'db', near(preferred(7, term('web')))]] }, [0, 0, 100, 0])
scores('goes where it is needed', { pods: [['c', 'db', near(required(term('web')))]] }, [0, 0, 100, 0])
scores(
  'where that is said to count for nothing, it does',
  { pods: [['c', 'db', near(required(term('web')))]], args: { hardPodAffinityWeight: 0 } },
  undefined,
)
scores(
  'being needed counts as much as is said',
  {
    pods: [
      ['c', 'db', near(required(term('web')))],
      ['a', 'db', near(preferred(4, term('web')))],
    ],
    args: { hardPodAffinityWeight: 8 },
  },
  [50, 50, 100, 0],
)
scores(
  'leaves out what others prefer where it prefers nothing itself',
  { pods: [['c', 'db', near(preferred(7, term('web')))]], args: { ignorePreferredTermsOfExistingPods: true } },
  undefined,
)
scores(
  'but not where it does',
  {
    pods: [['c', 'db', near(preferred(7, term('web')))]],
    affinity: near(preferred(1, term('none'))),
    args: { ignorePreferredTermsOfExistingPods: true },
  },
  [0, 0, 100, 0],
)

test('follows the labels of namespaces', () => {
  const { world, put, remove } = clusterOf({ pods: [['a', 'db', {}, 'y']] })
  const plugin = interPodAffinity()
  const selector = { namespaceSelector: { matchLabels: { team: 'red' } } }
  const pod = world.podInfo(podOf('p', { namespace: 'x', labels: {}, spec: { affinity: apart(required(term('db', zone, selector))) } }))
  const reason = () => {
    const result = plugin.preFilter!(pod, world)
    return 'state' in result ? plugin.filter!(pod, world.nodes.nodes.get('a')!, result.state, world)?.reasons[0] : undefined
  }
  const label = (team: string) => put(Namespace, { metadata: { name: 'y', labels: { team } } } as unknown as KubeObject)
  assert.equal(reason(), undefined)
  label('red')
  assert.equal(reason(), antiAffinity)
  label('blue')
  assert.equal(reason(), undefined)
  label('red')
  remove(Namespace, 'y')
  assert.equal(reason(), undefined)
})

test('where the only one of its group is to go, it may be the first', () => {
  const { world, plugin, pod, before } = begin({ app: 'db', pods: [['c', 'db']], affinity: near(required(term('db', 'rack'))) })
  const cycle = { pod, world, filters: [{ plugin, state: before.state }], states: new Map() }
  assert.deepEqual(firstRefusal(cycle, world.nodes.nodes.get('a')!)?.reasons, ["node(s) didn't match pod affinity rules"])
  const trial = createTrial(cycle, world.nodes.nodes.get('c')!)
  assert.equal(trial.refusal(), undefined)
  const [other] = trial.node.pods.values()
  trial.take(other!)
  assert.equal(trial.refusal(), undefined)
  trial.put(other!)
  assert.equal(trial.refusal(), undefined)
  trial.end()
})

function clusterOf({ pods = [], namespaces = {} }: Given) {
  const cluster = createCluster()
  for (const [name, labels] of Object.entries(namespaces)) cluster.put(Namespace, { metadata: { name, labels } } as unknown as KubeObject)
  for (const [name, value] of Object.entries({ a: '1', b: '1', c: '2', d: undefined }))
    cluster.world.setNode(nodeOf(name, { ...(value !== undefined && { [zone]: value }), rack: name }))
  pods.forEach(([node, app, affinity, namespace = 'x'], i) => {
    cluster.world.setPod(podOf(`${i}`, { namespace, labels: { app }, spec: { affinity } }, node))
  })
  return cluster
}

function begin(given: Given) {
  const { app = 'web', affinity = {}, args = {} } = given
  const { world } = clusterOf(given)
  const plugin = interPodAffinity({ ...args })
  const pod = world.podInfo(podOf('p', { namespace: 'x', labels: { app }, spec: { affinity } }))
  const before = plugin.preFilter!(pod, world)
  assert.ok('state' in before)
  return { world, plugin, pod, before, nodes: [...world.nodes.nodes.values()] }
}
