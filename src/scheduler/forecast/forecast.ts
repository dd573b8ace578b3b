import type { Pod } from '#api/core/v1/pod.ts'
import { matches } from '#api/meta/v1/selector.ts'
import { PodDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import type { Random } from '#lib/random.ts'
import { createDecider, type Decider, type Decision } from '../framework/decide.ts'
import { type ExplainedRefusal, explain } from '../framework/explain.ts'
import { fitError } from '../framework/fit-error.ts'
import type { Profile } from '../framework/profile.ts'
import { budgetsOf } from '../plugins/default-preemption/select-victims.ts'
import type { PodInfo, PodShape } from '../world/pod-info.ts'
import type { World } from '../world/world.ts'
import { describeRefusal, type Shortage, shortagesOn } from './describe-refusal.ts'

/** What would become of one pod. */
export type Forecast =
  | {
      readonly pod: Pod
      readonly becomes: 'placed'
      readonly node: string
      /** Pods that would have to go for it, and the budgets that they break. */
      readonly preempted: readonly Pod[]
      readonly brokenBudgets: readonly PodDisruptionBudget[]
    }
  /** Not even tried: gates, or what it needs is not there yet. */
  | { readonly pod: Pod; readonly becomes: 'held'; readonly message: string }
  /** Nobody places pods that ask for its scheduler. */
  | { readonly pod: Pod; readonly becomes: 'unknown-scheduler'; readonly message: string }
  | {
      readonly pod: Pod
      readonly becomes: 'refused'
      /** In the words of the condition that it would have. */
      readonly message: string
      /** Each node's reason. */
      readonly refusals: ReadonlyMap<string, ExplainedRefusal>
      /** Of what no node has enough, and the node that comes nearest. */
      readonly shortages: readonly (Shortage & { readonly node: string })[]
    }

/**
 * Places pods one after another on a world of its own, the most important first as the queue would have it, each seeing those before it.
 * The world is changed as the decisions would change it; nothing is written anywhere. `random` chooses among equally good nodes.
 */
export function forecast(pods: readonly Pod[], profiles: readonly Profile[], world: World, random: Random): readonly Forecast[] {
  const deciders = new Map(profiles.map((profile) => [profile.schedulerName, createDecider(profile, world, random)]))
  const known: Known = new Map()
  const byName = new Map(profiles.map((profile) => [profile.schedulerName, profile]))
  return pods
    .toSorted((a, b) => (b.spec.priority ?? 0) - (a.spec.priority ?? 0))
    .map((pod) => {
      const name = pod.spec.schedulerName || 'default-scheduler'
      const profile = byName.get(name)
      if (profile === undefined) return { pod, becomes: 'unknown-scheduler', message: unknownScheduler(name, profiles) }
      return forecastOne(pod, profile, deciders.get(name)!, world, known)
    })
}

/** What to say of a scheduler that is not among the profiles. */
export const unknownScheduler = (name: string, profiles: readonly Profile[]): string =>
  `spec.schedulerName is "${name}", and the schedulers that are known here are ${profiles.map(({ schedulerName }) => schedulerName).join(', ')}`

function forecastOne(pod: Pod, profile: Profile, decider: Decider, world: World, known: Known): Forecast {
  for (const { preEnqueue } of profile.preEnqueue) {
    const message = preEnqueue!(pod, world)
    if (message !== undefined) return { pod, becomes: 'held', message }
  }
  const info = world.podInfo(pod)
  const decision = decider.decide(info)
  if (decision.node !== undefined) return settle(info, decision, profile, world, [], [])
  const room = makeRoom(info, decision, profile, world)
  if (typeof room === 'string') return refused(info, room, profile, world, known)
  const brokenBudgets = room.victims.flatMap((victim) => leave(victim, world))
  // The promise makes the decision look at that node first, as the next try of the pod would.
  const again = world.podInfo({ ...pod, status: { ...pod.status, nominatedNodeName: room.node } })
  const second = decider.decide(again)
  if (second.node === undefined) return refused(info, fitError(second.misfit), profile, world, known)
  return settle(info, second, profile, world, room.victims, brokenBudgets)
}

/** The pod takes what it needs there, and counts from now on. */
function settle(
  info: PodInfo,
  { node, cycle }: Extract<Decision, { node: object }>,
  profile: Profile,
  world: World,
  preempted: readonly Pod[],
  brokenBudgets: readonly PodDisruptionBudget[],
): Forecast {
  for (const plugin of profile.reserve) {
    const refusal = plugin.reserve!(info, node, cycle.states.get(plugin.name), world)
    if (refusal === undefined) continue
    for (const each of profile.reserve.toReversed()) each.unreserve?.(info, node, cycle.states.get(each.name), world)
    const refusals = new Map([[node.name, { ...refusal, plugin: plugin.name }]])
    return { pod: info.pod, becomes: 'refused', message: fitError({ nodesTotal: 1, refusals }), refusals, shortages: [] }
  }
  world.assume(info, node.name)
  return { pod: info.pod, becomes: 'placed', node: node.name, preempted, brokenBudgets: [...new Set(brokenBudgets)] }
}

/** Whom the plug-ins would send away, or why that would not help, with what the nodes said. */
function makeRoom(
  info: PodInfo,
  { misfit, cycle }: Extract<Decision, { node?: undefined }>,
  profile: Profile,
  world: World,
): { readonly node: string; readonly victims: readonly Pod[] } | string {
  if (misfit.nodesTotal === 0) return fitError(misfit)
  const messages: string[] = []
  for (const { postFilter } of profile.postFilter) {
    const plan = postFilter!(info, { refusals: misfit.refusals, others: misfit.others, cycle }, world)
    if (plan.nominatedNode && plan.victims !== undefined) return { node: plan.nominatedNode, victims: plan.victims }
    if (plan.ends) return fitError(misfit, plan.message)
    if (plan.message !== '') messages.push(plan.message)
  }
  return fitError(misfit, messages.join(', '))
}

/** The budgets that its going breaks; each allows one disruption less from now on. */
function leave(victim: Pod, world: World): readonly PodDisruptionBudget[] {
  world.removePod(victim.metadata.uid)
  const budgets = world.lookups.of(PodDisruptionBudget)
  const own = budgetsOf(budgets.list(victim.metadata.namespace)).filter(({ selector }) => matches(selector, victim.metadata.labels))
  return own.flatMap(({ budget }) => {
    const allowed = budget.status?.disruptionsAllowed ?? 0
    budgets.assume({ ...budget, status: { ...budget.status, disruptionsAllowed: allowed - 1 } } as PodDisruptionBudget)
    return allowed > 0 ? [] : [budgets.actual(budget.metadata.name, budget.metadata.namespace) ?? budget]
  })
}

type Refused = Extract<Forecast, { readonly becomes: 'refused' }>
/** The last refusal of each shape. */
type Known = Map<PodShape, Refused>

/** Explained once for all pods that are alike and are refused in the same words one after another. */
function refused(info: PodInfo, message: string, profile: Profile, world: World, known: Known): Refused {
  const last = known.get(info.shape)
  if (last?.message === message) return { ...last, pod: info.pod }
  const { refusals } = explain(info, profile, world, describeRefusal)
  const result: Refused = { pod: info.pod, becomes: 'refused', message, refusals, shortages: nearest(info, refusals, world) }
  known.set(info.shape, result)
  return result
}

/** Of each resource that nodes lack, the node that has most of it free. */
function nearest(
  info: PodInfo,
  refusals: ReadonlyMap<string, ExplainedRefusal>,
  world: World,
): readonly (Shortage & { readonly node: string })[] {
  const best = new Map<string, Shortage & { readonly node: string }>()
  for (const [name, { plugin }] of refusals) {
    const node = world.nodes.nodes.get(name)
    if (plugin !== 'NodeResourcesFit' || node === undefined) continue
    for (const shortage of shortagesOn(info, node, world)) {
      const known = best.get(shortage.resource)
      if (known === undefined || shortage.free > known.free) best.set(shortage.resource, { ...shortage, node: name })
    }
  }
  return [...best.values()]
}
