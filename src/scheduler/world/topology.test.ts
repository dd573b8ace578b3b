import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { matches, selectorOf } from '#api/meta/v1/selector.ts'
import type { LabelSelector } from '#api/meta/v1/types.ts'
import { labelOf } from './node-info.ts'
import { createTopologyIndex, type TopologyIndex } from './topology.ts'
import { domainOf, noDomain } from './topology-domains.ts'
import { everyNode, type NodeRule } from './topology-ground.ts'
import { scopeIn } from './topology-scope.ts'
import { selectionKey } from './topology-selections.ts'
import { createCluster, everybody, histories, nodeOf, podOf, type Step, selectors, take, topologyKeys } from './topology-testing.ts'
import type { World } from './world.ts'

const onSolidState: NodeRule = { key: 'ssd', looksAtTaints: false, accepts: (node) => labelOf(node, 'disk') === 'ssd' }
const undisturbed: NodeRule = { key: 'calm', looksAtTaints: true, accepts: ({ node }) => (node.spec.taints ?? []).length === 0 }

const questions = fc.record({
  key: topologyKeys,
  selector: selectors,
  rule: fc.constantFrom(everyNode, onSolidState, undisturbed),
  countsTerminating: fc.boolean(),
})

test('counts are right, also when there is room for few of them', () => {
  fc.assert(
    fc.property(histories(questions), (steps) => {
      const cluster = createCluster()
      const limits = { selectionsMax: 2, talliesMax: 1, listenersMax: 1, idleTopologiesMax: 1 }
      const index = createTopologyIndex(cluster.world, limits)
      for (const step of steps) step.do === 'ask' ? ask(index, cluster.world, step) : take(cluster, step)
    }),
    { numRuns: 500 },
  )
})

interface Question {
  readonly key: string
  readonly selector: LabelSelector | undefined
  readonly rule: NodeRule
  readonly countsTerminating: boolean
}

function ask(index: TopologyIndex, world: World, { pod: { namespace, spec } }: Extract<Step, { do: 'ask' }>): void {
  const { key, selector: written, rule, countsTerminating } = spec as Question
  const selector = selectorOf(written)
  const scopes = [scopeIn(namespace, selector)]
  const selection = index.selection(selectionKey(scopes, countsTerminating), () => ({ scopes, countsTerminating }))
  const tally = index.tally(selection, key, rule)

  const nodes = [...world.nodes.nodes.values()]
  const isCounted = ({ metadata }: ReturnType<typeof podOf>): boolean =>
    metadata.namespace === namespace &&
    (countsTerminating || metadata.deletionTimestamp === undefined) &&
    matches(selector, metadata.labels)
  const counts = new Map<string, number>()
  for (const node of nodes) {
    const value = labelOf(node, key)
    const here = everybody(world).filter((placed) => placed.node === node.node && isCounted(placed.pod)).length
    assert.equal(selection.byNode.values[node.slot], here)
    if (value !== undefined && rule.accepts(node)) counts.set(value, (counts.get(value) ?? 0) + here)
  }
  for (const node of nodes) {
    const value = labelOf(node, key)
    const domain = domainOf(tally.ground.topology, node)
    assert.equal(domain === noDomain, value === undefined)
    if (value !== undefined) assert.equal(tally.counts.values[domain], counts.get(value) ?? 0)
  }
  assert.equal(tally.ground.domains, counts.size)
  assert.equal(
    tally.total,
    [...counts.values()].reduce((sum, count) => sum + count, 0),
  )
  assert.equal(tally.least, counts.size === 0 ? 2 ** 31 - 1 : Math.min(...counts.values()))
}

test('a row that is given to another node brings nothing of the old one', () => {
  const { world } = createCluster()
  const index = createTopologyIndex(world, { selectionsMax: 9, talliesMax: 9, listenersMax: 9, idleTopologiesMax: 9 })
  const scopes = [scopeIn('x', selectorOf({}))]
  const tally = () =>
    index.tally(
      index.selection('all', () => ({ scopes, countsTerminating: true })),
      'rack',
      everyNode,
    )
  const node = (name: string, rack: string) => ({ metadata: { name, labels: { rack } }, spec: {}, status: {} }) as never
  const pod = (uid: string) => ({ namespace: 'x', labels: { uid }, spec: {} })
  world.setNode(node('old', 'r1'))
  world.setPod(podOf('p', pod('p'), 'old'))
  assert.equal(tally().total, 1)
  const { slot } = world.nodes.nodes.get('old')!
  world.removeNode('old')
  assert.equal(tally().total, 0)
  world.setNode(node('new', 'r2'))
  assert.equal(world.nodes.nodes.get('new')!.slot, slot)
  assert.deepEqual([tally().total, tally().ground.domains, tally().least], [0, 1, 0])
  // It comes back, and finds its pod again.
  world.setNode(node('old', 'r2'))
  assert.deepEqual([tally().total, tally().ground.domains, tally().least], [1, 1, 1])
})

test('a node counts while its taints let it, with all who are there', () => {
  const { world } = createCluster()
  const index = createTopologyIndex(world, { selectionsMax: 9, talliesMax: 9, listenersMax: 9, idleTopologiesMax: 9 })
  const scopes = [scopeIn('x', selectorOf({}))]
  const selection = index.selection('all', () => ({ scopes, countsTerminating: true }))
  const tally = index.tally(selection, 'rack', undisturbed)
  const told = () => [tally.total, tally.ground.domains, tally.least]
  const taint = { key: 'busy', effect: 'NoSchedule' }
  world.setNode(nodeOf('a', { rack: 'r1' }))
  world.setNode(nodeOf('b', { rack: 'r2' }))
  world.setPod(podOf('p', { namespace: 'x', labels: {}, spec: {} }, 'a'))
  assert.deepEqual(told(), [1, 2, 0])
  world.setNode(nodeOf('a', { rack: 'r1' }, [taint]))
  assert.deepEqual(told(), [0, 1, 0])
  world.setNode(nodeOf('b', { rack: 'r2' }, [taint]))
  assert.deepEqual(told(), [0, 0, 2 ** 31 - 1])
  world.setNode(nodeOf('a', { rack: 'r1' }))
  assert.deepEqual(told(), [1, 1, 1])
})
