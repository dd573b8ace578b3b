import type { ControllerMetric, Measure, MeasuredOutcome, Plan } from '#loop/controller.ts'
import { type EvictionView, zoneOf } from './eviction.ts'
import type { GoneNodeView, NodeView } from './plan.ts'

const evictions = 'node_collector_evictions_total'

/** The reference's. */
export const nodeLifecycleMetrics: readonly ControllerMetric[] = [
  { type: 'counter', name: evictions, help: 'Nodes that were given up, by zone.', stability: 'STABLE', labels: ['zone'] },
]

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
