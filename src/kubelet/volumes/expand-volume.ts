import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { isError } from '#lib/errors.ts'
import { compareQuantity, quantityToInteger } from '#lib/quantity.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { failed, finished, inProgress, planExpansion } from './claim-expansion.ts'
import type { VolumeSetUp } from './set-up-volume.ts'
import type { Shared } from './shared.ts'
import type { VolumeRecord } from './volume-records.ts'

/**
 * Lets the file system or device follow a volume that grew, and writes the claim's status (the resizer's part ends there). A driver that has
 * nothing to do on nodes says so by `MethodNotAllowed`, one that cannot while it is in use by `Conflict`: neither keeps the pod from running.
 * One for which it never will be possible says `Invalid`, one that may still be at it `Timeout`. Throws these and whatever trying again may cure.
 */
export async function expandVolume(
  shared: Shared,
  request: VolumeSetUp & { readonly record: VolumeRecord; readonly devicePath?: string },
): Promise<void> {
  const { pod, spec, plugin, path, signal, record, devicePath } = request
  const { claims, clock, tell } = shared.options
  if (!plugin.expand || !spec.persistentVolume || !spec.claim || !claims) return
  const known = record.capacity
  const plan = planExpansion(spec.claim, spec.persistentVolume, spec.readOnly, known)
  if (plan.do === 'nothing') return
  const say = (type: 'Normal' | 'Warning', reason: string, message: string) => {
    tell?.(pod, type, reason, message)
    tell?.(spec.claim!, type, reason, message)
  }
  if (plan.do === 'refuse') {
    const words = `MountVolume.NodeExpandVolume failed for volume "${spec.name}" requested read-only file system`
    return say('Warning', 'FileSystemResizeFailed', words)
  }
  let claim: PersistentVolumeClaim = spec.claim
  const write = async (status: NonNullable<PersistentVolumeClaim['status']>) => {
    claim = await claims.updateStatus(claim, status)
  }
  if (plan.marks && !plan.isDone) await write(inProgress(claim.status ?? {}))
  const mounted = { podUid: pod.metadata.uid, volumeName: spec.name, path, record: record.data }
  try {
    await plugin.expand({
      ...mounted,
      pod,
      spec,
      capacityBytes: quantityToInteger(plan.capacity),
      signal,
      ...(devicePath !== undefined && { devicePath }),
    })
  } catch (error) {
    if (isError(error, 'MethodNotAllowed') && (plan.isDone || !plan.marks))
      return shared.records.put({ ...record, capacity: plan.capacity })
    // Of a driver that may still be at it nothing is known yet.
    if (plan.marks && !plan.isDone && !isError(error, 'Timeout', 'ServiceUnavailable')) {
      const words = error instanceof Error ? error.message : String(error)
      await write(failed(claim.status ?? {}, words, isError(error, 'Invalid') || isGivenUp(claim, plan.capacity), rfc3339(clock.now())))
    }
    if (isError(error, 'Conflict')) return shared.records.put({ ...record, capacity: plan.capacity })
    throw error
  }
  const node = pod.spec.nodeName ?? ''
  say('Normal', 'FileSystemResizeSuccessful', `MountVolume.NodeExpandVolume succeeded for volume "${spec.name}" ${node}`)
  if (!plan.isDone) await write(finished(claim.status ?? {}, plan.capacity))
  await shared.records.put({ ...record, capacity: plan.capacity })
}

/** It failed before, and the claim asks for another size by now: the resizer is to see to that one. */
function isGivenUp({ spec, status }: PersistentVolumeClaim, capacity: string): boolean {
  const hasFailed = (status?.conditions ?? []).some(({ type, status: value }) => type === 'NodeResizeError' && value === 'True')
  return hasFailed && compareQuantity(spec.resources?.requests?.['storage'] ?? '0', capacity) !== 0
}
