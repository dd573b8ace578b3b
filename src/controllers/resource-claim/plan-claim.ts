import { Pod } from '#api/core/v1/pod.ts'
import type { KubeObject } from '#api/kind.ts'
import { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import type { ResourceClaimConsumerReference } from '#api/resource/v1/types.ts'
import { WherryError } from '#lib/errors.ts'
import type { Command, Plan, Single } from '#loop/controller.ts'
import { targetOf } from '../common/commands.ts'

/** Set by whoever allocates devices to a claim, so that nobody forgets them by deleting it. */
export const allocationFinalizer = 'resource.kubernetes.io/delete-protection'

export interface ClaimView {
  readonly about: 'claim'
  readonly claim: ResourceClaim
  /** What is known of a pod by the name and uid that the claim gives. `absent`: the cache shows no such pod, which it may only not show yet. */
  readonly podState: (name: string, uid: string) => 'runs' | 'done' | 'absent' | 'replaced'
}

/** Takes back what pods that are gone or done had reserved, gives devices back with the last of them, and removes claims made for such pods. */
export function planClaim({ claim, podState }: ClaimView): Plan {
  const { namespace } = claim.metadata
  const reservedFor = claim.status.reservedFor ?? []
  const gone = reservedFor.filter((one) => isPodReference(one) && podState(one.name, one.uid) !== 'runs')
  const remaining = reservedFor.filter((one) => !gone.includes(one))
  // That a pod is gone is heard from the API server itself: the scheduler may have reserved for one that we do not see yet.
  const confirmations = gone
    .filter((one) => podState(one.name, one.uid) !== 'done')
    .map(({ name, uid }): Command => ({ do: 'confirmAbsent', kind: Pod, name, namespace, uid }))
  const commands: Command[] = [...confirmations]
  const isLeaving = claim.metadata.deletionTimestamp !== undefined
  const isProtected = (claim.metadata.finalizers ?? []).includes(allocationFinalizer)
  // Only with the last that used it: one that nobody has used yet may be about to be.
  const releases = isProtected && remaining.length === 0 && (gone.length > 0 || isLeaving)
  if (gone.length > 0 || (releases && claim.status.allocation !== undefined)) {
    const { reservedFor: _reserved, allocation, ...rest } = claim.status
    const status = {
      ...rest,
      ...(allocation !== undefined && !releases && { allocation }),
      ...(remaining.length > 0 && { reservedFor: remaining }),
    }
    commands.push({ do: 'update', kind: ResourceClaim, object: { ...claim, status } as ResourceClaim, subresource: 'status' })
  } else if (releases) commands.push(withoutFinalizer(claim))
  if (remaining.length === 0 && !isLeaving) commands.push(...removal(claim, podState))
  return { commands, wakeAt: Infinity }
}

/** The devices are free now, so the finalizer has nothing to wait for; what allocates the claim anew sets it again. */
export function afterClaimStatus(command: Single, answer: KubeObject | WherryError): readonly Command[] {
  if (command.do !== 'update' || command.subresource !== 'status' || answer instanceof WherryError) return []
  const claim = answer as ResourceClaim
  const holds = claim.status.allocation !== undefined || !(claim.metadata.finalizers ?? []).includes(allocationFinalizer)
  return holds ? [] : [withoutFinalizer(claim)]
}

const isPodReference = ({ apiGroup = '', resource }: ResourceClaimConsumerReference): boolean => apiGroup === '' && resource === 'pods'

function withoutFinalizer(claim: ResourceClaim): Command {
  const finalizers = (claim.metadata.finalizers ?? []).filter((one) => one !== allocationFinalizer)
  return { do: 'update', kind: ResourceClaim, object: { ...claim, metadata: { ...claim.metadata, finalizers } } }
}

/** A claim that was made for a pod goes with it; the garbage collector would wait until somebody deletes the pod. */
function removal(claim: ResourceClaim, podState: ClaimView['podState']): Command[] {
  const owner = claim.metadata.ownerReferences?.find(
    ({ controller, apiVersion, kind }) => controller && apiVersion === 'v1' && kind === 'Pod',
  )
  if (owner === undefined) return []
  const { namespace } = claim.metadata
  const state = podState(owner.name, owner.uid)
  if (state !== 'done' && state !== 'replaced') return []
  const deletion: Command = { do: 'delete', ...targetOf(ResourceClaim, claim) }
  return state === 'done' ? [deletion] : [{ do: 'confirmAbsent', kind: Pod, name: owner.name, namespace, uid: owner.uid }, deletion]
}
