import type { Node } from '#api/core/v1/node.ts'
import { matchesRequiredAffinity } from '#api/core/v1/node-affinity.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { untoleratedTaint } from '#api/core/v1/taints.ts'
import type { TopologySpreadConstraint } from '#api/core/v1/types.ts'
import { matches, type Selector, selectorOf } from '#api/meta/v1/selector.ts'
import { hostname, type Placed } from '../../world/topology-testing.ts'

/** A constraint and whom it selects; defaults have a selector of their own. */
export interface Chosen {
  readonly constraint: TopologySpreadConstraint
  readonly selector: Selector
}

/** The pod's own constraints, with the labels of `matchLabelKeys`. */
export const ownConstraints = ({ metadata: { labels }, spec }: Pod): readonly Chosen[] =>
  (spec.topologySpreadConstraints ?? []).map((constraint) => {
    const selector = selectorOf(constraint.labelSelector)
    const added = (constraint.matchLabelKeys ?? [])
      .filter((key) => labels?.[key] !== undefined)
      .map((key) => ({ key, operator: 'in' as const, values: [labels![key]!] }))
    return { constraint, selector: selector.nothing ? selector : { requirements: [...selector.requirements, ...added] } }
  })

/** What the plug-in has to answer, counted anew over every pod and node. */
export function countedSpread(pod: Pod, all: readonly Chosen[], nodes: readonly Node[], placed: readonly Placed[], requiresAll: boolean) {
  const hard = all.filter(({ constraint }) => constraint.whenUnsatisfiable === 'DoNotSchedule')
  const soft = all.filter(({ constraint }) => constraint.whenUnsatisfiable === 'ScheduleAnyway')
  const hasAll = (node: Node, of: readonly Chosen[]): boolean =>
    of.every(({ constraint }) => domain(node, constraint.topologyKey) !== undefined)
  const isIncluded = ({ nodeAffinityPolicy, nodeTaintsPolicy }: TopologySpreadConstraint, node: Node): boolean =>
    (nodeAffinityPolicy === 'Ignore' || matchesRequiredAffinity(pod.spec, node)) &&
    (nodeTaintsPolicy !== 'Honor' || !untoleratedTaint(node.spec.taints, pod.spec.tolerations, ['NoSchedule', 'NoExecute']))
  const countOn = (selector: Selector, node: Node): number =>
    selector.requirements.length === 0
      ? 0
      : placed.filter(
          (other) =>
            other.node === node &&
            other.pod.metadata.namespace === pod.metadata.namespace &&
            other.pod.metadata.deletionTimestamp === undefined &&
            matches(selector, other.pod.metadata.labels),
        ).length
  const counts = hard.map(({ constraint, selector }) => {
    const byValue = new Map<string, number>()
    for (const node of nodes) {
      if (!hasAll(node, hard) || !isIncluded(constraint, node)) continue
      const value = domain(node, constraint.topologyKey)!
      byValue.set(value, (byValue.get(value) ?? 0) + countOn(selector, node))
    }
    return byValue
  })

  return {
    isSkipped: hard.length === 0,
    isScored: soft.length > 0,
    refusal(node: Node): string | undefined {
      for (const [i, { constraint, selector }] of hard.entries()) {
        const value = domain(node, constraint.topologyKey)
        if (value === undefined) return "node(s) didn't match pod topology spread constraints (missing required label)"
        const least = counts[i]!.size < (constraint.minDomains ?? 1) ? 0 : Math.min(...counts[i]!.values())
        const self = matches(selector, pod.metadata.labels) ? 1 : 0
        if ((counts[i]!.get(value) ?? 0) + self - least > constraint.maxSkew) return "node(s) didn't match pod topology spread constraints"
      }
      return undefined
    },
    /** The other pod comes to the node or goes: it is matched by its labels alone. */
    change(other: Pod, node: Node, by: 1 | -1): void {
      if (other.metadata.namespace !== pod.metadata.namespace || !hasAll(node, hard)) return
      for (const [i, { constraint, selector }] of hard.entries()) {
        if (!matches(selector, other.metadata.labels) || !isIncluded(constraint, node)) continue
        const value = domain(node, constraint.topologyKey)!
        counts[i]!.set(value, (counts[i]!.get(value) ?? 0) + by)
      }
    },
    /** Of these nodes, brought to 0 … 100. */
    scores(left: readonly Node[]): number[] {
      const isIgnored = (node: Node): boolean => requiresAll && !hasAll(node, soft)
      const scored = left.filter((node) => !isIgnored(node))
      const raw = left.map((node) => {
        if (isIgnored(node)) return 0
        let sum = 0
        for (const { constraint, selector } of soft) {
          const { topologyKey: key, maxSkew } = constraint
          if (domain(node, key) === undefined) continue
          const size = key === hostname ? scored.length : new Set(scored.map((other) => domain(other, key))).size
          const alike = nodes.filter(
            (other) => domain(other, key) === domain(node, key) && isIncluded(constraint, other) && !isIgnored(other),
          )
          const count = key === hostname ? countOn(selector, node) : alike.reduce((total, other) => total + countOn(selector, other), 0)
          sum += count * Math.log(size + 2) + (maxSkew - 1)
        }
        return Math.round(sum)
      })
      const counted = raw.filter((_, i) => !isIgnored(left[i]!))
      const most = Math.max(0, ...counted)
      const least = Math.min(...counted)
      return raw.map((score, i) => {
        if (isIgnored(left[i]!)) return 0
        return most === 0 ? 100 : Math.floor((100 * (most + least - score)) / most)
      })
    },
  }
}

const domain = (node: Node, key: string): string | undefined => node.metadata.labels?.[key]
