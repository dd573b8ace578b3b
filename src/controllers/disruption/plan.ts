import { Pod } from '#api/core/v1/pod.ts'
import { isPodTerminal, podCondition } from '#api/core/v1/pod-helpers.ts'
import type { PodCondition } from '#api/core/v1/types.ts'
import type { LabelSelector } from '#api/meta/v1/types.ts'
import type { PodDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import type { Instant } from '#lib/clock.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { type Command, type Plan, settled } from '#loop/controller.ts'
import { patchSeen } from '../common/commands.ts'
import { withoutCondition } from '../common/conditions.ts'
import { parseTime } from '../common/time.ts'
import { expectedPods, type Scale } from './expected-pods.ts'
import { budgetStatus, disruptedOf, failedStatus, healthyCount, needsScale, wanted, writeStatus } from './status.ts'

/** How long a pod may say that it is about to be disrupted without being deleted. As the reference. */
export const staleAfterMs = 120_000

export type DisruptionView =
  | {
      readonly about: 'budget'
      readonly now: Instant
      readonly budget: PodDisruptionBudget
      /** Those of its namespace that it selects. */
      readonly pods: readonly Pod[]
      readonly scaleOf: (pod: Pod) => Scale
      /** Names of the other budgets that select the pod. */
      readonly othersOf: (pod: Pod) => readonly string[]
    }
  | { readonly about: 'pod'; readonly now: Instant; readonly pod: Pod }

/** Tells in a budget's status how many of its pods may go, and takes back what a pod says of a disruption that did not come. */
export const planDisruption = (view: DisruptionView): Plan => (view.about === 'budget' ? planBudget(view) : planPod(view))

function planBudget({ now, budget, pods, scaleOf, othersOf }: Extract<DisruptionView, { readonly about: 'budget' }>): Plan {
  const expected = needsScale(budget) ? expectedPods(pods, scaleOf) : { count: 0, unmanaged: [] }
  if (expected.problem !== undefined) {
    const write = writeStatus(budget, failedStatus(budget, expected.problem, now))
    if (write === undefined) return settled
    const message = `Failed to calculate the number of expected pods: ${expected.problem}`
    return { commands: [tell(budget, 'Warning', 'CalculateExpectedPodCountFailed', message), write], wakeAt: Infinity }
  }
  const disrupted = disruptedOf(budget, pods, now)
  const counts = { ...wanted(budget, pods, expected), currentHealthy: healthyCount(pods, disrupted) }
  const write = writeStatus(budget, budgetStatus(budget, counts, disrupted, now))
  if (write === undefined) return { commands: [], wakeAt: disrupted.nextAt }

  // Told when something changes, not at each look: who looks often would say it often.
  const events: Command[] = []
  if (pods.length === 0) events.push(tell(budget, 'Normal', 'NoPods', 'No matching pods found'))
  if (expected.unmanaged.length > 0) events.push(tell(budget, 'Warning', 'UnmanagedPods', unmanaged(budget.spec.selector)))
  const { namespace, name } = budget.metadata
  // The reference names the namespace twice, and no budget.
  for (const pod of disrupted.overdue)
    events.push(tell(pod, 'Warning', 'NotDeleted', `Pod was expected by PDB ${namespace}/${namespace} to be deleted but it wasn't`))
  for (const pod of pods)
    if (othersOf(pod).length > 0 && othersOf(pod).every((other) => name < other)) {
      const message = `Pod "${namespace}"/"${pod.metadata.name}" matches multiple PodDisruptionBudgets.  Chose "${name}" arbitrarily.`
      events.push(tell(pod, 'Warning', 'MultiplePodDisruptionBudgets', message))
    }
  return { commands: [...events, write], wakeAt: disrupted.nextAt }
}

/** A kubelet that stops a pod says so long before it is gone, so its word does not go stale; nor does what an ended pod says of its end. */
function planPod({ now, pod }: Extract<DisruptionView, { readonly about: 'pod' }>): Plan {
  const staleAt = disruptionStaleAt(pod)
  if (staleAt === undefined) return settled
  if (staleAt > now) return { commands: [], wakeAt: staleAt }
  const { generation } = pod.metadata
  const reset: PodCondition = {
    type: 'DisruptionTarget',
    status: 'False',
    lastProbeTime: null,
    lastTransitionTime: rfc3339(now),
    ...(generation !== undefined && { observedGeneration: generation }),
  }
  const conditions = [...withoutCondition(pod.status.conditions, 'DisruptionTarget'), reset]
  return { commands: [patchSeen(Pod, pod, { status: { conditions } }, 'status')], wakeAt: Infinity }
}

/** When the pod's condition DisruptionTarget is not to be believed any more; undefined: it says none that could go stale. */
export function disruptionStaleAt(pod: Pod): Instant | undefined {
  if (pod.metadata.deletionTimestamp !== undefined || isPodTerminal(pod)) return undefined
  const condition = podCondition(pod, 'DisruptionTarget')
  if (condition?.status !== 'True' || condition.reason === 'TerminationByKubelet') return undefined
  return (parseTime(condition.lastTransitionTime) ?? -Infinity) + staleAfterMs
}

const tell = (regarding: Pod | PodDisruptionBudget, type: 'Normal' | 'Warning', reason: string, message: string): Command => ({
  do: 'event',
  regarding,
  type,
  reason,
  message,
})

const unmanaged = (selector: LabelSelector | undefined): string =>
  `Pods selected by this PodDisruptionBudget (selector: ${goSelector(selector)}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`

/** A selector as Go prints it. */
function goSelector(selector: LabelSelector | undefined): string {
  if (selector === undefined) return 'nil'
  const labels = Object.entries(selector.matchLabels ?? {})
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}: ${value},`)
  const expressions = (selector.matchExpressions ?? []).map(
    ({ key, operator, values = [] }) => `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`,
  )
  return `&LabelSelector{MatchLabels:map[string]string{${labels.join(' ')}},MatchExpressions:[]LabelSelectorRequirement{${expressions.join('')}},}`
}
