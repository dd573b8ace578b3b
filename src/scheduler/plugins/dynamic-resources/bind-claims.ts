import type { Pod } from '#api/core/v1/pod.ts'
import { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import type { AllocationResult } from '#api/resource/v1/types.ts'
import { isError, WherryError } from '#lib/errors.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import type { BindMeans } from '../../framework/plugin.ts'
import type { PodInfo } from '../../world/pod-info.ts'
import type { World } from '../../world/world.ts'
import { hasBindingConditions } from './binding-conditions.ts'
import { createClaimIndex } from './claim-index.ts'
import { claimText } from './claim-plan.ts'
import { type DeviceState, type DynamicResourcesTimes, isUnwritten } from './device-state.ts'
import { claimFinalizer, createExtendedClaim, deleteExtendedClaim, noteExtendedClaim, wrapped } from './extended-claim-writes.ts'
import { isReservedFor } from './pod-claims.ts'
import { retryOnConflict } from './retry-on-conflict.ts'
import { untilReady } from './until-ready.ts'

/**
 * Writes devices and the pod as their user into the claims, and waits for devices that have to be made ready. undefined: there is nothing to
 * write. Rejects with a `WherryError` in the reference's words; `releaseClaims` then takes back what was written.
 */
export function bindClaims(
  pod: PodInfo,
  nodeName: string,
  state: DeviceState,
  means: BindMeans,
  times: DynamicResourcesTimes,
): Promise<void> | undefined {
  const isDone = state.claims.every((claim, at) => !isToBeWritten(claim, at, pod, state))
  if (isDone && !state.claims.some(hasBindingConditions)) return undefined
  const stopping = new AbortController()
  const signal = AbortSignal.any([means.signal, stopping.signal])
  const work = writeClaims(pod, nodeName, state, { ...means, signal }, times)
  state.writing = { means, ended: work.catch(() => {}), stopping }
  return work
}

/** Gives back what `reserveClaims` took and what `bindClaims` wrote. What is being written stays taken until that has come to its end. */
export function releaseClaims({ pod }: PodInfo, state: DeviceState, world: World): void {
  const { writing } = state
  if (writing === undefined) {
    giveBack(state, world)
    return
  }
  state.writing = undefined
  writing.stopping.abort(new WherryError('Gone', 'the pod was given up while its claims were written'))
  writing.ended
    .then(() => {
      giveBack(state, world)
      return takeBack(pod, state, writing.means)
    })
    .catch((error: unknown) => writing.means.warn('claims of a pod that was given up could not be given back', error))
}

function giveBack(state: DeviceState, world: World): void {
  const index = world.kept(createClaimIndex)
  const lookup = world.lookups.of(ResourceClaim)
  for (const [at, { uid }] of state.reserved) {
    index.end(uid)
    if (at !== state.extendedAt) lookup.restore(state.claims[at]!.metadata.name, state.claims[at]!.metadata.namespace)
  }
  state.reserved.clear()
}

async function takeBack(pod: Pod, state: DeviceState, { signal: _ended, ...rest }: BindMeans): Promise<void> {
  // This goes on though the pod is gone.
  const means: BindMeans = { ...rest, signal: new AbortController().signal }
  for (const [at, claim] of state.claims.entries())
    try {
      if (at === state.extendedAt && !isUnwritten(claim)) await deleteExtendedClaim(claim, means)
      else if (claim.status.allocation !== undefined && isReservedFor(claim, pod)) await unreserve(claim, pod.metadata.uid, means)
    } catch (error) {
      // The next try finds what was left, and the controller of claims frees those of pods that are gone.
      means.warn(`claim ${claimText(claim)} could not be given back`, error)
    }
}

const isToBeWritten = (claim: ResourceClaim, at: number, { pod }: PodInfo, { reserved, extendedAt }: DeviceState): boolean =>
  !isReservedFor(claim, pod) && (at !== extendedAt || reserved.has(at))

async function writeClaims(
  pod: PodInfo,
  nodeName: string,
  state: DeviceState,
  means: BindMeans,
  { bindingTimeoutMs }: DynamicResourcesTimes,
): Promise<void> {
  for (const [at, claim] of state.claims.entries()) {
    means.signal.throwIfAborted()
    if (isToBeWritten(claim, at, pod, state)) await writeClaim(at, pod, nodeName, state, means)
  }
  if (!state.claims.some(hasBindingConditions)) return
  means.record({
    regarding: pod.pod,
    type: 'Normal',
    reason: 'BindingConditionsPending',
    action: 'Scheduling',
    message: `waiting for binding conditions for device on node ${nodeName}`,
  })
  await untilReady(state, means, bindingTimeoutMs)
}

async function writeClaim(at: number, { pod }: PodInfo, nodeName: string, state: DeviceState, means: BindMeans): Promise<void> {
  const { world } = means
  const reserved = state.reserved.get(at)
  const found = state.found.get(nodeName)
  let claim = state.claims[at]!
  const isExtended = at === state.extendedAt
  if (isExtended) {
    const wanted = found?.by.extendedClaim
    if (wanted === undefined) throw new WherryError('InternalError', `extended resource claim not found for node ${nodeName}`)
    claim = await createExtendedClaim(wanted, means)
    // Kept at once, so that it is deleted should anything go wrong from here on.
    state.claims[at] = claim
  }
  const written = await retryOnConflict(claim, means, (present) => writeUse(present, pod.metadata, reserved?.allocation, means))
  state.claims[at] = written
  // From here on the claim itself says what it holds.
  world.lookups.of(ResourceClaim).assume(written)
  if (reserved !== undefined) {
    world.kept(createClaimIndex).end(reserved.uid)
    state.reserved.delete(at)
  }
  if (isExtended) await noteExtendedClaim(pod, written, found!.by.mappings, means)
}

/** Adds the pod to the claim's users, and the devices where they were just found. */
async function writeUse(
  claim: ResourceClaim,
  { name, uid }: { readonly name: string; readonly uid: string },
  allocation: AllocationResult | undefined,
  { client, clock }: BindMeans,
): Promise<ResourceClaim> {
  if (claim.metadata.deletionTimestamp !== undefined) throw gone(claim, 'got deleted in the meantime')
  let present = claim
  if (allocation !== undefined) {
    if (claim.status.allocation !== undefined) throw gone(claim, 'got allocated elsewhere in the meantime')
    const { finalizers = [] } = claim.metadata
    if (!finalizers.includes(claimFinalizer)) {
      const kept = { ...claim, metadata: { ...claim.metadata, finalizers: [...finalizers, claimFinalizer] } }
      present = await client.update(ResourceClaim, kept).catch((error: unknown) => {
        throw wrapped(error, `add finalizer to claim ${claimText(claim)}`)
      })
    }
  }
  const granted = allocation ?? present.status.allocation
  if (granted === undefined) throw gone(claim, 'got deallocated elsewhere in the meantime')
  const status = {
    ...present.status,
    allocation: { ...granted, allocationTimestamp: granted.allocationTimestamp ?? rfc3339(clock.now()) },
    reservedFor: [...(present.status.reservedFor ?? []), { resource: 'pods', name, uid }],
  }
  return client.update(ResourceClaim, { ...present, status }, { subresource: 'status' }).catch((error: unknown) => {
    throw wrapped(error, `add ${allocation === undefined ? 'reservation' : 'allocation and reservation'} to claim ${claimText(claim)}`)
  })
}

const gone = (claim: ResourceClaim, what: string): WherryError => new WherryError('Gone', `claim ${claimText(claim)} ${what}`)

async function unreserve({ metadata }: ResourceClaim, podUid: string, { client }: BindMeans): Promise<void> {
  const body = { metadata: { uid: metadata.uid }, status: { reservedFor: [{ $patch: 'delete', uid: podUid }] } }
  try {
    await client.patch(ResourceClaim, metadata.name, { type: 'strategic', body }, { namespace: metadata.namespace!, subresource: 'status' })
  } catch (error) {
    if (!isError(error, 'NotFound', 'Conflict')) throw error
  }
}
