import type { Deployment } from '#api/apps/v1/deployment.ts'
import type { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { isPodTerminal } from '#api/core/v1/pod-helpers.ts'
import type { Draft } from './draft.ts'
import { fenceposts } from './percent.ts'
import { cleanUp } from './scale.ts'
import { isComplete } from './status.ts'

/** Adds the new set to the draft; false: its name is taken. */
type Make = () => boolean

/** New pods as far as the surge allows, then old ones away as far as enough stay available. False: the new set could not be made. */
export function rollUpdate(draft: Draft, make: Make): boolean {
  if (draft.fresh === undefined && !make()) return false
  const fresh = draft.fresh!
  const scaled = draft.scale(fresh, targetOf(draft, fresh))
  if (scaled || scaleDownOld(draft)) return true
  if (isComplete(draft.deployment, draft.status)) cleanUp(draft)
  return true
}

/** All old pods away, and only when the last has gone the new ones. */
export function rollRecreate(draft: Draft, pods: ReadonlyMap<string, readonly Pod[]>, make: Make): boolean {
  let scaled = false
  for (const set of draft.old) if (set.spec.replicas > 0) scaled = draft.scale(set, 0) || scaled
  if (scaled || oldPodsRun(draft, pods)) return true
  if (draft.fresh === undefined && !make()) return false
  draft.scale(draft.fresh!, draft.deployment.spec.replicas)
  if (isComplete(draft.deployment, draft.status)) cleanUp(draft)
  return true
}

/** A leaving pod still runs: with a volume that only one may hold, the new one could not start. */
function oldPodsRun(draft: Draft, pods: ReadonlyMap<string, readonly Pod[]>): boolean {
  if (draft.old.some((set) => set.status.replicas > 0)) return true
  const fresh = draft.fresh?.metadata.uid
  return [...pods].some(([uid, ofSet]) => uid !== fresh && ofSet.some((pod) => !isPodTerminal(pod)))
}

function targetOf(draft: Draft, fresh: ReplicaSet): number {
  const { deployment } = draft
  return fresh.spec.replicas > deployment.spec.replicas ? deployment.spec.replicas : newReplicas(deployment, draft.all, fresh)
}

/** How far the new set may grow now. */
export function newReplicas(deployment: Deployment, all: readonly ReplicaSet[], fresh: ReplicaSet): number {
  const { replicas, strategy } = deployment.spec
  if (strategy.type === 'Recreate') return replicas
  const room = replicas + fenceposts(deployment).maxSurge - total(all)
  if (room <= 0) return fresh.spec.replicas
  return fresh.spec.replicas + Math.min(room, replicas - fresh.spec.replicas)
}

/**
 * First old pods that do not work anyway, then working ones as far as `minAvailable` allows. New pods that do not work yet count as if
 * they never would: only what is available beyond the minimum may go.
 */
function scaleDownOld(draft: Draft): boolean {
  const { deployment } = draft
  const fresh = draft.fresh!
  const old = draft.old.filter(({ spec }) => spec.replicas > 0)
  if (old.length === 0) return false
  const minAvailable = deployment.spec.replicas - fenceposts(deployment).maxUnavailable
  const freshUnavailable = fresh.spec.replicas - availableIn(fresh)
  const most = total(draft.all) - minAvailable - freshUnavailable
  if (most <= 0) return false

  let cleaned = 0
  for (const set of old) {
    const unhealthy = set.spec.replicas - availableIn(set)
    const count = Math.min(most - cleaned, unhealthy)
    if (count <= 0) continue
    draft.scale(set, set.spec.replicas - count)
    cleaned += count
  }

  const available = draft.all.reduce((sum, set) => sum + availableIn(set), 0)
  const spare = Math.max(0, available - minAvailable)
  let shrunk = 0
  for (const set of draft.old) {
    const count = Math.min(set.spec.replicas, spare - shrunk)
    if (count <= 0) continue
    draft.scale(set, set.spec.replicas - count)
    shrunk += count
  }
  return cleaned + shrunk > 0
}

/** A set that was just made smaller still tells of pods that are about to go: nobody may rely on them. */
const availableIn = ({ spec, status }: ReplicaSet): number => Math.min(spec.replicas, status.availableReplicas ?? 0)

export const total = (sets: readonly ReplicaSet[]): number => sets.reduce((sum, set) => sum + set.spec.replicas, 0)
