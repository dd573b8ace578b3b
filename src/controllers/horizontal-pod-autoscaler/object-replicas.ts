import type { Pod } from '#api/core/v1/pod.ts'
import { isPodReady } from '#api/core/v1/pod-helpers.ts'
import { noPods } from './pod-replicas.ts'
import type { Problem } from './target.ts'
import { isWithin, type Tolerances } from './tolerances.ts'

export interface ByObject {
  readonly replicas: number
  /** What the status shows. */
  readonly milli: bigint
}

const int32Max = 2 ** 31 - 1

/** By a value that is one for all pods: as many times the ready ones as it is times its target; from none, as many as that is. */
export function byTotal(
  milli: bigint,
  target: bigint,
  tolerances: Tolerances,
  { specReplicas, pods }: { readonly specReplicas: number; readonly pods: readonly Pod[] },
): ByObject | Problem {
  const ratio = Number(milli) / Number(target)
  if (specReplicas === 0) return { replicas: capped(ratio), milli }
  if (isWithin(tolerances, ratio)) return { replicas: specReplicas, milli }
  if (pods.length === 0) return { problem: `unable to calculate ready pods: ${noPods}` }
  const readyCount = pods.filter((pod) => pod.status.phase === 'Running' && isPodReady(pod)).length
  return { replicas: capped(ratio * readyCount), milli }
}

/** By a value that all pods share: as many as it takes for each to have its part. */
export function byTotalPerPod(
  milli: bigint,
  target: bigint,
  tolerances: Tolerances,
  { statusReplicas }: { readonly statusReplicas: number },
): ByObject {
  const ratio = Number(milli) / (Number(target) * statusReplicas)
  const replicas = isWithin(tolerances, ratio) ? statusReplicas : capped(Number(milli) / Number(target))
  const count = BigInt(statusReplicas)
  // Without pods there is no part of one: the whole is shown.
  return { replicas, milli: count === 0n || milli < 0n ? milli : (milli + count - 1n) / count }
}

const capped = (replicas: number): number => Math.min(int32Max, Math.ceil(replicas))
