import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Namespace } from '#api/core/v1/namespace.ts'
import type { Cycle } from '../../framework/plugin.ts'
import { createTrial } from '../../framework/trial.ts'
import type { PodInfo } from '../../world/pod-info.ts'
import { createTopologyIndex, topologyIndex } from '../../world/topology.ts'
import { domainOf } from '../../world/topology-domains.ts'
import type { Terms } from '../../world/topology-terms.ts'
import {
  type Cluster,
  createCluster,
  everybody,
  histories,
  podOf,
  type Step,
  selectors,
  take,
  topologyKeys,
} from '../../world/topology-testing.ts'
import { interPodAffinity } from './inter-pod-affinity.ts'
import { countedAffinity } from './testing.ts'

const hardPodAffinityWeight = 3
const plugin = interPodAffinity({ hardPodAffinityWeight })

const namespaceSelectors = fc.constantFrom(
  undefined,
  {},
  { matchLabels: { team: 'red' } },
  { matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['red'] }] },
)
const terms = fc.record({
  topologyKey: topologyKeys,
  labelSelector: selectors,
  namespaces: fc.constantFrom(undefined, ['x'], ['y', 'z']),
  namespaceSelector: namespaceSelectors,
})
const required = fc.array(terms, { maxLength: 2 })
const preferred = fc.array(fc.record({ weight: fc.integer({ min: 1, max: 100 }), podAffinityTerm: terms }), { maxLength: 2 })
const side = fc.record(
  { requiredDuringSchedulingIgnoredDuringExecution: required, preferredDuringSchedulingIgnoredDuringExecution: preferred },
  { requiredKeys: [] },
)
const specs = fc.oneof(
  fc.constant({}),
  fc.record({ affinity: fc.record({ podAffinity: side, podAntiAffinity: side }, { requiredKeys: [] }) }),
)

test('whatever happened before, it answers as if every pod were counted anew', () => {
  fc.assert(
    fc.property(histories(specs), (steps) => {
      const cluster = createCluster()
      // The index may begin at any time: here with the first question.
      for (const step of steps) step.do === 'ask' ? ask(cluster, step) : take(cluster, step)
    }),
    { numRuns: 600 },
  )
})

test('what terms say about a pod does not rest on who asked before', () => {
  fc.assert(
    fc.property(histories(specs), (steps) => {
      const cluster = createCluster()
      const { world } = cluster
      const narrow = createTopologyIndex(world, { selectionsMax: 1, talliesMax: 1, listenersMax: 1, idleTopologiesMax: 1 })
      const nodes = () => [...world.nodes.nodes.values()]
      const said = (terms: Terms, info: PodInfo) =>
        nodes().map((node) =>
          [...terms.about(info).values()].reduce((sum, { topology, counts }) => sum + (counts.values[domainOf(topology, node)] ?? 0), 0),
        )
      for (const step of steps) {
        if (step.do !== 'ask') {
          take(cluster, step)
          continue
        }
        const info = world.podInfo(podOf('asked', step.pod))
        const wide = topologyIndex(world)
        for (const sort of ['requiredAffinity', 'requiredAntiAffinity', 'preferred'] as const)
          assert.deepEqual(said(narrow[sort], info), said(wide[sort], info))
      }
    }),
    { numRuns: 300 },
  )
})

function ask({ world }: Cluster, { pod: plan, node: nodeName, changes }: Extract<Step, { do: 'ask' }>): void {
  const info = world.podInfo(podOf('asked', plan))
  const namespaces = new Map(
    world.lookups
      .of(Namespace)
      .list()
      .map(({ metadata: { name, labels = {} } }) => [name, labels]),
  )
  const counted = countedAffinity(info.pod, everybody(world), namespaces)
  const before = plugin.preFilter!(info, world)
  assert.ok('state' in before)
  assert.equal(before.skip ?? false, counted.isSkipped)
  const nodes = [...world.nodes.nodes.values()]
  for (const node of nodes) assert.deepEqual(plugin.filter!(info, node, before.state, world)?.reasons[0], counted.refusal(node.node))

  const raw = nodes.map(({ node }) => counted.score(node, hardPodAffinityWeight))
  const scores = plugin.preScore!(info, nodes, world, before.state)
  assert.deepEqual(scores === undefined ? nodes.map(() => 0) : nodes.map((node) => plugin.score!(info, node, scores, world)), raw)
  if (plugin.isUniform!(info, world)) assert.ok(raw.every((score) => score === raw[0]))

  const original = world.nodes.nodes.get(nodeName)
  if (original === undefined || before.skip) return
  const cycle: Cycle = { pod: info, world, filters: [{ plugin, state: before.state }], states: new Map() }
  const trial = createTrial(cycle, original)
  let placed = everybody(world)
  for (const [i, change] of changes.entries()) {
    if ('put' in change) {
      const other = podOf(`put${i}`, change.put === 'alike' ? plan : change.put)
      trial.put(world.podInfo(other))
      placed = [...placed, { pod: other, node: original.node }]
    } else {
      const other = [...trial.node.pods.values()][change.take]
      if (other === undefined) continue
      trial.take(other)
      placed = placed.filter(({ pod }) => pod !== other.pod)
    }
    assert.equal(trial.refusal()?.reasons[0], countedAffinity(info.pod, placed, namespaces).refusal(original.node))
  }
  trial.end()
  for (const node of nodes) assert.deepEqual(plugin.filter!(info, node, before.state, world)?.reasons[0], counted.refusal(node.node))
}
