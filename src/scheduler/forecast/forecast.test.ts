import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import { PodDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import { seededRandom } from '#lib/random.ts'
import { defaultProfile } from '../plugins/default-profile.ts'
import { node, type PodWish, pod } from '../testing/fixtures.ts'
import { amountText } from './describe-refusal.ts'
import { type Forecast, forecast } from './forecast.ts'
import { worldOfObjects } from './world-of-objects.ts'

const on = (name: string, wish: PodWish = {}): PodWish => ({ ...wish, spec: { ...wish.spec, nodeName: name } })
const ports = { containers: [{ name: 'main', image: 'i', resources: {}, ports: [{ hostPort: 80, containerPort: 80, protocol: 'TCP' }] }] }
const antiAffinity = {
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', labelSelector: { matchLabels: { app: 'a' } } }],
    },
  },
}
const near = {
  affinity: {
    podAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', labelSelector: { matchLabels: { app: 'b' } } }],
    },
  },
}
const spread = {
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: 'a' } } },
  ],
}
const a = { app: 'a' }

check('one after another, each seeing those before it', {
  nodes: ['n'],
  pods: [pod('x', { cpu: '600m' }), pod('y', { cpu: '600m' })],
  expected: ['x → n', 'y: n: NodeResourcesFit: asks for cpu 0.6, 0.4 of 1 are free', 'most cpu: n 400 of 600'],
})
check('the most important first', {
  nodes: ['n'],
  pods: [pod('x', { cpu: '600m' }), pod('y', { cpu: '600m', spec: { priority: 5 } })],
  expected: ['y → n', 'x: n: NodeResourcesFit: asks for cpu 0.6, 0.4 of 1 are free', 'most cpu: n 400 of 600'],
})
check('room is made, and budgets are broken only where nothing else is left', {
  nodes: ['n', 'm'],
  there: [pod('low', on('n', { cpu: '1' })), pod('kept', on('m', { cpu: '1', labels: a }))],
  budgets: [budget('keep', 0)],
  pods: [pod('x', { cpu: '1', spec: { priority: 5 } }), pod('y', { cpu: '1', spec: { priority: 5 } })],
  expected: ['x → n instead of low', 'y → m instead of kept, breaking keep'],
})
check('a budget that allows one allows no second', {
  nodes: ['n', 'm'],
  there: [pod('p', on('n', { cpu: '1', labels: a })), pod('q', on('m', { cpu: '1', labels: a }))],
  budgets: [budget('keep', 1)],
  pods: [pod('x', { cpu: '1', spec: { priority: 5 } }), pod('y', { cpu: '1', spec: { priority: 5 } })],
  expected: [/^x → . instead of .$/, /^y → . instead of ., breaking keep$/],
})
check('nobody of equal priority goes', {
  nodes: ['n'],
  there: [pod('p', on('n', { cpu: '1' }))],
  pods: [pod('x', { cpu: '1' })],
  expected: ['x: n: NodeResourcesFit: asks for cpu 1, 0 of 1 are free', 'most cpu: n 0 of 1000'],
})
check('a gate, and a scheduler that nobody knows', {
  nodes: ['n'],
  pods: [pod('x', { spec: { schedulingGates: [{ name: 'g' }] } }), pod('y', { spec: { schedulerName: 'mine' } })],
  expected: [
    'x: held: waiting for scheduling gates: [g]',
    'y: unknown-scheduler: spec.schedulerName is "mine", and the schedulers that are known here are default-scheduler',
  ],
})
check('no nodes', { nodes: [], pods: [pod('x')], expected: ['x'] })

refuses('taints', 'n taint=gpu:NoSchedule', pod('x'), 'TaintToleration: its taint gpu:NoSchedule is not tolerated')
refuses('cordons', 'n cordoned', pod('x'), 'NodeUnschedulable: it is cordoned (spec.unschedulable)')
refuses(
  'labels',
  'n disk=old',
  pod('x', { spec: { nodeSelector: { disk: 'new', gpu: 'yes' } } }),
  'NodeAffinity: asks for the label disk=new, it has disk=old; asks for the label gpu=yes, it has none',
)
refuses('pods', 'n', pod('x'), 'NodeResourcesFit: it holds 1 of at most 1 pods', [pod('p', on('n'))], { pods: '1' })
refuses('ports', 'n', pod('x', { spec: ports }), 'NodePorts: host port TCP 80 is held by pod default/p', [
  pod('p', on('n', { spec: ports })),
])
refuses(
  'anti-affinity of its own',
  'n zone=z',
  pod('x', { spec: antiAffinity }),
  'InterPodAffinity: must not be near pod default/p in zone=z',
  [pod('p', on('n', { labels: a }))],
)
refuses('anti-affinity of others', 'n zone=z', pod('x', { labels: a }), 'InterPodAffinity: pod default/p will not have it in zone=z', [
  pod('p', on('n', { spec: antiAffinity })),
])
refuses('affinity', 'n zone=z', pod('x', { spec: near }), 'InterPodAffinity: no pod that it has to be near is in zone=z')
refuses('a label to spread by', 'n', pod('x', { labels: a, spec: spread }), 'PodTopologySpread: is spread by zone, a label that it has not')

test('spreading, with counts', () => {
  const world = worldOf(['n zone=z', 'm zone=y cordoned'], [pod('p', on('n', { labels: a }))], [])
  const [result] = run([pod('x', { labels: a, spec: spread })], world)
  assert.ok(result?.becomes === 'refused')
  assert.equal(result.refusals.get('n')?.detail, 'zone=z has 1 of its like, the emptiest has 0, and maxSkew is 1')
})

test('amounts', () => {
  assert.deepEqual(
    [amountText('cpu', 1500), amountText('memory', 3 * 2 ** 30), amountText('memory', 8_232_534_016), amountText('example.com/gpu', 2)],
    ['1.5', '3Gi', '7851Mi', '2'],
  )
})

// --- helpers ---------------------------------------------------------------------------------------------------------------------------

interface Case {
  readonly nodes: readonly string[]
  readonly there?: readonly Pod[]
  readonly budgets?: readonly KubeObject[]
  readonly pods: readonly Pod[]
  readonly expected: readonly (string | RegExp)[]
}

function check(name: string, { nodes, there = [], budgets = [], pods, expected }: Case): void {
  test(name, () => {
    const lines = run(pods, worldOf(nodes, there, budgets)).flatMap(told)
    assert.equal(lines.length, expected.length, lines.join('\n'))
    for (const [index, one] of expected.entries())
      if (typeof one === 'string') assert.equal(lines[index], one)
      else assert.match(lines[index]!, one)
  })
}

function refuses(name: string, nodeText: string, asking: Pod, expected: string, there: readonly Pod[] = [], allocatable?: object): void {
  test(`refused for ${name}`, () => {
    const world = worldOf([], there, [], [node(nodeText, allocatable && { allocatable: { cpu: '1', memory: '1Gi', ...allocatable } })])
    const [result] = run([asking], world)
    assert.ok(result?.becomes === 'refused', JSON.stringify(result))
    const { plugin, detail } = result.refusals.get('n')!
    assert.equal(`${plugin}: ${detail}`, expected)
  })
}

function worldOf(texts: readonly string[], there: readonly Pod[], budgets: readonly KubeObject[], more: readonly Node[] = []) {
  const nodes = [...texts.map((text) => node(text)), ...more]
  const namespaces = [{ metadata: { name: 'default' } }] as unknown as readonly KubeObject[]
  const lists: readonly (readonly [AnyKind, readonly KubeObject[]])[] = [
    [Node, nodes],
    [Pod, there],
    [Namespace, namespaces],
    [PodDisruptionBudget, budgets],
  ]
  return worldOfObjects(new Map(lists), 0)
}

const run = (pods: readonly Pod[], world: ReturnType<typeof worldOfObjects>): readonly Forecast[] =>
  forecast(pods, [defaultProfile({ random: seededRandom(1) })], world, seededRandom(1))

function told(result: Forecast): readonly string[] {
  const { name } = result.pod.metadata
  if (result.becomes === 'placed') {
    const gone = result.preempted.map(({ metadata }) => metadata.name).join()
    const broken = result.brokenBudgets.map(({ metadata }) => metadata.name).join()
    return [`${name} → ${result.node}${gone === '' ? '' : ` instead of ${gone}`}${broken === '' ? '' : `, breaking ${broken}`}`]
  }
  if (result.becomes !== 'refused') return [`${name}: ${result.becomes}: ${result.message}`]
  const refusals = [...result.refusals].map(([node, { plugin, detail }]) => `: ${node}: ${plugin}: ${detail}`)
  const shortages = result.shortages.map(({ resource, node, free, asked }) => `most ${resource}: ${node} ${free} of ${asked}`)
  return [`${name}${refusals.join('')}`, ...shortages]
}

function budget(name: string, disruptionsAllowed: number): KubeObject {
  return {
    kind: 'PodDisruptionBudget',
    metadata: { name, namespace: 'default', uid: name },
    spec: { selector: { matchLabels: a } },
    status: { disruptionsAllowed },
  } as unknown as KubeObject
}
