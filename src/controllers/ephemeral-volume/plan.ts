import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { PersistentVolumeClaimTemplate } from '#api/core/v1/types.ts'
import type { KubeObject } from '#api/kind.ts'
import { ownerReference } from '#api/meta/v1/owner.ts'
import type { Instant } from '#lib/clock.ts'
import type { WherryError } from '#lib/errors.ts'
import type { Command, Single } from '#loop/controller.ts'
import type { RemarkedPlan } from '../common/told.ts'
import { isClaimOfPod } from '../common/volumes.ts'

export interface EphemeralView {
  readonly key: string
  readonly now: Instant
  readonly pod: Pod
  /** Its ephemeral volumes in order, each with the claim that has its name. */
  readonly volumes: readonly EphemeralVolume[]
}

export interface EphemeralVolume {
  readonly name: string
  readonly claimName: string
  readonly template: PersistentVolumeClaimTemplate
  readonly claim: PersistentVolumeClaim | undefined
}

/** Makes the claims of a pod's ephemeral volumes. The first whose name another's claim has stops those after it, as in the reference. */
export function planEphemeral({ pod, volumes }: EphemeralView): RemarkedPlan {
  const commands: Command[] = []
  for (const { name, claimName, template, claim } of volumes) {
    if (claim === undefined) commands.push(createClaim(pod, claimName, template))
    else if (!isClaimOfPod(claim, pod)) {
      const { namespace } = pod.metadata
      const message = `ephemeral volume ${name}: PVC ${namespace}/${claimName} was not created for pod ${namespace}/${pod.metadata.name} (pod is not owner)`
      return { commands, wakeAt: Infinity, remarks: [failedBinding(pod, message)] }
    }
  }
  return { commands, wakeAt: Infinity }
}

/** Tells the pod's user why a claim could not be made. */
export function ephemeralAnswered({ pod, volumes }: EphemeralView, command: Single, answer: KubeObject | WherryError): readonly Command[] {
  if (command.do !== 'create' || !(answer instanceof Error)) return []
  // It is there already: most likely it is ours, and the next look will tell.
  if (answer.code === 'AlreadyExists') return []
  const { name: claimName } = (command.object as PersistentVolumeClaim).metadata
  const volume = volumes.find((one) => one.claimName === claimName)
  return [failedBinding(pod, `ephemeral volume ${volume?.name}: create PVC ${claimName}: ${answer.message}`)]
}

function createClaim(pod: Pod, name: string, { metadata, spec }: PersistentVolumeClaimTemplate): Command {
  const { labels, annotations } = metadata
  const object = {
    metadata: {
      name,
      ownerReferences: [ownerReference(Pod, pod)],
      ...(labels !== undefined && { labels }),
      ...(annotations !== undefined && { annotations }),
    },
    spec,
  }
  return { do: 'create', kind: PersistentVolumeClaim, namespace: pod.metadata.namespace, object }
}

const failedBinding = (pod: Pod, message: string): Extract<Command, { do: 'event' }> => ({
  do: 'event',
  regarding: pod,
  type: 'Warning',
  reason: 'FailedBinding',
  message,
})
