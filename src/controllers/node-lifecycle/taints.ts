import type { Node } from '#api/core/v1/node.ts'
import { sameTaint } from '#api/core/v1/taints.ts'
import type { Taint } from '#api/core/v1/types.ts'
import { same } from '#api/strategy.ts'
import type { Instant } from '#lib/clock.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { conditionOf } from '../common/conditions.ts'

export const notReadyKey = 'node.kubernetes.io/not-ready'
export const unreachableKey = 'node.kubernetes.io/unreachable'
const unschedulableKey = 'node.kubernetes.io/unschedulable'

/** Which condition, with which status, keeps new pods away (API docs, "Taint Nodes by Condition"). */
const byCondition: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Ready: { False: notReadyKey, Unknown: unreachableKey },
  MemoryPressure: { True: 'node.kubernetes.io/memory-pressure' },
  DiskPressure: { True: 'node.kubernetes.io/disk-pressure' },
  NetworkUnavailable: { True: 'node.kubernetes.io/network-unavailable' },
  PIDPressure: { True: 'node.kubernetes.io/pid-pressure' },
}
const ownKeys = new Set([...Object.values(byCondition).flatMap((keys) => Object.values(keys)), unschedulableKey])

/** The NoExecute taint that the node's readiness asks for. */
export function evictingTaint(node: Node): 'none' | typeof notReadyKey | typeof unreachableKey {
  const status = conditionOf(node.status.conditions, 'Ready')?.status
  return status === 'False' ? notReadyKey : status === 'Unknown' ? unreachableKey : 'none'
}

export const isEvicting = ({ key, effect }: Taint): boolean => effect === 'NoExecute' && (key === notReadyKey || key === unreachableKey)

/**
 * The node's taints as they have to be at once: NoSchedule by its conditions; of the evicting ones only that which fits, where one is there
 * already (whether one comes at all is decided for all nodes together); and a time for whatever evicts, since tolerations count from it.
 */
export function conditionTaints(node: Node, now: Instant): { readonly taints: readonly Taint[] | null } | undefined {
  const present = node.spec.taints ?? []
  const wanted = (node.status.conditions ?? []).flatMap(({ type, status }): Taint[] => {
    const key = byCondition[type]?.[status]
    return key === undefined ? [] : [{ key, effect: 'NoSchedule' }]
  })
  if (node.spec.unschedulable) wanted.push({ key: unschedulableKey, effect: 'NoSchedule' })
  const evicting = evictingTaint(node)
  if (evicting !== 'none' && present.some(isEvicting)) wanted.push({ key: evicting, effect: 'NoExecute' })
  const kept = present.filter((taint) => {
    const isOurs = isEvicting(taint) || (taint.effect === 'NoSchedule' && ownKeys.has(taint.key))
    return !isOurs || wanted.some((one) => sameTaint(one, taint))
  })
  const added = wanted.filter((taint) => !kept.some((one) => sameTaint(one, taint))).map((taint) => ({ ...taint, timeAdded: rfc3339(now) }))
  const taints = [...kept, ...added].map((taint) =>
    taint.effect === 'NoExecute' && taint.timeAdded === undefined ? { ...taint, timeAdded: rfc3339(now) } : taint,
  )
  return same(taints, present) ? undefined : { taints: taints.length === 0 ? null : taints }
}
