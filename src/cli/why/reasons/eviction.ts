import type { Pod } from '#api/core/v1/pod.ts'
import { matchesLabelSelector } from '#api/meta/v1/selector.ts'
import type { PodDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import type { Reason } from '../explanation.ts'
import type { View } from '../view.ts'

/** Budgets that keep a pod where somebody wants it gone: its node is cordoned, as a drain does first. */
export function evictionReasons(pod: Pod, { budgets, nodes }: Pick<View, 'budgets' | 'nodes'>, about: string): readonly Reason[] {
  const node = nodes.find(({ metadata }) => metadata.name === pod.spec.nodeName)
  if (node?.spec.unschedulable !== true) return []
  return budgets
    .filter(
      (budget) =>
        budget.metadata.namespace === pod.metadata.namespace && matchesLabelSelector(budget.spec.selector, pod.metadata.labels ?? {}),
    )
    .flatMap((budget) => budgetReasons(budget, about, `its node ${node.metadata.name} is cordoned, and `))
}

/** Why a budget lets no pod be evicted now. */
export function budgetReasons({ metadata, status }: PodDisruptionBudget, about: string, lead = ''): readonly Reason[] {
  const { disruptionsAllowed = 0, currentHealthy = 0, desiredHealthy = 0, expectedPods = 0 } = status
  if (disruptionsAllowed > 0) return []
  return [
    {
      code: 'eviction',
      about,
      message: `${lead}PodDisruptionBudget ${metadata.name} allows no eviction: ${currentHealthy} of ${expectedPods} pods are healthy, and ${desiredHealthy} have to be`,
      ...(currentHealthy >= expectedPods &&
        desiredHealthy >= expectedPods && { advice: 'with this budget no pod ever goes: allow one unavailable, or run one more' }),
    },
  ]
}
