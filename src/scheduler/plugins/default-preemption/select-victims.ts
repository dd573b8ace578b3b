import { matches, type Selector, selectorOf } from '#api/meta/v1/selector.ts'
import type { PodDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import { WherryError } from '#lib/errors.ts'
import type { Candidate, Cycle, NodeRefusal } from '../../framework/plugin.ts'
import { createTrial } from '../../framework/trial.ts'
import type { NodeInfo } from '../../world/node-info.ts'
import type { PodInfo } from '../../world/pod-info.ts'

/** Pods that would have to go from one node. */
export type Victims = Candidate['victims']

/** A budget with its selector worked out. */
export interface Budget {
  readonly budget: PodDisruptionBudget
  readonly selector: Selector
}

/** The budgets that select anything. */
export const budgetsOf = (budgets: readonly PodDisruptionBudget[]): readonly Budget[] =>
  budgets
    .map((budget) => ({ budget, selector: selectorOf(budget.spec.selector) }))
    .filter(({ selector }) => !selector.nothing && selector.requirements.length > 0)

/**
 * The fewest and least important pods that must go for the pod to fit: all of lower priority are taken away, then put back one by one, those
 * in budgets first, as long as it still fits. Throws where nobody would have to go: then it is no filter that stands in the pod's way (an
 * extender does), and promising it the node would help nobody.
 */
export function selectVictims(cycle: Cycle, node: NodeInfo, budgets: readonly Budget[]): Victims | NodeRefusal {
  const lower = [...node.pods.values()].filter(({ shape }) => shape.priority < cycle.pod.shape.priority)
  if (lower.length === 0) return { plugin: '', reasons: ['No preemption victims found for incoming pod'], unresolvable: true }
  const trial = createTrial(cycle, node)
  try {
    for (const pod of lower) trial.take(pod)
    const refusal = trial.refusal()
    if (refusal !== undefined) return refusal
    const { violating, others } = byBudgets(lower.toSorted(byImportance), budgets)
    const goes = (pod: PodInfo): boolean => {
      trial.put(pod)
      if (trial.refusal() === undefined) return false
      trial.take(pod)
      return true
    }
    const broken = violating.filter(goes)
    const victims = [...broken, ...others.filter(goes)]
    if (victims.length === 0) throw new WherryError('InternalError', `expected at least one victim pod on node "${node.name}"`)
    return { pods: victims.sort(byImportance), violations: broken.length }
  } finally {
    trial.end()
  }
}

/** Those whose going would break a budget, counted in this order; each further pod of a budget uses up one of its disruptions. */
function byBudgets(pods: readonly PodInfo[], budgets: readonly Budget[]): { readonly violating: PodInfo[]; readonly others: PodInfo[] } {
  const allowed = budgets.map(({ budget }) => budget.status?.disruptionsAllowed ?? 0)
  const violating: PodInfo[] = []
  const others: PodInfo[] = []
  for (const info of pods) {
    const { namespace, name, labels } = info.pod.metadata
    let breaks = false
    if (labels !== undefined && Object.keys(labels).length > 0)
      for (const [index, { budget, selector }] of budgets.entries()) {
        if (budget.metadata.namespace !== namespace || !matches(selector, labels)) continue
        // Its going was counted already.
        if (budget.status?.disruptedPods?.[name] !== undefined) continue
        allowed[index]! -= 1
        if (allowed[index]! < 0) breaks = true
      }
    ;(breaks ? violating : others).push(info)
  }
  return { violating, others }
}

/** Higher priority first, then who has run longer (util.MoreImportantPod). */
export function byImportance(a: PodInfo, b: PodInfo): number {
  if (a.shape.priority !== b.shape.priority) return b.shape.priority - a.shape.priority
  const [first, second] = [startOf(a), startOf(b)]
  return first < second ? -1 : first > second ? 1 : 0
}

/** RFC 3339, which sorts as text; one that has not begun counts as beginning now. */
export const startOf = ({ pod }: PodInfo): string => pod.status.startTime ?? '9'
