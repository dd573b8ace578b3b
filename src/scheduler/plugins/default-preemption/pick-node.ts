import type { Candidate } from '../../framework/plugin.ts'
import { startOf } from './select-victims.ts'

type Victims = Candidate['victims']

/**
 * The candidate that hurts least (kube-scheduler pickOneNodeForPreemption): fewest broken budgets, then the least important of the highest
 * victims, the smallest sum of priorities, the fewest victims, the latest start of the most important ones; then the first.
 */
export function pickNode(candidates: readonly Candidate[]): Candidate | undefined {
  let best: Candidate | undefined
  for (const candidate of candidates) if (best === undefined || isBetter(candidate.victims, best.victims)) best = candidate
  return best
}

function isBetter(a: Victims, b: Victims): boolean {
  for (const cost of costs) {
    const difference = cost(a) - cost(b)
    if (difference !== 0) return difference < 0
  }
  return earliestStart(a) > earliestStart(b)
}

/** Every pod counts in the sum, also one of priority 0 or less. */
const priorityOffset = 2 ** 31

const costs: readonly ((victims: Victims) => number)[] = [
  ({ violations }) => violations,
  ({ pods }) => pods[0]!.shape.priority,
  ({ pods }) => pods.reduce((sum, { shape }) => sum + shape.priority + priorityOffset, 0),
  ({ pods }) => pods.length,
]

/** Of the victims of highest priority. */
function earliestStart({ pods }: Victims): string {
  const highest = pods[0]!.shape.priority
  let earliest = startOf(pods[0]!)
  for (const pod of pods) if (pod.shape.priority === highest && startOf(pod) < earliest) earliest = startOf(pod)
  return earliest
}
