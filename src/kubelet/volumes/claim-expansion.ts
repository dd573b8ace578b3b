import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { compareQuantity } from '#lib/quantity.ts'

export type ClaimStatus = NonNullable<PersistentVolumeClaim['status']>

/** What a node has to do about the size of a claim's volume (KEP-284, KEP-1790). */
export type Expansion =
  | { readonly do: 'nothing' }
  /** It has to grow, and this pod only reads it. */
  | { readonly do: 'refuse' }
  /**
   * To a capacity. `marks`: the claim's status goes by the resizer's records; `isDone`: the status says the size already, and only this node
   * has to follow (a volume that several nodes write to).
   */
  | { readonly do: 'expand'; readonly capacity: string; readonly marks: boolean; readonly isDone: boolean }

export function planExpansion(
  claim: PersistentVolumeClaim,
  volume: PersistentVolume,
  readOnly: boolean,
  known: string | undefined,
): Expansion {
  const status: Partial<ClaimStatus> = claim.status ?? {}
  const has = status.capacity?.['storage'] ?? '0'
  const wanted = volume.spec.capacity?.['storage'] ?? '0'
  // What this process has seen to already counts beside what the claim says.
  if (compareQuantity(wanted, known ?? has) <= 0) return { do: 'nothing' }
  if (readOnly) return { do: 'refuse' }
  const stage = status.allocatedResourceStatuses?.['storage']
  const allocated = status.allocatedResources?.['storage']
  // No records: an older resizer, that leaves all to the node.
  if (stage === undefined && status.allocatedResources === undefined)
    return { do: 'expand', capacity: wanted, marks: false, isDone: compareQuantity(has, wanted) >= 0 }
  const capacity = allocated ?? wanted
  const isDone = stage === undefined && compareQuantity(has, capacity) >= 0
  const isEverywhere = claim.spec.accessModes?.includes('ReadWriteMany') === true
  if (isDone && isEverywhere && claim.metadata.annotations?.[notRequired] === undefined)
    return { do: 'expand', capacity, marks: true, isDone }
  if (stage === 'NodeResizePending' || stage === 'NodeResizeInProgress') return { do: 'expand', capacity, marks: true, isDone }
  return { do: 'nothing' }
}

/** A driver's resizer says so of drivers that have nothing to do on nodes. */
const notRequired = 'volume.kubernetes.io/node-expansion-not-required'

/** Conditions that speak of a resize; all end with it. */
const resizeConditions = new Set(['FileSystemResizePending', 'Resizing', 'ControllerResizeError', 'NodeResizeError'])

/** The claim's status while the node is at it. */
export const inProgress = (status: ClaimStatus): ClaimStatus => withStage(status, 'NodeResizeInProgress')

/** It has grown. */
export function finished(status: ClaimStatus, capacity: string): ClaimStatus {
  const { allocatedResourceStatuses: stages, ...rest } = status
  const { storage: _storage, ...others } = stages ?? {}
  return {
    ...rest,
    capacity: { ...status.capacity, storage: capacity },
    conditions: (status.conditions ?? []).filter(({ type }) => !resizeConditions.has(type)),
    ...(Object.keys(others).length > 0 && { allocatedResourceStatuses: others }),
  } as ClaimStatus
}

/** It could not. `isInfeasible`: nobody tries again until the claim asks for another size. */
export function failed(status: ClaimStatus, error: string, isInfeasible: boolean, now: string): ClaimStatus {
  const isTold = (status.conditions ?? []).some(({ type, status: value }) => type === 'NodeResizeError' && value === 'True')
  const condition = {
    type: 'NodeResizeError' as const,
    status: 'True' as const,
    lastTransitionTime: now,
    message: `failed to expand pvc with ${error}`,
  }
  const conditions = isTold ? status.conditions : [...(status.conditions ?? []).filter(({ type }) => type !== 'NodeResizeError'), condition]
  const told = { ...status, conditions } as ClaimStatus
  return isInfeasible ? withStage(told, 'NodeResizeInfeasible') : told
}

const withStage = (status: ClaimStatus, stage: string): ClaimStatus =>
  ({ ...status, allocatedResourceStatuses: { ...status.allocatedResourceStatuses, storage: stage } }) as ClaimStatus
