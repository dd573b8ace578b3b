import { Pod } from '#api/core/v1/pod.ts'
import type { Single } from '#loop/controller.ts'
import { targetOf } from '../common/commands.ts'
import { trackingFinalizer } from './facts.ts'

/** Takes the finalizer off exactly this version of the pod: what others hold it by stays, and no end of it is missed. */
export const release = (pod: Pod): Single => ({
  do: 'patch',
  ...targetOf(Pod, pod),
  resourceVersion: pod.metadata.resourceVersion,
  body: { metadata: { finalizers: withoutTracking(pod.metadata.finalizers) } },
})

/** As a merge patch wants it: null for none. */
export function withoutTracking(finalizers: readonly string[] = []): readonly string[] | null {
  const left = finalizers.filter((finalizer) => finalizer !== trackingFinalizer)
  return left.length === 0 ? null : left
}
