import { StatefulSet } from '#api/apps/v1/stateful-set.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { podAvailableAt } from '#api/core/v1/pod-helpers.ts'
import type { Command, Plan } from '#loop/controller.ts'
import { claim } from '../common/claim.ts'
import { hashLabel, surplusRevisions, templateData, templateHistory } from '../common/template-history.ts'
import { isMember } from './identity.ts'
import { unavailableOf } from './replace.ts'
import { podChanges } from './replicas.ts'
import { createRollout, restartAt, revisionOf, type StatefulSetView } from './rollout.ts'
import { statusCommand } from './status.ts'

/** What is to be done, and how many pods were missing or unavailable. */
export interface StatefulSetPlan extends Plan {
  readonly unavailable: number
}

/**
 * Takes up its revisions and pods, tells how it stands, and moves the pods one step towards the wish. The status goes first: it is of what was
 * seen, and has to be right even where a pod can never be made.
 */
export function planStatefulSet(view: StatefulSetView): StatefulSetPlan {
  const { now, set } = view
  const history = templateHistory(
    { kind: StatefulSet, object: set, label: hashLabel },
    templateData(set),
    view.revisions,
    view.revisionNamed,
  )
  const { claimed, commands: claims } = claim(StatefulSet, set, Pod, view.pods, (pod) => isMember(set, pod))
  const { revisions, update } = history
  const current = revisions.find(({ metadata }) => metadata.name === set.status.currentRevision) ?? update
  const rollout = createRollout(view, claimed, current, update)
  const { commands: changes, replaced } =
    set.metadata.deletionTimestamp === undefined ? podChanges(rollout) : { commands: [], replaced: [] }
  const status = statusCommand(rollout, history.collisionCount, replaced)
  const inUse = new Set([current.metadata.name, update.metadata.name, ...claimed.map(revisionOf)])
  const commands: Command[] = [
    ...history.commands,
    ...claims,
    ...(status === undefined ? [] : [status]),
    ...surplusRevisions(revisions, inUse, set.spec.revisionHistoryLimit),
    ...changes,
  ]
  // Waiting alone makes a ready pod available, and one that ended due; no event will say so.
  const dueAt = claimed.flatMap((pod) => [podAvailableAt(pod, set.spec.minReadySeconds ?? 0), restartAt(pod)])
  return {
    commands,
    unavailable: unavailableOf(rollout),
    wakeAt: Math.min(...dueAt.map((at) => (at === undefined || at <= now ? Infinity : at))),
  }
}
