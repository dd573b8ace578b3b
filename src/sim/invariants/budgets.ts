import { StatefulSet } from '#api/apps/v1/stateful-set.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isPodActive, isPodReady } from '#api/core/v1/pod-helpers.ts'
import { matchesLabelSelector } from '#api/meta/v1/selector.ts'
import { PodDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import { prefixOf } from '#apiserver/registry/keys.ts'
import type { Instant } from '#lib/clock.ts'
import { amount, controllerOf, type Invariant, idOf, Recent, type Scene } from './invariant.ts'

const podPrefix = prefixOf(Pod)
const setPrefix = prefixOf(StatefulSet)
const budgetPrefix = prefixOf(PodDisruptionBudget)

/**
 * An eviction never takes a healthy pod that a budget needs. What ended or fell ill by itself a moment ago the budget could not know of, and
 * still counts as healthy; what was evicted does not.
 */
export function budgets({ world, staleMs }: Scene): Invariant {
  /** When a pod was last healthy, unless it was evicted. */
  const healthyAt = new Map<string, Instant>()
  const replicas = new Recent()
  const budgetSince = new Map<string, Instant>()
  return {
    name: 'budgets',
    onCommit(changes, who, now) {
      const problems: string[] = []
      for (const { key, before, after } of changes) {
        if (key.startsWith(setPrefix) && after !== undefined)
          replicas.set(after.metadata.uid, (after as StatefulSet).spec.replicas ?? 1, now)
        if (key.startsWith(budgetPrefix) && after !== undefined && before?.metadata.generation !== after.metadata.generation)
          budgetSince.set(after.metadata.uid, now)
        if (!key.startsWith(podPrefix)) continue
        const pod = (after ?? before) as Pod
        if (isHealthy(before) || isHealthy(after)) healthyAt.set(key, now)
        const isEvicted = /\/eviction(\?|$)/.test(who.path) && before?.metadata.deletionTimestamp === undefined && !isHealthy(after)
        if (!isEvicted) continue
        const wasHealthy = isHealthy(before)
        healthyAt.delete(key)
        if (!wasHealthy) continue
        for (const budget of world.list<PodDisruptionBudget>(PodDisruptionBudget)) {
          if (budget.metadata.namespace !== pod.metadata.namespace) continue
          if (!matchesLabelSelector(budget.spec.selector, pod.metadata.labels)) continue
          // Pods that its selector came to match only now, nobody promised.
          if ((budgetSince.get(budget.metadata.uid) ?? now) > now - staleMs) continue
          const inScope = `${podPrefix}${pod.metadata.namespace}/`
          const healthy = [...healthyAt].filter(
            ([other, at]) => other.startsWith(inScope) && (isHealthy(world.byKey(other)) || at >= now - staleMs) && covers(budget, other),
          ).length
          const owner = controllerOf(pod)
          const expected = owner?.kind === 'StatefulSet' ? Math.min(...replicas.since(owner.uid, now - staleMs)) : 0
          const { minAvailable, maxUnavailable } = budget.spec
          const needed =
            minAvailable !== undefined
              ? typeof minAvailable === 'number'
                ? minAvailable
                : amount(minAvailable, expected, Math.ceil)
              : Math.max(0, expected - amount(maxUnavailable ?? 0, expected, Math.ceil))
          if (healthy < needed) problems.push(`${idOf(pod)} is evicted: ${healthy} healthy pods are left, ${idOf(budget)} needs ${needed}`)
        }
      }
      return problems
    },
  }

  function covers({ spec }: PodDisruptionBudget, key: string): boolean {
    const pod = world.byKey(key)
    // Of one that has gone the labels are gone as well; only one set's pods are ever covered.
    return pod === undefined || matchesLabelSelector(spec.selector, pod.metadata.labels)
  }
}

const isHealthy = (object: object | undefined): boolean => object !== undefined && isPodActive(object as Pod) && isPodReady(object as Pod)
