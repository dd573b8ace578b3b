import { Pod } from '#api/core/v1/pod.ts'
import { podCondition } from '#api/core/v1/pod-helpers.ts'
import type { Client } from '#client/client.ts'
import type { Clock } from '#lib/clock.ts'
import { isError } from '#lib/errors.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import type { Decision } from './framework/decide.ts'
import { fitError } from './framework/fit-error.ts'
import type { Failure, PostFilter } from './framework/plugin.ts'
import type { Profile } from './framework/profile.ts'
import type { PodInfo } from './world/pod-info.ts'
import type { World } from './world/world.ts'

/** A pod that fits nowhere, and what is to be done about it. */
export interface FailurePlan {
  readonly message: string
  /** '' takes a nomination back; undefined leaves it. */
  readonly nominatedNode: string | undefined
  readonly act: PostFilter['act']
  /** Undefined: nobody was asked whom to evict. */
  readonly victims: PostFilter['victims']
  readonly reconsider: PostFilter['reconsider']
}

/** Asks the plug-ins that can make room, until one has a plan. */
export function planFailure(pod: PodInfo, decision: Extract<Decision, { node?: undefined }>, profile: Profile, world: World): FailurePlan {
  const { misfit, cycle } = decision
  // Without a node there is nothing to make room on.
  if (misfit.nodesTotal === 0)
    return { message: fitError(misfit), nominatedNode: '', act: undefined, victims: undefined, reconsider: undefined }
  const failure: Failure = { refusals: misfit.refusals, others: misfit.others, cycle }
  const messages: string[] = []
  // One who only says why nothing can be done leaves a promise as it is: evicted pods may still be on their way out.
  let nominated: string | undefined
  let candidates: PostFilter['victims']
  const acts: NonNullable<PostFilter['act']>[] = []
  const all = (more: PostFilter['act']): PostFilter['act'] => {
    const every = more === undefined ? acts : [...acts, more]
    return every.length === 0 ? undefined : async (means) => void (await Promise.all(every.map((act) => act(means))))
  }
  for (const plugin of profile.postFilter) {
    const { nominatedNode, act, victims, reconsider, message, ends } = plugin.postFilter!(pod, failure, world)
    if (nominatedNode || ends) return { message: fitError(misfit, message), nominatedNode, act: all(act), victims, reconsider }
    // What one does on the way to room does not keep the next from looking.
    if (act !== undefined) acts.push(act)
    nominated = nominatedNode ?? nominated
    candidates = victims ?? candidates
    if (message !== '') messages.push(message)
  }
  return {
    message: fitError(misfit, messages.join(', ')),
    nominatedNode: nominated,
    act: all(undefined),
    victims: candidates,
    reconsider: undefined,
  }
}

/** Longest text of an event (events.k8s.io/v1 note). */
const noteMax = 1024

/** As an event carries it. */
export const asNote = (message: string): string => (message.length <= noteMax ? message : `${message.slice(0, noteMax - 4)} ...`)

/** Why a pod is not placed: `Unschedulable`, or `SchedulerError` when something broke. */
export interface Unplaced {
  readonly reason: 'Unschedulable' | 'SchedulerError'
  readonly message: string
  readonly nominatedNode: string | undefined
}

/** Condition PodScheduled=False with what stands in the way, and the node that it is to have; written only where it says something new. */
export async function writeUnplaced(client: Client, { metadata, status: known }: Pod, unplaced: Unplaced, clock: Clock): Promise<void> {
  const { reason, message, nominatedNode = known.nominatedNodeName ?? '' } = unplaced
  const present = podCondition({ status: known }, 'PodScheduled')
  const isSame = present?.status === 'False' && present.reason === reason && present.message === message
  const isNominated = nominatedNode === (known.nominatedNodeName ?? '')
  if (isSame && isNominated) return
  const lastTransitionTime = present?.status === 'False' ? present.lastTransitionTime : rfc3339(clock.now())
  const condition = { type: 'PodScheduled', status: 'False', reason, message, lastTransitionTime, observedGeneration: metadata.generation }
  const status = {
    ...(!isSame && { conditions: [condition] }),
    ...(!isNominated && { nominatedNodeName: nominatedNode === '' ? null : nominatedNode }),
  }
  try {
    await client.patch(
      Pod,
      metadata.name,
      { type: 'strategic', body: { metadata: { uid: metadata.uid }, status } },
      { namespace: metadata.namespace, subresource: 'status' },
    )
  } catch (error) {
    // A pod that is gone needs no condition, and another of its name has its own (a uid that does not fit is a conflict).
    if (!isError(error, 'NotFound', 'Conflict')) throw error
  }
}
