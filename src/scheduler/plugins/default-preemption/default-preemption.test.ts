import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PodDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import { PodDisruptionBudget as PodDisruptionBudgetKind } from '#api/policy/v1/pod-disruption-budget.ts'
import { seededRandom } from '#lib/random.ts'
import { planFailure } from '../../failure.ts'
import { beginCycle } from '../../framework/cycle.ts'
import { createDecider } from '../../framework/decide.ts'
import { type AnyPlugin, type PostFilter, refuse } from '../../framework/plugin.ts'
import { type Profile, profileOf } from '../../framework/profile.ts'
import { node, pod, sourceOf, worldOf } from '../../testing/fixtures.ts'
import type { Source } from '../../world/lookups.ts'
import type { World } from '../../world/world.ts'
import { defaultProfile } from '../default-profile.ts'
import { nodeResourcesFit } from '../nodes/node-resources-fit.ts'
import { defaultPreemption } from './default-preemption.ts'

// Nodes have one processor. A pod that is there: `name node cpu priority start`. The pod that comes asks for 600m at priority 10.
check('takes the only one that is in the way', { placed: ['low a 500m 1'] }, 'a: low')
check('takes nothing from its equals', { placed: ['equal a 500m 10'] }, '1 No preemption victims found for incoming pod')
check('takes as few as it can', { placed: ['x a 300m 1', 'y a 300m 1', 'z a 300m 1'] }, 'a: y z')
check('keeps the more important', { placed: ['x a 300m 3', 'y a 300m 2', 'z a 300m 1'] }, 'a: y z')
check('keeps who has run longer', { placed: ['young a 500m 1 2026-01-02T00:00:00Z', 'old a 400m 1 2026-01-01T00:00:00Z'] }, 'a: young')
check('prefers the node whose victim is less important', { nodes: ['a', 'b'], placed: ['x a 500m 5', 'y b 500m 2'] }, 'b: y')
check('prefers the node with fewer victims', { nodes: ['a', 'b'], placed: ['x a 450m 1', 'y a 450m 1', 'z b 900m 1'] }, 'b: z')
check(
  'prefers the node whose victims began later',
  { nodes: ['a', 'b'], placed: ['x a 500m 1 2026-01-01T00:00:00Z', 'y b 500m 1 2026-01-02T00:00:00Z'] },
  'b: y',
)
check(
  'breaks no budget where it need not',
  { nodes: ['a', 'b'], placed: ['kept a 500m 1', 'y b 500m 2'], budgets: [budget('kept', 0)] },
  'b: y',
)
check('within a node as well', { placed: ['kept a 500m 1', 'y a 500m 1'], budgets: [budget('kept', 0)], cpu: '400m' }, 'a: y')
check('breaks one where nothing else helps', { placed: ['kept a 500m 1'], budgets: [budget('kept', 0)] }, 'a: kept')
check('a budget with room is none', { nodes: ['a', 'b'], placed: ['kept a 500m 1', 'y b 500m 2'], budgets: [budget('kept', 1)] }, 'a: kept')
check(
  'no one may be taken away for a pod that says so',
  { placed: ['low a 500m 1'], spec: { preemptionPolicy: 'Never' } },
  'not eligible due to preemptionPolicy=Never.',
)
check('nothing helps where no empty node would do', { placed: ['low a 500m 1'], cpu: '2' }, '1 Preemption is not helpful for scheduling')
check(
  'waits while its victims go',
  { placed: ['low a 500m 1 going'], status: { nominatedNodeName: 'a' } },
  'not eligible due to a terminating pod on the nominated node.',
)

test('a promise holds while its victims go, and ends when nothing can be found', () => {
  const promise = (placedText: string) => {
    const world = worldWith({ placed: [placedText] })
    const info = world.podInfo(preemptor('it', { status: { nominatedNodeName: 'a' } }))
    const profile = defaultProfile({ random: seededRandom(1) })
    return planFailure(info, createDecider(profile, world, seededRandom(1)).decide(info) as never, profile, world).nominatedNode
  }
  assert.deepEqual([promise('low a 500m 1 going'), promise('high a 500m 11')], [undefined, ''])
})

test('what was found for one pod holds for the next of its kind, until the node changes', () => {
  const world = worldWith({ nodes: ['a', 'b'], placed: ['x a 500m 1', 'y b 500m 2'] })
  assert.equal(planned(world, {}, 'first'), 'a: x')
  // Promised to the first now: the second one goes elsewhere, not to a node that is spoken for.
  world.nominate(world.podInfo(preemptor('first', {})), 'a')
  assert.equal(planned(world, {}, 'second'), 'b: y')
  world.removePod('y')
  world.setPod(placed('w b 900m 9'))
  assert.equal(planned(world, {}, 'third'), 'b: w')
})

test('what was found for the pods of one scheduler does not hold for those of another', () => {
  const world = worldWith({ placed: ['x a 300m 3', 'y a 300m 2', 'z a 300m 1'] })
  const alone: AnyPlugin = {
    name: 'Alone',
    restsOn: 'node',
    filter: (_pod, { pods }) => (pods.size > 0 ? refuse('in company') : undefined),
  }
  const makeRoom = defaultPreemption({})
  const victimsFor = (plugin: AnyPlugin, schedulerName: string) =>
    searched(world, profileOf(schedulerName, [plugin, makeRoom]), { spec: { schedulerName } }).victims!.map(({ metadata }) => metadata.name)
  assert.deepEqual(victimsFor(nodeResourcesFit({}), 'default-scheduler'), ['y', 'z'])
  assert.deepEqual(victimsFor(alone, 'second'), ['x', 'y', 'z'])
})

test('what is known of a pod that would have to go is what is shown last', () => {
  const world = worldWith({ placed: ['x a 500m 1'] })
  const profile = defaultProfile({ random: seededRandom(1) })
  assert.equal(searched(world, profile).victims?.[0]?.metadata.deletionTimestamp, undefined)
  world.setPod(placed('x a 500m 1 going'))
  assert.notEqual(searched(world, profile).victims?.[0]?.metadata.deletionTimestamp, undefined)
})

test('no node is promised where nobody would have to go', () => {
  const world = worldWith({ nodes: ['a', 'b'], placed: ['x a 100m 1', 'y b 100m 1'] })
  const refusals = new Map(['a', 'b'].map((name) => [name, { ...refuse('licences are out'), plugin: 'Extender' }]))
  const info = world.podInfo(preemptor('it', {}))
  const profile = defaultProfile({ random: seededRandom(1) })
  const { cycle } = beginCycle(info, profile, world)
  const plan = planFailure(info, { cycle, misfit: { nodesTotal: 2, refusals }, refusedBy: new Set(), pendingBy: new Set() }, profile, world)
  assert.deepEqual([plan.nominatedNode, plan.victims], [undefined, []])
  assert.match(
    plan.message,
    /preemption: \[expected at least one victim pod on node "[ab]", expected at least one victim pod on node "[ab]"\]$/,
  )
})

test('an attempt that finds nobody is an attempt', () => {
  const world = worldWith({ placed: ['high a 500m 11'] })
  const info = world.podInfo(preemptor('it', {}))
  const profile = defaultProfile({ random: seededRandom(1) })
  const decision = createDecider(profile, world, seededRandom(1)).decide(info)
  assert.deepEqual(planFailure(info, decision as never, profile, world).victims, [])
})

test('never more than needed and never of a higher priority, whatever is there', () => {
  for (let seed = 0; seed < 150; seed += 1) {
    const random = seededRandom(seed)
    const texts = Array.from(
      { length: 12 },
      (_, index) => `p${index} ${'abc'[random.below(3)]} ${100 * (1 + random.below(4))}m ${random.below(15)}`,
    )
    const world = worldWith({ nodes: ['a', 'b', 'c'], placed: texts })
    const info = world.podInfo(preemptor('it', {}))
    const profile = defaultProfile({ random })
    const decision = createDecider(profile, world, random).decide(info)
    if (decision.node !== undefined) continue
    const post = profile.postFilter.at(-1)!.postFilter!(info, { ...decision.misfit, cycle: decision.cycle } as never, world)
    const victims = post.victims ?? []
    assert.ok(
      victims.every(({ spec }) => (spec.priority ?? 0) < 10),
      `seed ${seed}: too important`,
    )
    assert.ok(
      victims.every(({ spec }) => spec.nodeName === post.nominatedNode),
      `seed ${seed}: elsewhere`,
    )
    if (post.nominatedNode) {
      for (const victim of victims) world.removePod(victim.metadata.uid)
      assert.equal(createDecider(profile, world, random).decide(info).node?.name, post.nominatedNode, `seed ${seed}: it does not fit`)
      for (const victim of victims) {
        world.setPod(victim)
        assert.equal(
          createDecider(profile, world, random).decide(info).node,
          undefined,
          `seed ${seed}: ${victim.metadata.name} went without need`,
        )
        world.removePod(victim.metadata.uid)
      }
    }
  }
})

interface Given {
  readonly nodes?: readonly string[]
  readonly placed: readonly string[]
  readonly budgets?: readonly PodDisruptionBudget[]
  readonly cpu?: string
  readonly spec?: object
  readonly status?: object
}

function check(name: string, given: Given, expected: string): void {
  test(name, () => assert.equal(planned(worldWith(given), given), expected))
}

function worldWith({ nodes = ['a'], placed: texts, budgets = [] }: Given): World {
  const world = worldOf(
    nodes.map((name) => node(name)),
    (kind) => (kind === (PodDisruptionBudgetKind as never) ? (sourceOf(budgets) as unknown as Source<never>) : undefined),
  )
  for (const text of texts) world.setPod(placed(text))
  return world
}

/** What the last of the profile's plug-ins would do for a pod that fits nowhere. */
function searched(world: World, profile: Profile, given: Partial<Given> = {}, uid = 'it'): PostFilter {
  const info = world.podInfo(preemptor(uid, given))
  const decision = createDecider(profile, world, seededRandom(1)).decide(info)
  assert.equal(decision.node, undefined, 'it fits without')
  return profile.postFilter.at(-1)!.postFilter!(info, { ...decision.misfit, cycle: decision.cycle } as never, world)
}

/** `node: victims`, or why there are none. */
function planned(world: World, given: Partial<Given>, uid = 'it'): string {
  const info = world.podInfo(preemptor(uid, given))
  const profile = defaultProfile({ random: { ...seededRandom(1), below: () => 0 } })
  const decision = createDecider(profile, world, seededRandom(1)).decide(info)
  const post = searched(world, profile, given, uid)
  if (post.nominatedNode) return `${post.nominatedNode}: ${post.victims!.map(({ metadata }) => metadata.name).join(' ')}`
  const { message } = planFailure(info, decision as never, profile, world)
  return /preemption: (?:0\/\d+ nodes are available: (.*)\.|(.*))$/.exec(message)!.slice(1).find(Boolean)!
}

const preemptor = (uid: string, { cpu = '600m', spec, status }: Partial<Given>) =>
  pod(uid, {
    cpu,
    spec: { priority: 10, containers: [{ name: 'main', image: 'image', resources: { requests: { cpu } } }], ...spec },
    ...(status && { status }),
  })

function placed(text: string) {
  const [name, nodeName, cpu, priority, start] = text.split(' ')
  const isGoing = start === 'going'
  const one = pod(name!, {
    labels: { app: name! },
    spec: { nodeName, priority: Number(priority), containers: [{ name: 'main', image: 'image', resources: { requests: { cpu } } }] },
    status: {
      startTime: start ?? '2026-01-01T00:00:00Z',
      ...(isGoing && { conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }] }),
    },
  })
  return isGoing ? { ...one, metadata: { ...one.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } } : one
}

function budget(app: string, disruptionsAllowed: number): PodDisruptionBudget {
  return {
    metadata: { name: app, namespace: 'default', uid: app },
    spec: { selector: { matchLabels: { app } } },
    status: { disruptionsAllowed },
  } as unknown as PodDisruptionBudget
}
