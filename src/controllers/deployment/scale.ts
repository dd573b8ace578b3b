import type { Deployment } from '#api/apps/v1/deployment.ts'
import type { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import type { Draft } from './draft.ts'
import { fenceposts } from './percent.ts'
import { byCreation, desiredAnnotation, maxAnnotation, revisionOf } from './revision.ts'
import { hasHistoryLimit } from './status.ts'

/** Whether the Deployment's size changed since its sets were last sized. */
export const isScaling = (draft: Draft): boolean =>
  draft.all.some(
    (set) =>
      set.spec.replicas > 0 && (countIn(set, desiredAnnotation) ?? draft.deployment.spec.replicas) !== draft.deployment.spec.replicas,
  )

/**
 * Brings the sets to a new size without moving the rollout on: the only active set takes it all, several each their share, so that a bad
 * new revision does not grow alone.
 */
export function scaleProportionally(draft: Draft): void {
  const { deployment } = draft
  const { replicas } = deployment.spec
  const active = draft.all.filter((set) => set.spec.replicas > 0)
  if (active.length <= 1) {
    const only = active[0] ?? draft.fresh ?? draft.old.at(-1)
    if (only !== undefined && (only.spec.replicas !== replicas || active.length === 1)) draft.scale(only, replicas)
    return
  }
  if (isSaturated(deployment, draft.fresh)) {
    for (const set of draft.old) if (set.spec.replicas > 0) draft.scale(set, 0)
    return
  }
  if (deployment.spec.strategy.type !== 'RollingUpdate') {
    // Recreate has no shares: it only notes the new size, so that the next pass goes on with the rollout.
    for (const set of active) draft.scale(set, set.spec.replicas)
    return
  }
  const allowed = replicas > 0 ? replicas + fenceposts(deployment).maxSurge : 0
  const toAdd = allowed - active.reduce((sum, set) => sum + set.spec.replicas, 0)
  // What rounding leaves over goes to the largest set: on the way up to the newest of that size, on the way down to the oldest.
  const age = toAdd > 0 ? -1 : 1
  const ordered = active.toSorted((a, b) => b.spec.replicas - a.spec.replicas || age * byCreation(a, b))
  let added = 0
  const sizes = ordered.map((set) => {
    const share = toAdd === 0 ? 0 : proportion(deployment, set, toAdd, added)
    added += share
    return set.spec.replicas + share
  })
  if (toAdd !== 0) sizes[0] = Math.max(0, sizes[0]! + toAdd - added)
  for (const [at, set] of ordered.entries()) draft.scale(set, sizes[at]!)
}

/** Removes old sets beyond the history's length, lowest revision first; one that still has pods, or is not looked at yet, stays. */
export function cleanUp(draft: Draft): void {
  const { deployment } = draft
  if (!hasHistoryLimit(deployment)) return
  const candidates = draft.old.filter((set) => set.metadata.deletionTimestamp === undefined)
  const surplus = candidates.length - deployment.spec.revisionHistoryLimit
  if (surplus <= 0) return
  const oldest = candidates.toSorted((a, b) => revisionOf(a) - revisionOf(b) || byCreation(a, b)).slice(0, surplus)
  for (const set of oldest) {
    const seen = (set.status.observedGeneration ?? 0) >= (set.metadata.generation ?? 0)
    if (seen && set.spec.replicas === 0 && set.status.replicas === 0) draft.remove(set)
  }
}

function isSaturated(deployment: Deployment, fresh: ReplicaSet | undefined): boolean {
  const { replicas } = deployment.spec
  if (fresh === undefined) return false
  return (
    fresh.spec.replicas === replicas && countIn(fresh, desiredAnnotation) === replicas && (fresh.status.availableReplicas ?? 0) === replicas
  )
}

/** The set's share of what is to be added (or, negative, removed), by its share of the size before. */
function proportion(deployment: Deployment, set: ReplicaSet, toAdd: number, added: number): number {
  if (toAdd === added) return 0
  const left = toAdd - added
  const share = fraction(deployment, set)
  return toAdd > 0 ? Math.min(share, left) : Math.max(share, left)
}

function fraction(deployment: Deployment, set: ReplicaSet): number {
  const { replicas } = deployment.spec
  if (replicas === 0) return -set.spec.replicas
  const before = countIn(set, maxAnnotation) || (deployment.status.replicas ?? 0)
  if (before === 0) return 0
  const exact = (set.spec.replicas * (replicas + fenceposts(deployment).maxSurge)) / before
  return Math.trunc(exact + (exact < 0 ? -0.5 : 0.5)) - set.spec.replicas
}

/** Undefined when absent or not a number of 31 bits. */
function countIn(set: ReplicaSet, annotation: string): number | undefined {
  const text = set.metadata.annotations?.[annotation]
  if (text === undefined || !/^\d+$/.test(text) || Number(text) > 2 ** 31 - 1) return undefined
  return Number(text)
}
