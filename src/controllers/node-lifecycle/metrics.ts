import { Node } from '#api/core/v1/node.ts'
import type { Cache, ControllerMetric, Measure, MeasuredOutcome, Plan } from '#loop/controller.ts'
import { countsForDisruption, type EvictionView, isReady, zoneOf } from './eviction.ts'
import type { GoneNodeView, NodeView } from './plan.ts'

const evictions = 'node_collector_evictions_total'

/** The reference's. */
export const nodeLifecycleMetrics: readonly ControllerMetric[] = [
  { type: 'counter', name: evictions, help: 'Nodes that were given up, by zone.', stability: 'STABLE', labels: ['zone'] },
  ofZones('zone_size', 'Nodes, by zone.', (nodes) => nodes.length),
  ofZones('unhealthy_nodes_in_zone', 'Nodes that are not ready, by zone.', (nodes) => nodes.length - readyOf(nodes)),
  ofZones('zone_health', 'How many of a hundred nodes are ready, by zone.', (nodes) => (100 * readyOf(nodes)) / nodes.length),
]

function ofZones(name: string, help: string, count: (nodes: readonly Node[]) => number): ControllerMetric {
  const read = (cache: Cache) =>
    [...Map.groupBy(cache.list(Node).filter(countsForDisruption), zoneOf)].map(([zone, nodes]) => ({ labels: [zone], value: count(nodes) }))
  return { type: 'gauge', name: `node_collector_${name}`, help, stability: 'ALPHA', labels: ['zone'], read }
}

const readyOf = (nodes: readonly Node[]): number => nodes.filter(isReady).length

/** Which zones lost a node; a zone counts from when it is first seen. */
export function measureEvictions(
  view: NodeView | GoneNodeView | EvictionView,
  plan: Plan,
  { became }: MeasuredOutcome,
): readonly Measure[] {
  if (view.about !== 'all') return []
  const patches = new Map(
    plan.commands.flatMap((command) =>
      command.do === 'patch' && became(command) === 'done' ? [[command.name, command.body as Taints] as const] : [],
    ),
  )
  return view.nodes.map((node) => {
    const isGivenUp = evicting(patches.get(node.metadata.name)) > evicting(node)
    return { metric: evictions, labels: [zoneOf(node)], value: isGivenUp ? 1 : 0 }
  })
}

interface Taints {
  readonly spec?: { readonly taints?: readonly { readonly effect: string }[] | null | undefined }
}

const evicting = (object: Taints | undefined): number => object?.spec?.taints?.filter(({ effect }) => effect === 'NoExecute').length ?? 0
