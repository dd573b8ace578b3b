import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Service } from '#api/core/v1/service.ts'
import type { TopologySpreadConstraint } from '#api/core/v1/types.ts'
import { matches, selectorOfLabels } from '#api/meta/v1/selector.ts'
import type { Cycle } from '../../framework/plugin.ts'
import { createTrial } from '../../framework/trial.ts'
import {
  type Cluster,
  createCluster,
  everybody,
  histories,
  hostname,
  podOf,
  type Step,
  selectors,
  take,
  topologyKeys,
  zone,
} from '../../world/topology-testing.ts'
import { podTopologySpread } from './pod-topology-spread.ts'
import { type Chosen, countedSpread, ownConstraints } from './testing.ts'

const policies = fc.constantFrom(undefined, 'Honor', 'Ignore')
const constraints = fc.record({
  topologyKey: topologyKeys,
  maxSkew: fc.integer({ min: 1, max: 2 }),
  whenUnsatisfiable: fc.constantFrom('DoNotSchedule', 'ScheduleAnyway'),
  labelSelector: selectors,
  minDomains: fc.constantFrom(undefined, 1, 2, 3),
  nodeAffinityPolicy: policies,
  nodeTaintsPolicy: policies,
  matchLabelKeys: fc.constantFrom(undefined, ['app'], ['app', 'tier']),
})
const specs = fc.record({
  topologySpreadConstraints: fc.oneof(fc.constant(undefined), fc.array(constraints, { maxLength: 3 })),
  nodeSelector: fc.constantFrom(undefined, undefined, { disk: 'ssd' }),
  tolerations: fc.constantFrom(undefined, undefined, [{ key: 'busy', operator: 'Exists' }]),
})

const system = [
  { topologyKey: hostname, whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 3 },
  { topologyKey: zone, whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 5 },
] as const
const listed = [
  { topologyKey: zone, whenUnsatisfiable: 'DoNotSchedule', maxSkew: 1 },
  { topologyKey: 'rack', whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 1 },
] as const

check('with the default constraints', {}, system, false)
check('with constraints from the configuration', { defaultingType: 'List', defaultConstraints: listed }, listed, true)

function check(name: string, args: object, defaults: readonly TopologySpreadConstraint[], requiresAll: boolean): void {
  const plugin = podTopologySpread({ ...args })

  test(`whatever happened before, it answers as if every pod were counted anew: ${name}`, () => {
    fc.assert(
      fc.property(histories(specs), (steps) => {
        const cluster = createCluster()
        for (const step of steps) step.do === 'ask' ? ask(cluster, step) : take(cluster, step)
      }),
      { numRuns: 600 },
    )
  })

  function ask(cluster: Cluster, { pod: plan, node: nodeName, changes }: Extract<Step, { do: 'ask' }>): void {
    const { world } = cluster
    const info = world.podInfo(podOf('asked', plan))
    const nodes = [...world.nodes.nodes.values()]
    const objects = nodes.map(({ node }) => node)
    const own = ownConstraints(info.pod)
    const hasOwn = (info.pod.spec.topologySpreadConstraints?.length ?? 0) > 0
    const chosen = hasOwn ? own : byServices(cluster, plan, defaults)
    const count = () => countedSpread(info.pod, chosen, objects, everybody(world), hasOwn || requiresAll)
    const counted = count()
    const before = plugin.preFilter!(info, world)
    assert.ok('state' in before)
    assert.equal(before.skip ?? false, counted.isSkipped)
    for (const node of nodes) assert.equal(plugin.filter!(info, node, before.state, world)?.reasons[0], counted.refusal(node.node))

    const left = nodes.filter((_, i) => i % 2 === 0 || i < 3)
    const scores = plugin.preScore!(info, left, world, before.state)
    assert.equal(scores !== undefined, counted.isScored)
    assert.equal(plugin.isUniform!(info, world), !counted.isScored)
    if (scores !== undefined) {
      const values = Float64Array.from(left, (node) => plugin.score!(info, node, scores, world))
      plugin.normalize!(values, info, left, scores)
      assert.deepEqual([...values], counted.scores(left.map(({ node }) => node)))
    }

    const original = world.nodes.nodes.get(nodeName)
    if (original === undefined || before.skip) return
    const cycle: Cycle = { pod: info, world, filters: [{ plugin, state: before.state }], states: new Map() }
    const trial = createTrial(cycle, original)
    for (const [i, change] of changes.entries()) {
      const other =
        'put' in change
          ? world.podInfo(podOf(`put${i}`, change.put === 'alike' ? plan : change.put))
          : [...trial.node.pods.values()][change.take]
      if (other === undefined) continue
      if ('put' in change) trial.put(other)
      else trial.take(other)
      counted.change(other.pod, original.node, 'put' in change ? 1 : -1)
      assert.equal(trial.refusal()?.reasons[0], counted.refusal(original.node))
    }
    trial.end()
    const again = count()
    for (const node of nodes) assert.equal(plugin.filter!(info, node, before.state, world)?.reasons[0], again.refusal(node.node))
  }
}

/** Services come and go with the steps; here no pod has a controller. */
function byServices(
  { world }: Cluster,
  { namespace, labels }: { namespace: string; labels: object },
  defaults: readonly TopologySpreadConstraint[],
) {
  const services = world.lookups.of(Service).list(namespace)
  const selecting = services.filter(({ spec }) => matches(selectorOfLabels(spec.selector), { ...labels }))
  const selector = Object.assign({}, ...selecting.map(({ spec }) => spec.selector)) as Record<string, string>
  if (Object.keys(selector).length === 0) return []
  return defaults.map((constraint): Chosen => ({ constraint, selector: selectorOfLabels(selector) }))
}
