import type { Pod } from '#api/core/v1/pod.ts'
import { controllerOf } from '#api/meta/v1/owner.ts'
import { amountText } from '#scheduler/forecast/describe-refusal.ts'
import type { Forecast } from '#scheduler/forecast/forecast.ts'
import type { QuotaOverrun } from './quota-overruns.ts'

/** Where everything would land: what `-o json` prints, and `render` puts in words. */
export interface PlanReport {
  /** Whether every pod would be made and find a node, without sending others away against their budgets. */
  readonly ok: boolean
  readonly workloads: readonly PlannedWorkload[]
  readonly overruns: readonly QuotaOverrun[]
  /** Manifests that are refused; their pods are not planned. */
  readonly problems: readonly { readonly where: string; readonly problem: string }[]
  readonly notes: readonly string[]
}

/** The pods of one workload, or a pod by itself. */
export interface PlannedWorkload {
  readonly kind: string
  readonly namespace: string
  readonly name: string
  /** Pods that are to be placed; those that have their place are only counted. */
  readonly pods: number
  readonly present: number
  readonly placed: readonly { readonly node: string; readonly pods: number }[]
  readonly preempted: readonly Preempted[]
  readonly unplaced: readonly Unplaced[]
  readonly notes: readonly string[]
}

/** A pod that would have to go. */
export interface Preempted {
  readonly namespace: string
  readonly name: string
  readonly node: string
  readonly priority: number
  /** `Job batch`; '' for a pod by itself. */
  readonly owner: string
  /** Budgets that are broken by it and its fellows, `namespace/name`. */
  readonly brokenBudgets: readonly string[]
}

/** Pods that find no node for one reason. */
export interface Unplaced {
  readonly pods: number
  readonly reason: 'held' | 'refused' | 'unknown-scheduler'
  /** In the words of the condition that they would have. */
  readonly message: string
  readonly shortages: readonly {
    readonly resource: string
    readonly asked: string
    readonly node: string
    readonly free: string
    readonly total: string
  }[]
  readonly nodes: readonly { readonly node: string; readonly plugin: string; readonly message: string }[]
}

/** What one workload comes to. */
export function plannedWorkload(
  { kind, name, namespace, present, notes }: Pick<PlannedWorkload, 'kind' | 'name' | 'namespace' | 'present' | 'notes'>,
  forecasts: readonly Forecast[],
): PlannedWorkload {
  const byNode = new Map<string, number>()
  const unplaced = new Map<string, Unplaced>()
  const preempted: Preempted[] = []
  for (const one of forecasts) {
    if (one.becomes === 'placed') {
      byNode.set(one.node, (byNode.get(one.node) ?? 0) + 1)
      const brokenBudgets = one.brokenBudgets.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
      preempted.push(...one.preempted.map((pod) => ({ ...namesOf(pod), node: one.node, brokenBudgets })))
      continue
    }
    const known = unplaced.get(one.message)
    if (known === undefined) unplaced.set(one.message, unplacedOf(one))
    else unplaced.set(one.message, { ...known, pods: known.pods + 1 })
  }
  const placed = [...byNode].map(([node, pods]) => ({ node, pods })).sort((a, b) => b.pods - a.pods || (a.node < b.node ? -1 : 1))
  return { kind, name, namespace, pods: forecasts.length, present, placed, preempted, unplaced: [...unplaced.values()], notes }
}

function namesOf(pod: Pod): Pick<Preempted, 'namespace' | 'name' | 'priority' | 'owner'> {
  const { name, namespace } = pod.metadata
  const owner = controllerOf(pod)
  return { namespace, name, priority: pod.spec.priority ?? 0, owner: owner === undefined ? '' : `${owner.kind} ${owner.name}` }
}

function unplacedOf(one: Exclude<Forecast, { becomes: 'placed' }>): Unplaced {
  if (one.becomes !== 'refused') return { pods: 1, reason: one.becomes, message: one.message, shortages: [], nodes: [] }
  return {
    pods: 1,
    reason: 'refused',
    message: one.message,
    shortages: one.shortages.map(({ resource, asked, node, free, total }) => ({
      resource,
      node,
      asked: amountText(resource, asked),
      free: amountText(resource, free),
      total: amountText(resource, total),
    })),
    nodes: [...one.refusals]
      .map(([node, { plugin, reasons, detail }]) => ({ node, plugin, message: detail ?? reasons.join(', ') }))
      .sort((a, b) => (a.node < b.node ? -1 : 1)),
  }
}

/** Whether everything comes to what was wished. */
export const isFine = ({ workloads, overruns, problems }: Omit<PlanReport, 'ok'>): boolean =>
  overruns.length === 0 &&
  problems.length === 0 &&
  workloads.every(({ unplaced, preempted }) => unplaced.length === 0 && preempted.every(({ brokenBudgets }) => brokenBudgets.length === 0))
