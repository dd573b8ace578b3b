import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Reason } from '../explanation.ts'
import type { View } from '../view.ts'
import { lastEvent } from './events.ts'
import { terminatingReasons } from './terminating.ts'

/** What is wrong with the claims that a pod mounts. */
export function claimsOfPod(pod: Pod, view: View): readonly Reason[] {
  if (view.unread.some((text) => text.startsWith('persistentvolumeclaims'))) return []
  return claimNames(pod).flatMap((name) => {
    const claim = view.claims.find(({ metadata }) => metadata.name === name && metadata.namespace === pod.metadata.namespace)
    const about = `claim ${name} of pod ${pod.metadata.name}`
    if (claim === undefined)
      return [
        {
          code: 'claim',
          about,
          message: 'there is no such PersistentVolumeClaim',
          advice: 'create it, or correct its name in spec.volumes',
        } satisfies Reason,
      ]
    return claimReasons(claim, view, about)
  })
}

/** Of `persistentVolumeClaim` volumes by their name, of `ephemeral` ones by the pod's and theirs. */
export const claimNames = ({ metadata, spec }: Pod): readonly string[] =>
  (spec.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) =>
    persistentVolumeClaim !== undefined ? [persistentVolumeClaim.claimName] : ephemeral !== undefined ? [`${metadata.name}-${name}`] : [],
  )

/** Why a claim has no volume. */
export function claimReasons(claim: PersistentVolumeClaim, view: View, about: string): readonly Reason[] {
  if (claim.metadata.deletionTimestamp !== undefined) return terminatingReasons(claim, view, about)
  const { phase } = claim.status
  if (phase === 'Bound') return resizeReasons(claim, about)
  const said = lastEvent(view, claim, ['ProvisioningFailed', 'FailedBinding', 'ExternalProvisioning', 'WaitForPodScheduled'])
  const details = said?.message && said.reason !== 'ExternalProvisioning' ? [said.message] : []
  if (phase === 'Lost')
    return [
      { code: 'claim', about, message: `the volume ${claim.spec.volumeName} that it was bound to is gone, and its data with it`, details },
    ]
  if (claim.spec.volumeName)
    return [
      {
        code: 'claim',
        about,
        message: `it asks for the volume ${claim.spec.volumeName}, which is not there or belongs to another claim`,
        details,
      },
    ]
  const className = claim.spec.storageClassName ?? ''
  if (className === '')
    return [
      {
        code: 'claim',
        about,
        message: 'it names no storage class, there is no default class, and no free volume fits it',
        details,
        advice: 'set spec.storageClassName, mark a StorageClass as the default, or create a PersistentVolume that fits',
      },
    ]
  const found = view.classes.find(({ metadata }) => metadata.name === className)
  if (found === undefined)
    return view.unread.some((text) => text.startsWith('storageclasses'))
      ? [{ code: 'claim', about, message: `it waits for a volume of the class ${className}`, details }]
      : [
          {
            code: 'claim',
            about,
            message: `there is no StorageClass ${className}`,
            details,
            advice: 'create it, or correct spec.storageClassName of the claim',
          },
        ]
  if (found.volumeBindingMode === 'WaitForFirstConsumer' && claim.metadata.annotations?.[selectedNode] === undefined)
    return [
      {
        code: 'claim',
        about,
        message: `its class ${className} binds only when a pod that uses it is being scheduled (WaitForFirstConsumer)`,
        details,
      },
    ]
  if (found.provisioner === 'kubernetes.io/no-provisioner')
    return [
      {
        code: 'claim',
        about,
        message: `its class ${className} makes no volumes, and no free PersistentVolume fits it`,
        details,
        advice: 'create a PersistentVolume of this class that fits',
      },
    ]
  return [
    {
      code: 'claim',
      about,
      message: `it waits for ${found.provisioner} to make a volume of the class ${className}`,
      details,
      ...(said?.reason !== 'ProvisioningFailed' && { advice: 'see whether that provisioner runs in the cluster' }),
    },
  ]
}

/** Set by the scheduler once it has chosen a node for the pod. */
const selectedNode = 'volume.kubernetes.io/selected-node'

function resizeReasons({ spec, status }: PersistentVolumeClaim, about: string): readonly Reason[] {
  const wanted = spec.resources?.requests?.['storage']
  const problem = status.conditions?.find(({ type, status: is }) => /ResizeError$/.test(type) && is === 'True')
  if (problem === undefined) return []
  return [{ code: 'claim', about, message: `it cannot be made ${wanted} large`, details: [problem.message ?? ''].filter(Boolean) }]
}
