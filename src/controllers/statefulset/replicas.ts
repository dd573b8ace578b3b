import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isPodTerminal } from '#api/core/v1/pod-helpers.ts'
import type { Command, Single } from '#loop/controller.ts'
import { targetOf } from '../common/commands.ts'
import { withRevision } from '../common/template-history.ts'
import { claimOwners, createClaim, hasForeignController, isStale, type NeededClaim, neededClaims, type PodIdentity } from './claims.ts'
import { hasIdentity, ordinalOf, podNameOf, startOf } from './identity.ts'
import { createPod, hasStorage, repairPod } from './pod.ts'
import { podsToReplace } from './replace.ts'
import { isPending, isRunningAndReady, isTerminating, isUnavailable, type Rollout, restartAt } from './rollout.ts'

/** More than this many creations or deletions in one go would only queue up at the API server. */
export const commandsAtOnce = 500

export interface PodChanges {
  readonly commands: readonly Command[]
  /** The pods that give way to the present template. */
  readonly replaced: readonly Pod[]
}

/**
 * What to do about the pods now. First those that are wanted, from the lowest ordinal up; then those too many, from the highest down; at
 * last those that are not of the present template. In order (`OrderedReady`) the first pod that is not there, ready and available ends the pass.
 */
export function podChanges(rollout: Rollout): PodChanges {
  if (rollout.view.namespaceIsLeaving) return { commands: [], replaced: [] }
  const { todo, isWaiting } = lookAtWanted(rollout)
  const commands = inPhases(todo)
  if (isWaiting) return { commands, replaced: [] }
  const condemned = removeCondemned(rollout)
  commands.push(...condemned.commands)
  if (condemned.isWaiting) return { commands, replaced: [] }
  const replaced = podsToReplace(rollout).slice(0, commandsAtOnce)
  return { commands: [...commands, ...replaced.map(deletion)], replaced }
}

/**
 * The commands for many pods in the order in which one kind of them may need another: what needs no new claim goes first, so that a claim
 * that is refused holds nobody up but its own pod.
 */
interface Todo {
  readonly first: Single[]
  readonly claims: Single[]
  readonly pods: Single[]
  readonly owners: Single[]
  readonly events: Single[]
}

const inPhases = ({ first, claims, pods, owners, events }: Todo): Command[] => [
  ...[first, claims, pods, owners].flatMap(together),
  ...events,
]

const emptyTodo = (): Todo => ({ first: [], claims: [], pods: [], owners: [], events: [] })

const together = (commands: readonly Single[]): Command[] => (commands.length < 2 ? [...commands] : [{ do: 'together', commands }])

function lookAtWanted(rollout: Rollout): { readonly todo: Todo; readonly isWaiting: boolean } {
  const { set, wanted, isOrdered } = rollout
  const todo = emptyTodo()
  const end = startOf(set) + set.spec.replicas
  let missing = 0
  for (let ordinal = startOf(set); ordinal < end && missing < commandsAtOnce; ordinal += 1) {
    const pod = wanted.get(ordinal)
    if (pod === undefined) missing += 1
    const isWaiting = pod === undefined ? addPod(rollout, ordinal, todo) : lookAtPod(rollout, pod, todo)
    if (isWaiting && isOrdered) return { todo, isWaiting }
  }
  return { todo, isWaiting: false }
}

/** Makes the pod of an ordinal, with its claims, unless its name or a claim is held by what has to go first. */
function addPod(rollout: Rollout, ordinal: number, todo: Todo): true {
  const { set, view } = rollout
  const name = podNameOf(set, ordinal)
  if (view.podNamed(name) !== undefined) return true
  const identity = { metadata: { name, uid: '' } }
  const needed = neededClaims(set, ordinal, view.claimNamed)
  if (needed.some((claim) => isStale(set, claim, identity))) return true
  const missing = needed.filter(({ present }) => present === undefined)
  todo.claims.push(...missing.map((claim) => createClaim(set, claim)))
  if (needed.some(({ present }) => present?.metadata.deletionTimestamp !== undefined)) return true
  const { of, revisionName } = templateFor(rollout, ordinal)
  const phase = missing.length === 0 ? todo.first : todo.pods
  phase.push(createPod(of, revisionName, ordinal))
  own(rollout, needed, identity, todo)
  return true
}

/** Whether the next in order have to wait for this one. */
function lookAtPod(rollout: Rollout, pod: Pod, todo: Todo): boolean {
  const { set, view, isOrdered } = rollout
  if (isPodTerminal(pod)) {
    // Whatever the exit codes said: a pod of a set is never done. Its successor comes when it has gone.
    if ((restartAt(pod) ?? Infinity) <= view.now) todo.first.push(deletion(pod))
    return true
  }
  const needed = neededClaims(set, ordinalOf(pod), view.claimNamed)
  const missing = needed.filter(({ present }) => present === undefined).map((claim) => createClaim(set, claim))
  if (isPending(pod)) {
    todo.claims.push(...missing)
    own(rollout, needed, pod, todo)
  }
  if (isOrdered && (!isRunningAndReady(pod) || isUnavailable(rollout, pod))) return true
  if (!hasStorage(set, pod) && !isPending(pod)) todo.claims.push(...missing)
  const isRepaired = !hasIdentity(pod) || !hasStorage(set, pod)
  if (isRepaired) todo.pods.push(repairPod(set, pod))
  if (!isPending(pod) && own(rollout, needed, pod, todo) && !isRepaired) {
    const message = `Update Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name} successful`
    todo.events.push({ do: 'event', regarding: set, type: 'Normal', reason: 'SuccessfulUpdate', message })
  }
  return false
}

/**
 * Who owns the pod's claims is put right by the set's policy. A claim that somebody else controls is left to him, and that is said. Whether
 * anything has to be written.
 */
function own({ set }: Rollout, needed: readonly NeededClaim[], pod: PodIdentity, todo: Pick<Todo, 'owners' | 'events'>): boolean {
  const before = todo.owners.length
  for (const { name, present } of needed) {
    if (present === undefined) continue
    const ownerReferences = claimOwners(present, set, pod)
    if (ownerReferences !== undefined) {
      const object = { ...present, metadata: { ...present.metadata, ownerReferences: [...ownerReferences] } }
      todo.owners.push({ do: 'update', kind: PersistentVolumeClaim, object })
    }
    const isNew = pod.metadata.uid === ''
    if (hasForeignController(present, set, pod) && (isNew || ownerReferences !== undefined)) {
      const message = `PersistentVolumeClaim ${name} has a conflicting OwnerReference that acts as a manging controller, the retention policy is ignored for this claim`
      todo.events.push({ do: 'event', regarding: set, type: 'Warning', reason: 'ConflictingController', message })
    }
  }
  return todo.owners.length > before
}

/** Below the partition, a pod that is lost comes back as it was. Without one, as many are of the current revision as the status counts. */
function templateFor({ set, current, update }: Rollout, ordinal: number) {
  const { type, rollingUpdate } = set.spec.updateStrategy
  const counted = type === 'RollingUpdate' ? (set.status.currentReplicas ?? 0) : 0
  const kept = rollingUpdate === undefined ? counted : (rollingUpdate.partition ?? 0)
  if (ordinal >= startOf(set) + kept || current.metadata.name === update.metadata.name)
    return { of: set, revisionName: update.metadata.name }
  return { of: withRevision(set, current), revisionName: current.metadata.name }
}

function removeCondemned(rollout: Rollout): { readonly commands: readonly Command[]; readonly isWaiting: boolean } {
  const { set, view, condemned, isOrdered } = rollout
  // The claims come to belong to their pods before those go, and go with them.
  const todo = emptyTodo()
  for (const pod of condemned) own(rollout, neededClaims(set, ordinalOf(pod), view.claimNamed), pod, todo)
  const owned = inPhases(todo)
  if (!isOrdered) {
    const leaving = condemned.filter((pod) => !isTerminating(pod)).slice(0, commandsAtOnce)
    return { commands: [...owned, ...together(leaving.map(deletion))], isWaiting: false }
  }
  const [highest] = condemned
  if (highest === undefined) return { commands: owned, isWaiting: false }
  const lowestUnavailable = condemned.findLast((pod) => isUnavailable(rollout, pod))
  const isHealthy = isRunningAndReady(highest) && !isUnavailable(rollout, highest)
  const mayGo = !isTerminating(highest) && (isHealthy || highest === lowestUnavailable)
  return { commands: [...owned, ...(mayGo ? [deletion(highest)] : [])], isWaiting: true }
}

const deletion = (pod: Pod): Single => ({ do: 'delete', ...targetOf(Pod, pod) })
