import type { Random } from '#lib/random.ts'
import type { NodeInfo, PodInfo } from './node-info.ts'
import type { AnyPlugin, Refusal, World } from './plugin.ts'

export type Decision =
  | { readonly node: string; readonly scores: ReadonlyMap<string, number> }
  | {
      readonly node?: undefined
      readonly message: string
      readonly refusals: ReadonlyMap<string, NodeRefusal>
      readonly refusedBy: ReadonlySet<string>
    }

export interface NodeRefusal extends Refusal {
  readonly plugin: string
}

/**
 * Where a pod should run, from a snapshot alone: the nodes that no plug-in refuses, of them one with the highest weighted score. `random`
 * only chooses among equals.
 */
export function decide(pod: PodInfo, world: World, plugins: readonly AnyPlugin[], random: Random): Decision {
  const prepared = plugins.map((plugin) => ({ plugin, state: plugin.prepare?.(pod, world) }))
  const refusals = new Map<string, NodeRefusal>()
  const feasible: NodeInfo[] = []
  for (const [name, node] of world.nodes) {
    const refusal = firstRefusal(prepared, pod, node)
    if (refusal) refusals.set(name, refusal)
    else feasible.push(node)
  }
  if (feasible.length === 0)
    return { message: fitError(pod, world, refusals), refusals, refusedBy: new Set([...refusals.values()].map(({ plugin }) => plugin)) }
  const scores = score(prepared, pod, feasible)
  const highest = Math.max(...scores.values())
  const best = [...scores].filter(([, value]) => value === highest).map(([name]) => name)
  return { node: best[random.below(best.length)]!, scores }
}

interface Prepared {
  readonly plugin: AnyPlugin
  readonly state: unknown
}

function firstRefusal(prepared: readonly Prepared[], pod: PodInfo, node: NodeInfo): NodeRefusal | undefined {
  for (const { plugin, state } of prepared) {
    const refusal = plugin.filter?.(pod, node, state)
    if (refusal) return { ...refusal, plugin: plugin.name }
  }
  return undefined
}

function score(prepared: readonly Prepared[], pod: PodInfo, nodes: readonly NodeInfo[]): Map<string, number> {
  const sums = new Map(nodes.map(({ node }) => [node.metadata.name, 0]))
  if (nodes.length === 1) return sums
  for (const { plugin, state } of prepared) {
    if (!plugin.score) continue
    const raw = nodes.map((node) => plugin.score!(pod, node, state))
    const scaled = normalize(raw, plugin.normalize)
    for (const [index, { node }] of nodes.entries())
      sums.set(node.metadata.name, sums.get(node.metadata.name)! + scaled[index]! * (plugin.weight ?? 1))
  }
  return sums
}

/** To 0 … 100 over the nodes at hand. Where all are equal the plug-in has no say. */
function normalize(raw: readonly number[], how: AnyPlugin['normalize']): readonly number[] {
  if (how === undefined) return raw
  const [least, most] = [Math.min(...raw), Math.max(...raw)]
  if (least === most) return raw.map(() => 0)
  return raw.map((value) => Math.floor(((how === 'highest-is-100' ? value - least : most - value) * 100) / (most - least)))
}

/** The reference's words: event FailedScheduling and condition PodScheduled carry them (kube-scheduler framework FitError). */
function fitError(pod: PodInfo, { nodes }: World, refusals: ReadonlyMap<string, NodeRefusal>): string {
  if (nodes.size === 0) return 'no nodes available to schedule pods'
  const reasons = [...refusals.values()].flatMap((refusal) => refusal.reasons)
  const head = `0/${nodes.size} nodes are available: ${histogram(reasons)}.`
  const preemption = preemptionNote(pod, nodes, refusals)
  return preemption === undefined ? head : `${head} preemption: 0/${nodes.size} nodes are available: ${preemption}.`
}

/** What pre-emption found, where it is plain: pods of lower priority are never there to make room, or would not help. */
function preemptionNote(
  pod: PodInfo,
  nodes: ReadonlyMap<string, NodeInfo>,
  refusals: ReadonlyMap<string, NodeRefusal>,
): string | undefined {
  const priority = pod.pod.spec.priority ?? 0
  const reasons: string[] = []
  for (const [name, { unresolvable }] of refusals) {
    if (unresolvable) reasons.push('Preemption is not helpful for scheduling')
    else if ([...nodes.get(name)!.pods.values()].some((other) => (other.pod.spec.priority ?? 0) < priority)) return undefined
    else reasons.push('No preemption victims found for incoming pod')
  }
  return histogram(reasons)
}

function histogram(reasons: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .toSorted()
    .join(', ')
}
