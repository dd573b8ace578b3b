import type { Pod } from '#api/core/v1/pod.ts'
import { podCondition } from '#api/core/v1/pod-helpers.ts'
import { PodDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import { isError, WherryError } from '#lib/errors.ts'
import { fitError } from '../../framework/fit-error.ts'
import type { Candidate, Cycle, Failure, NodeRefusal, Plugin, PostFilter } from '../../framework/plugin.ts'
import { kindsOf } from '../../framework/refusals.ts'
import type { NodeInfo } from '../../world/node-info.ts'
import type { PodInfo } from '../../world/pod-info.ts'
import type { World } from '../../world/world.ts'
import { evict } from './evict.ts'
import { pickNode } from './pick-node.ts'
import { type Budget, budgetsOf, selectVictims, type Victims } from './select-victims.ts'

/** DefaultPreemptionArgs (kubescheduler.config.k8s.io/v1): on how many nodes room is looked for, at least. */
export interface DefaultPreemptionArgs {
  readonly minCandidateNodesPercentage?: number
  readonly minCandidateNodesAbsolute?: number
}

/**
 * Makes room for a pod by evicting pods of lower priority from one node, where that helps (KEP-268). Budgets are respected where it can be.
 * `below` chooses with which node the search begins, so that not always the same ones are found.
 */
export function defaultPreemption(
  { minCandidateNodesPercentage = 10, minCandidateNodesAbsolute = 100 }: DefaultPreemptionArgs,
  below: (count: number) => number = () => 0,
): Plugin {
  const candidatesWanted = (nodes: number): number =>
    Math.min(nodes, Math.max(Math.trunc((nodes * minCandidateNodesPercentage) / 100), minCandidateNodesAbsolute))

  function search(cycle: Cycle, nodes: readonly NodeInfo[], refusals: Map<string, NodeRefusal>, problems: Set<string>): Candidate[] {
    const victimsOn = cycle.world.kept(victimSearch).searchFor(cycle)
    const wanted = candidatesWanted(nodes.length)
    const start = below(nodes.length)
    const candidates: Candidate[] = []
    let isClean = false
    for (let index = 0; index < nodes.length && !(isClean && candidates.length >= wanted); index += 1) {
      const node = nodes[(start + index) % nodes.length]!
      const found = victimsOn(node)
      if (found instanceof WherryError) problems.add(found.message)
      else if ('reasons' in found) refusals.set(node.name, found)
      else {
        candidates.push({ node: node.name, victims: found })
        isClean ||= found.violations === 0
      }
    }
    return candidates
  }

  return {
    name: 'DefaultPreemption',
    postFilter(pod, failure, world): PostFilter {
      const obstacle = ineligibility(pod, failure, world)
      if (obstacle !== undefined) return { victims: [], message: `preemption: ${obstacle}` }
      const refusals = new Map<string, NodeRefusal>()
      const problems = new Set<string>()
      const nodes = resolvable(failure, world)
      const candidates = failure.cycle && nodes.length > 0 ? search(failure.cycle, nodes, refusals, problems) : []
      if (candidates.length > 0) return planOf(pod, candidates, world)
      if (problems.size > 0) return { victims: [], message: `preemption: ${told([...problems])}`, ends: true }
      const others = { plugin: '', reasons: ['Preemption is not helpful for scheduling'], unresolvable: true }
      return {
        nominatedNode: '',
        victims: [],
        message: `preemption: ${fitError({ nodesTotal: world.nodes.nodes.size, refusals, others })}`,
      }
    },
  }
}

/** The best of them; others may take some of them away first. */
function planOf(pod: PodInfo, candidates: readonly Candidate[], world: World): PostFilter {
  const best = pickNode(candidates)
  if (best === undefined) return { victims: [], message: 'preemption: no candidate node for preemption' }
  const { underWay } = world.kept(victimSearch)
  const { uid } = pod.pod.metadata
  return {
    nominatedNode: best.node,
    victims: best.victims.pods.map((victim) => victim.pod),
    message: '',
    reconsider: async (ask) => planOf(pod, await ask(candidates), world),
    async act(means) {
      underWay.add(uid)
      try {
        await evict(pod, best.node, best.victims.pods, means)
      } finally {
        underWay.delete(uid)
      }
    },
  }
}

/** Several errors as the reference tells them. */
const told = (messages: readonly string[]): string => (messages.length === 1 ? messages[0]! : `[${messages.join(', ')}]`)

/** Why the pod may not have others evicted. */
function ineligibility({ pod, shape }: PodInfo, { refusals, others }: Failure, world: World): string | undefined {
  if (pod.spec.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.'
  if (world.kept(victimSearch).underWay.has(pod.metadata.uid)) return 'waiting for the preemption for this pod to be finished'
  const name = pod.status.nominatedNodeName
  if (!name || (refusals.get(name) ?? others)?.unresolvable) return undefined
  for (const other of world.nodes.nodes.get(name)?.pods.values() ?? [])
    if (other.shape.priority < shape.priority && isPreempted(other.pod))
      return 'not eligible due to a terminating pod on the nominated node.'
  return undefined
}

function isPreempted(pod: Pod): boolean {
  if (pod.metadata.deletionTimestamp === undefined) return false
  const condition = podCondition(pod, 'DisruptionTarget')
  return condition?.status === 'True' && condition.reason === 'PreemptionByScheduler'
}

/** Nodes where taking pods away might help. */
function resolvable({ refusals, others }: Failure, world: World): readonly NodeInfo[] {
  const isHopeless = kindsOf(refusals)
    .keys()
    .every(({ unresolvable }) => unresolvable)
  if (isHopeless && (others === undefined || others.unresolvable)) return []
  return world.nodes.order.filter(({ name }) => (refusals.get(name) ?? others)?.unresolvable === false)
}

interface VictimSearch {
  /** Pods for which evictions are being written. */
  readonly underWay: Set<string>
  searchFor(cycle: Cycle): (node: NodeInfo) => Found
}

/** So many shapes of pods have their searches remembered. */
const searchesMax = 16

/**
 * What would have to go from each node, remembered for pods of one profile and shape until the node, its promises or the budgets change: of
 * many pods that make room one after another each changes one node. Pods whose rules rest on more than the node are searched for anew.
 */
function victimSearch(world: World): VictimSearch {
  const budgetKind = world.lookups.of(PodDisruptionBudget)
  /** By profile and shape, then by the node's row: rows are used again, and a generation never is. */
  const known = new Map<string, Map<number, Remembered>>()
  let budgets: readonly Budget[] | undefined
  budgetKind.onChange(() => {
    budgets = undefined
    known.clear()
  })
  return {
    underWay: new Set(),
    searchFor(cycle) {
      budgets ??= budgetsOf(budgetKind.list())
      const all = budgets
      if (cycle.filters.some(({ plugin }) => plugin.restsOn !== 'node')) return (node) => attempt(cycle, node, all)
      const basis = cycle.filters.map(({ plugin }) => `${plugin.name} ${plugin.basis?.(world) ?? ''}`)
      const key = [cycle.pod.pod.spec.schedulerName, basis, cycle.pod.shape.key].join()
      const nodes = known.get(key) ?? new Map<number, Remembered>()
      known.delete(key)
      known.set(key, nodes)
      if (known.size > searchesMax) known.delete(known.keys().next().value!)
      return (node) => {
        const promised = world.nominatedTo(node.name)
        const promises = promised.size === 0 ? '' : [...promised.keys()].join()
        const before = nodes.get(node.slot)
        if (before?.generation === node.generation && before.promises === promises) return before.found
        const found = attempt(cycle, node, all)
        nodes.set(node.slot, { generation: node.generation, promises, found })
        return found
      }
    },
  }
}

interface Remembered {
  readonly generation: number
  readonly promises: string
  readonly found: Found
}

/** An error of a plug-in is told, and hinders no other node. */
type Found = Victims | NodeRefusal | WherryError

function attempt(cycle: Cycle, node: NodeInfo, budgets: readonly Budget[]): Found {
  try {
    return selectVictims(cycle, node, budgets)
  } catch (error) {
    if (isError(error)) return error
    throw error
  }
}
