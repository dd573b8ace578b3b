import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { Plan } from '#loop/controller.ts'
import { planProtection } from '../common/protection.ts'
import { claimNameOf, isClaimOfPod } from '../common/volumes.ts'

export interface ClaimProtectionView {
  readonly claim: PersistentVolumeClaim
  /** Those that name it. */
  readonly pods: readonly Pod[]
}

/**
 * Whether a pod that is on a node has the claim mounted, or will. One that has ended counts as long as it is there, since what its volumes
 * still hold is not known; only the claim of an ephemeral volume lets go of a pod that is shut down, as it is deleted with it.
 */
export function usesClaim(pod: Pod, claim: PersistentVolumeClaim): boolean {
  if (!pod.spec.nodeName || pod.metadata.namespace !== claim.metadata.namespace) return false
  return (pod.spec.volumes ?? []).some((volume) => {
    if (claimNameOf(pod, volume) !== claim.metadata.name) return false
    return volume.ephemeral === undefined || (!isShutDown(pod) && isClaimOfPod(claim, pod))
  })
}

const isShutDown = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === 0

/** Keeps a claim that pods use from going. That none does is asked of the server itself: a pod may be newer than what is held in memory. */
export function planClaimProtection({ claim, pods }: ClaimProtectionView): Plan {
  return planProtection(PersistentVolumeClaim, claim, {
    finalizer: pvcFinalizer,
    isUsed: pods.some((pod) => usesClaim(pod, claim)),
    confirm: [
      {
        do: 'confirmNone',
        kind: Pod,
        namespace: claim.metadata.namespace,
        fieldSelector: 'spec.nodeName!=',
        isMeant: (pod: Pod) => usesClaim(pod, claim),
      },
    ],
  })
}

const pvcFinalizer = 'kubernetes.io/pvc-protection'
