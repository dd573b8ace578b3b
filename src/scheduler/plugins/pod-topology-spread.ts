import { matchesRequiredAffinity } from '#api/core/v1/node-affinity.ts'
import { untoleratedTaint } from '#api/core/v1/taints.ts'
import type { TopologySpreadConstraint } from '#api/core/v1/types.ts'
import { matches, selectorOf } from '#api/meta/v1/selector.ts'
import type { NodeInfo, PodInfo } from '../node-info.ts'
import type { Plugin, World } from '../plugin.ts'
import { refuse, refuseForGood } from '../plugin.ts'

interface Constraint {
  readonly key: string
  readonly maxSkew: number
  /** Matching pods by topology value, over the nodes that count. */
  readonly counts: ReadonlyMap<string, number>
  readonly least: number
  /** Whether the pod itself adds to the count. */
  readonly countsSelf: number
}

interface State {
  readonly hard: readonly Constraint[]
  readonly soft: readonly Constraint[]
}

/** The pod's own topologySpreadConstraints (API: core/v1 TopologySpreadConstraint). What it says nothing about is `controllerSpread`'s. */
export const podTopologySpread: Plugin<State> = {
  name: 'PodTopologySpread',
  prepare(pod, world) {
    const constraints = pod.pod.spec.topologySpreadConstraints ?? []
    const count = (action: string) =>
      constraints.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === action).map((constraint) => countFor(constraint, pod, world))
    return { hard: count('DoNotSchedule'), soft: count('ScheduleAnyway') }
  },
  filter(_pod, { node }, { hard }) {
    for (const { key, maxSkew, counts, least, countsSelf } of hard) {
      const value = node.metadata.labels?.[key]
      if (value === undefined) return refuseForGood("node(s) didn't match pod topology spread constraints (missing required label)")
      if ((counts.get(value) ?? 0) + countsSelf - least > maxSkew) return refuse("node(s) didn't match pod topology spread constraints")
    }
    return undefined
  },
  score: (_pod, { node }, { soft }) => soft.reduce((sum, { key, counts }) => sum + (counts.get(node.metadata.labels?.[key] ?? '') ?? 0), 0),
  normalize: 'lowest-is-100',
  weight: 2,
  wokenBy: ['node-added', 'node-labels', 'node-taints', 'pod-gone', 'pod-placed', 'pod-changed'],
}

function countFor(constraint: TopologySpreadConstraint, pod: PodInfo, { nodes }: World): Constraint {
  const { topologyKey: key, maxSkew, minDomains = 1 } = constraint
  const byKeys = (constraint.matchLabelKeys ?? []).filter((name) => pod.pod.metadata.labels?.[name] !== undefined)
  const selector = selectorOf(constraint.labelSelector)
  const selects = (other: PodInfo): boolean =>
    other.pod.metadata.namespace === pod.pod.metadata.namespace &&
    other.pod.metadata.deletionTimestamp === undefined &&
    matches(selector, other.pod.metadata.labels) &&
    byKeys.every((name) => other.pod.metadata.labels?.[name] === pod.pod.metadata.labels?.[name])
  const counts = new Map<string, number>()
  for (const info of nodes.values()) {
    const value = info.node.metadata.labels?.[key]
    if (value === undefined || !isIncluded(constraint, pod, info)) continue
    let matching = counts.get(value) ?? 0
    for (const other of info.pods.values()) if (selects(other)) matching += 1
    counts.set(value, matching)
  }
  return {
    key,
    maxSkew,
    counts,
    least: counts.size < minDomains ? 0 : Math.min(Infinity, ...counts.values()),
    countsSelf: selects(pod) ? 1 : 0,
  }
}

function isIncluded(
  { nodeAffinityPolicy = 'Honor', nodeTaintsPolicy = 'Ignore' }: TopologySpreadConstraint,
  { pod }: PodInfo,
  { node }: NodeInfo,
): boolean {
  if (nodeAffinityPolicy === 'Honor' && !matchesRequiredAffinity(pod.spec, node)) return false
  return nodeTaintsPolicy === 'Ignore' || !untoleratedTaint(node.spec.taints, pod.spec.tolerations, ['NoSchedule', 'NoExecute'])
}
