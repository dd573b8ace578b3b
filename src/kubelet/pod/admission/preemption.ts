import type { Pod } from '#api/core/v1/pod.ts'
import type { Amounts } from '#api/core/v1/resources.ts'
import { isStaticPod } from '../pod-source.ts'
import { qosClass } from '../qos.ts'
import { requestsOf, type Shortage } from './node-rules.ts'

/** `system-cluster-critical`: from here on up, priorities are Kubernetes' own. */
const CRITICAL_PRIORITY = 2_000_000_000

/** A pod without which the node or the cluster does not work: room is made for it. */
export const isCriticalPod = (pod: Pod): boolean =>
  isStaticPod(pod) ||
  pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined ||
  (pod.spec.priority ?? 0) >= CRITICAL_PRIORITY

/**
 * Pods to end so that a critical one fits: as few as possible, and first those that were promised least. Undefined when all of them together
 * would not do.
 */
export function podsToPreempt(critical: Pod, others: readonly Pod[], short: readonly Shortage[]): readonly Pod[] | undefined {
  const candidates = others.filter((one) => isPreemptable(critical, one)).map((pod) => ({ pod, requests: { ...requestsOf(pod), pods: 1 } }))
  const of = (wanted: string) => candidates.filter(({ pod }) => qosClass(pod) === wanted)
  const [bestEffort, burstable, guaranteed] = [of('BestEffort'), of('Burstable'), of('Guaranteed')]
  const needs: Needs = new Map(short.map(({ resource, requested, used, capacity }) => [resource, requested - (capacity - used)]))
  if (less(needs, candidates).size > 0) return undefined
  // Each class gives only what the lower ones, ended whole, would leave open.
  const high = nearest(guaranteed, less(needs, [...bestEffort, ...burstable]))
  const middle = nearest(burstable, less(needs, [...bestEffort, ...high]))
  const low = nearest(bestEffort, less(needs, [...middle, ...high]))
  return [...low, ...middle, ...high].map(({ pod }) => pod)
}

interface Candidate {
  readonly pod: Pod
  /** With the place that every pod takes. */
  readonly requests: Amounts
}
/** What is still to be freed, by resource; never zero. */
type Needs = ReadonlyMap<string, number>

function isPreemptable(critical: Pod, other: Pod): boolean {
  if (isCriticalPod(critical) && !isCriticalPod(other)) return true
  const [own, theirs] = [critical.spec.priority, other.spec.priority]
  return own !== undefined && theirs !== undefined && own > theirs
}

/** Those whose requests come nearest to what is needed, one after another until it is enough; of two as near, the smaller. */
function nearest(candidates: readonly Candidate[], needs: Needs): Candidate[] {
  const left = [...candidates]
  const chosen: Candidate[] = []
  for (let open = needs; open.size > 0 && left.length > 0; ) {
    const [best] = left.toSorted((a, b) => distance(a, open) - distance(b, open) || compareSize(a, b))
    chosen.push(best!)
    left.splice(left.indexOf(best!), 1)
    open = less(open, [best!])
  }
  return chosen
}

const less = (needs: Needs, ended: readonly Candidate[]): Needs =>
  new Map(
    [...needs]
      .map(([name, amount]) => [name, amount - ended.reduce((sum, { requests }) => sum + (requests[name] ?? 0), 0)] as const)
      .filter(([, amount]) => amount > 0),
  )

/** Sum of the squared shares that would stay open: each resource weighs the same. */
const distance = ({ requests }: Candidate, needs: Needs): number =>
  [...needs].reduce((sum, [name, amount]) => sum + (Math.max(0, amount - (requests[name] ?? 0)) / amount) ** 2, 0)

const compareSize = (a: Candidate, b: Candidate): number =>
  (a.requests['memory'] ?? 0) - (b.requests['memory'] ?? 0) || (a.requests['cpu'] ?? 0) - (b.requests['cpu'] ?? 0)
