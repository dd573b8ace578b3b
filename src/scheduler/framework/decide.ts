import type { Random } from '#lib/random.ts'
import type { NodeInfo } from '../world/node-info.ts'
import type { PodInfo } from '../world/pod-info.ts'
import type { World } from '../world/world.ts'
import { type Begun, beginCycle } from './cycle.ts'
import type { Misfit } from './fit-error.ts'
import type { AnyPlugin, Cycle, NodeRefusal } from './plugin.ts'
import { pluginError } from './plugin-error.ts'
import type { Profile } from './profile.ts'
import { createRankings, type Ranking } from './ranking.ts'
import { kindsOf, type Refusals, refusalsOf } from './refusals.ts'
import { refusalOf } from './trial.ts'

/** Where a pod should run, or why nowhere. */
export type Decision =
  | { readonly node: NodeInfo; readonly cycle: Cycle }
  | {
      readonly node?: undefined
      /** Undefined: a plug-in refused the pod before any node was looked at. */
      readonly cycle: Cycle | undefined
      readonly misfit: Misfit
      /** Plug-ins whose mind would have to change. */
      readonly refusedBy: ReadonlySet<string>
      /** Of them, those that wait for something that is under way. */
      readonly pendingBy: ReadonlySet<string>
    }

/** Takes away and ranks nodes beside the plug-ins (extenders). */
export interface Companion {
  filter(
    pod: PodInfo,
    nodes: readonly NodeInfo[],
  ): Promise<{ readonly nodes: readonly NodeInfo[]; readonly refusals: ReadonlyMap<string, NodeRefusal> }>
  score(pod: PodInfo, nodes: readonly NodeInfo[]): Promise<ReadonlyMap<string, number>>
}

/** Decides for the pods of one profile. */
export interface Decider {
  decide(pod: PodInfo): Decision
  /** The same with companions, which are asked over the network; the world may have changed meanwhile, so the winner is looked at once more. */
  decideWith(pod: PodInfo, companion: Companion): Promise<Decision>
}

/** So few nodes are always looked at all (kube-scheduler minFeasibleNodesToFind). */
const feasibleMin = 100
const percentageMin = 5

/**
 * The nodes that no plug-in refuses, of them one with the highest weighted score; `random` only chooses among equals. Rests on the world
 * alone, and changes nothing of it. Pods whose rules rest on each node alone are decided over all nodes by what is kept for their shape;
 * others look at so many nodes as the reference does.
 */
export function createDecider(profile: Profile, world: World, random: Random): Decider {
  const rankingOf = createRankings(profile)
  const below = (count: number): number => random.below(count)
  let start = 0

  function begin(pod: PodInfo): Begun | Decision {
    // Nobody's mind would have to change: the first node wakes the pod.
    if (world.nodes.nodes.size === 0)
      return { cycle: undefined, misfit: { nodesTotal: 0, refusals: none }, refusedBy: new Set(), pendingBy: new Set() }
    const begun = beginCycle(pod, profile, world)
    if (begun.cycle !== undefined && begun.refusal === undefined) return begun
    const refusal = begun.refusal!
    const blamed = refusal.plugin === '' ? begun.restrictedBy : [refusal.plugin]
    return {
      cycle: begun.cycle,
      misfit: { nodesTotal: world.nodes.nodes.size, ofAll: refusal, refusals: none, others: refusal },
      refusedBy: new Set(blamed),
      pendingBy: new Set(refusal.pending ? blamed : []),
    }
  }

  /** Feasible nodes, as many as are enough, and what the others were refused for, which is told only where it is asked for. */
  function feasible(
    begun: Begun,
    ranking: Ranking,
    promised = begun.cycle.pod.pod.status.nominatedNodeName ?? '',
  ): { readonly nodes: NodeInfo[]; readonly refusals: () => Refusals } {
    const { cycle, nodes: allowed } = begun
    const rest = { ...cycle, filters: cycle.filters.slice(ranking.filtersCovered) }
    const refusal = (node: NodeInfo): NodeRefusal | undefined =>
      world.hasNominations && world.nominatedTo(node.name).size > 0
        ? refusalOf(cycle, node)
        : (ranking.refusalOf(node) ?? (rest.filters.length === 0 ? undefined : refusalOf(rest, node)))
    const nominated = world.nodes.nodes.get(promised)
    if (nominated !== undefined && (allowed?.has(nominated.name) ?? true) && refusal(nominated) === undefined)
      return { nodes: [nominated], refusals: () => new Map() }
    const nodes = allowed === undefined ? world.nodes.order : [...allowed].flatMap((name) => world.nodes.nodes.get(name) ?? [])
    const enough = nodesToFind(nodes.length, profile.percentageOfNodesToScore)
    const found: NodeInfo[] = []
    const refused: NodeInfo[] = []
    const reasons: NodeRefusal[] = []
    let looked = 0
    for (; looked < nodes.length && found.length < enough; looked += 1) {
      const node = nodes[(start + looked) % nodes.length]!
      const reason = refusal(node)
      if (reason === undefined) found.push(node)
      else {
        refused.push(node)
        reasons.push(reason)
      }
    }
    if (nodes.length > 0) start = (start + looked) % Math.max(1, world.nodes.nodes.size)
    return { nodes: found, refusals: () => refusalsOf(refused, reasons) }
  }

  function misfit({ cycle, nodes, restrictedBy }: Begun, refusals: Refusals, further: Iterable<string> = []): Decision {
    const kinds = [...kindsOf(refusals).keys()]
    const others: NodeRefusal | undefined =
      nodes === undefined
        ? undefined
        : { plugin: '', reasons: [`node(s) didn't satisfy plugin(s) [${restrictedBy.toSorted().join(' ')}]`], unresolvable: true }
    return {
      cycle,
      misfit: { nodesTotal: world.nodes.nodes.size, refusals, others },
      refusedBy: new Set([...restrictedBy, ...kinds.map(({ plugin }) => plugin), ...further]),
      pendingBy: new Set(kinds.filter(({ pending }) => pending === true).map(({ plugin }) => plugin)),
    }
  }

  function winner(cycle: Cycle, nodes: readonly NodeInfo[], ranking: Ranking, more?: ReadonlyMap<string, number>): NodeInfo {
    const totals = totalsOf(cycle, nodes, profile, ranking)
    if (more !== undefined) for (const [index, node] of nodes.entries()) totals[index]! += more.get(node.name) ?? 0
    let best = 0
    let equals = 1
    for (let index = 1; index < nodes.length; index += 1) {
      if (totals[index]! < totals[best]!) continue
      equals = totals[index]! > totals[best]! ? 1 : equals + 1
      // Each of the equals stays with the same chance, without a list of them.
      if (equals === 1 || below(equals) === 0) best = index
    }
    return nodes[best]!
  }

  return {
    decide(pod) {
      const begun = begin(pod)
      if (!('restrictedBy' in begun)) return begun
      const { cycle } = begun
      const ranking = rankingOf(cycle)
      if (isNodeAlone(begun, ranking, profile, world)) {
        const node = ranking.best(below)
        if (node !== undefined) return { node, cycle }
      }
      const { nodes, refusals } = feasible(begun, ranking)
      if (nodes.length === 0) return misfit(begun, refusals())
      return { node: nodes.length === 1 ? nodes[0]! : winner(cycle, nodes, ranking), cycle }
    },
    async decideWith(pod, companion) {
      const promised = pod.pod.status.nominatedNodeName ?? ''
      let found = await ask(pod, companion, promised)
      // A promised node that a companion will not have is one of many.
      if (promised !== '' && found?.nodes.length === 0) found = await ask(pod, companion, '')
      const left = found?.nodes.filter((node) => world.nodes.at(node.slot) === node) ?? []
      const more = left.length < 2 ? undefined : await companion.score(pod, left)
      // What was worked out before the questions holds no longer: the world went on.
      const begun = begin(pod)
      if (!('restrictedBy' in begun)) return begun
      const { cycle } = begun
      const still = left.filter((node) => world.nodes.at(node.slot) === node && refusalOf(cycle, node) === undefined)
      if (still.length > 0) return { node: winner(cycle, still, rankingOf(cycle), more), cycle }
      return misfit(begun, found?.refusals ?? none, found?.isAsked === false ? [] : ['Extender'])
    },
  }

  /** What a companion leaves of the feasible nodes. Undefined: a plug-in refused the pod before any was looked at. */
  async function ask(pod: PodInfo, companion: Companion, promised: string) {
    const begun = begin(pod)
    if (!('restrictedBy' in begun)) return undefined
    const { nodes, refusals } = feasible(begun, rankingOf(begun.cycle), promised)
    if (nodes.length === 0) return { nodes, refusals: refusals(), isAsked: false }
    const left = await companion.filter(pod, nodes)
    return { nodes: left.nodes, refusals: new Map([...refusals(), ...left.refusals]), isAsked: true }
  }
}

const none: ReadonlyMap<string, NodeRefusal> = new Map()

/** Whether nothing but what the ranking covers has a say. */
function isNodeAlone({ cycle, nodes }: Begun, ranking: Ranking, profile: Profile, world: World): boolean {
  if (nodes !== undefined || world.hasNominations || cycle.pod.pod.status.nominatedNodeName) return false
  if (ranking.filtersCovered < cycle.filters.length) return false
  return profile.score.every(({ plugin }) => isRanked(plugin) || plugin.isUniform?.(cycle.pod, world) === true)
}

const isRanked = (plugin: AnyPlugin): boolean => plugin.restsOn === 'node' && plugin.normalize === undefined

/** Weighted sums over all plug-ins, side by side with `nodes`. */
function totalsOf(cycle: Cycle, nodes: readonly NodeInfo[], profile: Profile, ranking: Ranking): Float64Array {
  const { pod, world } = cycle
  const totals = Float64Array.from(nodes, (node) => ranking.scoreOf(node))
  for (const { plugin, weight } of profile.score) {
    if (isRanked(plugin) || plugin.isUniform?.(pod, world)) continue
    const values = scoresOf(plugin, cycle, nodes)
    if (values !== undefined) for (let index = 0; index < totals.length; index += 1) totals[index]! += weight * values[index]!
  }
  return totals
}

/** One plug-in's scores, 0 … 100, before its weight; undefined: it has no say. */
export function scoresOf(plugin: AnyPlugin, { pod, world, states }: Cycle, nodes: readonly NodeInfo[]): Float64Array | undefined {
  try {
    const scores = plugin.preScore?.(pod, nodes, world, states.get(plugin.name))
    if (plugin.preScore !== undefined && scores === undefined) return undefined
    const values = new Float64Array(nodes.length)
    for (let index = 0; index < nodes.length; index += 1) values[index] = plugin.score!(pod, nodes[index]!, scores, world)
    plugin.normalize?.(values, pod, nodes, scores)
    return values
  } catch (error) {
    throw pluginError(`plugin "${plugin.name}" failed with`, error)
  }
}

/** kube-scheduler numFeasibleNodesToFind: half of the nodes, less the more there are, never less than a twentieth. */
export function nodesToFind(total: number, percentage: number): number {
  if (total < feasibleMin) return total
  const share = percentage === 0 ? Math.max(50 - Math.trunc(total / 125), percentageMin) : percentage
  return Math.max(feasibleMin, Math.trunc((total * share) / 100))
}
