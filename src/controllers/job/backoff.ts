import type { Pod } from '#api/core/v1/pod.ts'
import { isSidecar, podCondition } from '#api/core/v1/pod-helpers.ts'
import type { ContainerStatus } from '#api/core/v1/types.ts'
import type { Instant } from '#lib/clock.ts'
import { parseTime } from '../common/time.ts'

/** How long after the last of so many failures in a row the next pod may be made: 10 s, twice as long each time, 10 min at most. */
export const backoffMs = (failures: number): number => (failures <= 0 ? 0 : Math.min(10_000 * 2 ** (failures - 1), 600_000))

/** From this many on, the back-off grows no more. */
export const failuresThatMatter = 7

/**
 * When the pod ended: with the last of its containers, sidecars among them; else when it ceased to be ready, which the kubelet says of each
 * that ends; else when somebody deleted it, as of one whose node is gone; else when it was made.
 */
export function podFinishedAt(pod: Pod): Instant {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, creationTimestamp } = pod.metadata
  const ended = containersFinishedAt(pod)
  if (ended !== undefined) return ended
  const ready = podCondition(pod, 'Ready')
  const unreadySince = ready?.status === 'False' ? parseTime(ready.lastTransitionTime) : undefined
  if (unreadySince !== undefined) return unreadySince
  const deleted = parseTime(deletionTimestamp)
  if (deleted !== undefined) return deleted - deletionGracePeriodSeconds * 1000
  return parseTime(creationTimestamp) ?? 0
}

function containersFinishedAt({ spec, status }: Pod): Instant | undefined {
  const sidecars = new Set((spec.initContainers ?? []).filter(isSidecar).map(({ name }) => name))
  const watched = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name))]
  const times = watched.map(({ state }: ContainerStatus) => parseTime(state?.terminated?.finishedAt))
  return times.length === 0 || times.includes(undefined) ? undefined : Math.max(...(times as Instant[]))
}
