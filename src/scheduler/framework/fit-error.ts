import type { NodeRefusal } from './plugin.ts'
import { kindsOf, type Refusals } from './refusals.ts'

/** Why a pod fits nowhere. */
export interface Misfit {
  readonly nodesTotal: number
  /** A `preFilter` refused the pod: it speaks for all nodes. */
  readonly ofAll?: NodeRefusal | undefined
  /** Nodes that were looked at, by name. */
  readonly refusals: Refusals
  /** Spoken for all other nodes. */
  readonly others?: NodeRefusal | undefined
}

/** Event FailedScheduling and condition PodScheduled carry these words (kube-scheduler framework FitError). */
export function fitError({ nodesTotal, ofAll, refusals, others }: Misfit, postFilterMessage = ''): string {
  if (nodesTotal === 0) return 'no nodes available to schedule pods'
  const head = `0/${nodesTotal} nodes are available:`
  const reasons = ofAll === undefined ? histogramOf(nodesTotal, refusals, others) : ofAll.reasons.join(', ')
  return [head, reasons === '' ? '' : ` ${reasons}.`, postFilterMessage === '' ? '' : ` ${postFilterMessage}`].join('')
}

/** `2 Insufficient cpu, 1 node(s) were unschedulable`, sorted as text. */
export function histogramOf(nodesTotal: number, refusals: Refusals, others?: NodeRefusal): string {
  const counts = new Map<string, number>()
  const add = (reason: string, number: number): unknown => counts.set(reason, (counts.get(reason) ?? 0) + number)
  for (const [{ reasons }, nodes] of kindsOf(refusals)) for (const reason of reasons) add(reason, nodes)
  if (refusals.size < nodesTotal) for (const reason of others?.reasons ?? []) add(reason, nodesTotal - refusals.size)
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(', ')
}
