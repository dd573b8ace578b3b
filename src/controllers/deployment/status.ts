import type { Deployment } from '#api/apps/v1/deployment.ts'
import type { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import type { DeploymentCondition, DeploymentStatus } from '#api/apps/v1/types.ts'
import type { Instant } from '#lib/clock.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { conditionOf, withoutCondition } from '../common/conditions.ts'
import { countOf } from '../common/equal.ts'
import { parseTime } from '../common/time.ts'
import { fenceposts } from './percent.ts'

/** Means "none" in `progressDeadlineSeconds` and `revisionHistoryLimit`. */
const noLimit = 2 ** 31 - 1

export const hasProgressDeadline = ({ spec }: Deployment): boolean => spec.progressDeadlineSeconds !== noLimit
export const hasHistoryLimit = ({ spec }: Deployment): boolean => spec.revisionHistoryLimit !== noLimit

/** Counts and the Available condition; the other conditions as they are in `status`. */
export function countedStatus(
  deployment: Deployment,
  status: DeploymentStatus,
  sets: readonly ReplicaSet[],
  fresh: ReplicaSet | undefined,
  now: Instant,
): DeploymentStatus {
  const { spec, metadata } = deployment
  const sum = (of: (set: ReplicaSet) => number | undefined) => sets.reduce((total, set) => total + (of(set) ?? 0), 0)
  const available = sum((set) => set.status.availableReplicas)
  const enough = available >= spec.replicas - fenceposts(deployment).maxUnavailable
  const counted: DeploymentStatus = {
    observedGeneration: metadata.generation,
    replicas: countOf(sum((set) => set.status.replicas)),
    updatedReplicas: countOf(fresh?.status.replicas ?? 0),
    readyReplicas: countOf(sum((set) => set.status.readyReplicas)),
    availableReplicas: countOf(available),
    unavailableReplicas: countOf(Math.max(0, sum((set) => set.spec.replicas) - available)),
    terminatingReplicas: terminatingReplicas(sets),
    collisionCount: status.collisionCount,
    conditions: status.conditions,
  }
  return withCondition(counted, 'Available', now, {
    status: enough ? 'True' : 'False',
    reason: enough ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
    message: enough ? 'Deployment has minimum availability.' : 'Deployment does not have minimum availability.',
  })
}

/** Undefined while one of the sets does not say; a set that nobody has looked at yet has none. */
function terminatingReplicas(sets: readonly ReplicaSet[]): number | undefined {
  let total = 0
  for (const { status } of sets) {
    if (status.terminatingReplicas === undefined && (status.observedGeneration ?? 0) > 0) return undefined
    total += status.terminatingReplicas ?? 0
  }
  return total
}

/** Sets a condition unless it has this status and reason already. Its transition time moves with the status, its update time always. */
export function withCondition(
  status: DeploymentStatus,
  type: string,
  now: Instant,
  next: Pick<DeploymentCondition, 'status' | 'reason' | 'message'>,
): DeploymentStatus {
  const present = conditionOf(status.conditions, type)
  if (present?.status === next.status && present.reason === next.reason) return status
  const lastTransitionTime = present?.status === next.status ? present.lastTransitionTime : rfc3339(now)
  const condition = { type, ...next, lastUpdateTime: rfc3339(now), lastTransitionTime }
  return { ...status, conditions: [...withoutCondition(status.conditions, type), condition] }
}

/** All of the new template, none of the old, all available, and of this generation. */
export const isComplete = ({ spec, metadata }: Deployment, status: DeploymentStatus): boolean =>
  (status.updatedReplicas ?? 0) === spec.replicas &&
  (status.replicas ?? 0) === spec.replicas &&
  (status.availableReplicas ?? 0) === spec.replicas &&
  (status.observedGeneration ?? 0) >= (metadata.generation ?? 0)

/** The Progressing and ReplicaFailure conditions of a rollout. `before` is the status that the counts were compared with. */
export function rolloutStatus(
  deployment: Deployment,
  before: DeploymentStatus,
  counted: DeploymentStatus,
  sets: readonly ReplicaSet[],
  fresh: ReplicaSet | undefined,
  now: Instant,
): DeploymentStatus {
  return withReplicaFailure(withProgress(deployment, before, counted, fresh, now), sets, fresh)
}

function withProgress(
  deployment: Deployment,
  before: DeploymentStatus,
  status: DeploymentStatus,
  fresh: ReplicaSet | undefined,
  now: Instant,
): DeploymentStatus {
  if (!hasProgressDeadline(deployment)) return { ...status, conditions: withoutCondition(status.conditions, 'Progressing') }
  const present = conditionOf(before.conditions, 'Progressing')
  const isDone = (status.replicas ?? 0) === (status.updatedReplicas ?? 0) && present?.reason === 'NewReplicaSetAvailable'
  if (isDone) return status
  const subject = fresh === undefined ? `Deployment "${deployment.metadata.name}"` : `ReplicaSet "${fresh.metadata.name}"`
  if (isComplete(deployment, status)) {
    const message = `${subject} has successfully progressed.`
    return withCondition(status, 'Progressing', now, { status: 'True', reason: 'NewReplicaSetAvailable', message })
  }
  if (progressed(before, status)) {
    // Each step forward starts the deadline anew, so this one is written even if nothing but its time changes.
    const lastTransitionTime = present?.status === 'True' ? present.lastTransitionTime : rfc3339(now)
    const condition = {
      type: 'Progressing',
      status: 'True',
      reason: 'ReplicaSetUpdated',
      message: `${subject} is progressing.`,
      lastUpdateTime: rfc3339(now),
      lastTransitionTime,
    }
    return { ...status, conditions: [...withoutCondition(status.conditions, 'Progressing'), condition] }
  }
  if (hasTimedOut(deployment, status, now)) {
    const message = `${subject} has timed out progressing.`
    return withCondition(status, 'Progressing', now, { status: 'False', reason: 'ProgressDeadlineExceeded', message })
  }
  return status
}

function progressed(before: DeploymentStatus, after: DeploymentStatus): boolean {
  const count = (status: DeploymentStatus, key: 'replicas' | 'updatedReplicas' | 'readyReplicas' | 'availableReplicas') => status[key] ?? 0
  const old = (status: DeploymentStatus) => count(status, 'replicas') - count(status, 'updatedReplicas')
  return (
    count(after, 'updatedReplicas') > count(before, 'updatedReplicas') ||
    old(after) < old(before) ||
    count(after, 'readyReplicas') > count(before, 'readyReplicas') ||
    count(after, 'availableReplicas') > count(before, 'availableReplicas')
  )
}

function hasTimedOut(deployment: Deployment, status: DeploymentStatus, now: Instant): boolean {
  const condition = conditionOf(status.conditions, 'Progressing')
  if (condition?.reason === 'ProgressDeadlineExceeded') return true
  return progressDeadline(deployment, status) < now
}

/** After this instant, without progress, the rollout has failed. `Infinity` when nothing is under way. */
export function progressDeadline(deployment: Deployment, status: DeploymentStatus): Instant {
  const condition = conditionOf(status.conditions, 'Progressing')
  if (!hasProgressDeadline(deployment) || condition === undefined || isComplete(deployment, status)) return Infinity
  if (condition.reason === 'ProgressDeadlineExceeded' || condition.reason === 'NewReplicaSetAvailable') return Infinity
  const from = parseTime(condition.lastUpdateTime)
  return from === undefined ? Infinity : from + deployment.spec.progressDeadlineSeconds * 1000
}

/** The new set's failure, or else that of any. */
function withReplicaFailure(status: DeploymentStatus, sets: readonly ReplicaSet[], fresh: ReplicaSet | undefined): DeploymentStatus {
  const failure = [fresh, ...sets].map((set) => conditionOf(set?.status.conditions, 'ReplicaFailure')).find((found) => found !== undefined)
  const conditions = withoutCondition(status.conditions, 'ReplicaFailure')
  if (failure === undefined) return { ...status, conditions }
  const present = conditionOf(status.conditions, 'ReplicaFailure')
  if (present?.status === failure.status && present.reason === failure.reason) return status
  const lastTransitionTime = present?.status === failure.status ? present.lastTransitionTime : failure.lastTransitionTime
  return { ...status, conditions: [...conditions, { ...failure, lastUpdateTime: failure.lastTransitionTime, lastTransitionTime }] }
}
