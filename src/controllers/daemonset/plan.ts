import type { ControllerRevision } from '#api/apps/v1/controller-revision.ts'
import { DaemonSet } from '#api/apps/v1/daemon-set.ts'
import type { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { podAvailableAt } from '#api/core/v1/pod-helpers.ts'
import type { Instant } from '#lib/clock.ts'
import { type Command, type Plan, type Single, settled } from '#loop/controller.ts'
import { claim } from '../common/claim.ts'
import { targetOf } from '../common/commands.ts'
import { type Change, type Cluster, clusterOf } from './cluster.ts'
import { cover } from './cover.ts'
import { createDaemonPod } from './daemon-pod.ts'
import { daemonHistory, surplusHistory } from './history.ts'
import { roll } from './roll.ts'
import { statusCommand, withStatus } from './status.ts'

/** The reference's burst limit: more than this many creations or deletions in one go would only queue up at the API server. */
export const commandsAtOnce = 250

export interface DaemonSetView {
  readonly now: Instant
  readonly daemonSet: DaemonSet
  readonly nodes: readonly Node[]
  /** Those that it controls, in whatever state, and the namespace's pods without a controller. */
  readonly pods: readonly Pod[]
  /** The same of revisions. */
  readonly revisions: readonly ControllerRevision[]
  /** Who has this name in the namespace: tells a collision of hashes. */
  readonly revisionNamed: (name: string) => ControllerRevision | undefined
  /** From when failed pods may be deleted, by uid. */
  readonly failedDueAt: ReadonlyMap<string, Instant>
  /** Creations would be refused. */
  readonly namespaceIsLeaving: boolean
}

/** A pod for every node that wants one; where all have theirs, the next step of the update; how it stands; the history that is still of use. */
export function planDaemonSet(view: DaemonSetView): Plan {
  const { now, daemonSet } = view
  // Whether its revisions are still there, nobody can tell: they go before it or are orphaned.
  if (daemonSet.metadata.deletionTimestamp !== undefined) return settled
  if (selectsEverything(daemonSet)) return refuseSelector(daemonSet)

  const { claimed, commands: claims } = claim(DaemonSet, daemonSet, Pod, view.pods)
  const history = daemonHistory(daemonSet, view.revisions, view.revisionNamed, claimed)
  const first = [...claims, ...history.commands]
  if (history.isDoubled) return { commands: first, wakeAt: Infinity }

  const cluster = clusterOf(daemonSet, view.nodes, claimed, history.hash, now)
  const covering = cover(cluster, view.failedDueAt)
  const isRolling = isNothing(covering) && daemonSet.spec.updateStrategy.type === 'RollingUpdate'
  const change = isRolling ? roll(cluster) : covering
  const status = statusCommand(cluster, history.collisionCount ?? daemonSet.status.collisionCount)
  return {
    commands: [
      ...first,
      ...change.events,
      ...removals(change),
      // Before what may be refused: where no pod can be made, the status says so by its numbers.
      ...(status === undefined ? [] : [status]),
      ...(view.namespaceIsLeaving ? [] : creations(cluster, change)),
      ...surplusHistory(daemonSet, history, claimed),
    ],
    wakeAt: nextChangeAt(cluster, claimed, view.failedDueAt),
  }
}

const isNothing = ({ create, remove }: Change): boolean => create.length === 0 && remove.length === 0

/** One pod that may not be deleted must keep neither others from going nor nodes from getting theirs. */
const removals = ({ remove }: Change): Command[] =>
  together(
    remove.slice(0, commandsAtOnce).map((pod) => ({ do: 'delete', ...targetOf(Pod, pod) })),
    'goOn',
  )

const creations = ({ daemonSet, hash }: Cluster, { create }: Change): Command[] =>
  together(
    create.slice(0, commandsAtOnce).map((nodeName) => createDaemonPod(daemonSet, nodeName, hash)),
    'stop',
  )

const together = (commands: readonly Single[], ifFails: 'stop' | 'goOn'): Command[] =>
  commands.length === 0 ? [] : [{ do: 'together', commands, ifFails }]

/** Waiting alone makes a ready pod available and a failed one due; no event will say so. */
function nextChangeAt({ now, daemonSet }: Cluster, pods: readonly Pod[], failedDueAt: ReadonlyMap<string, Instant>): Instant {
  const minReadySeconds = daemonSet.spec.minReadySeconds ?? 0
  let next = Infinity
  for (const pod of pods) {
    const availableAt = podAvailableAt(pod, minReadySeconds)
    if (availableAt !== undefined && availableAt > now && availableAt < next) next = availableAt
  }
  for (const dueAt of failedDueAt.values()) if (dueAt > now && dueAt < next) next = dueAt
  return next
}

const selectsEverything = ({ spec }: DaemonSet): boolean =>
  Object.keys(spec.selector.matchLabels ?? {}).length === 0 && (spec.selector.matchExpressions ?? []).length === 0

/** Told once a generation: the status that was seen is the memory. */
function refuseSelector(daemonSet: DaemonSet): Plan {
  const { metadata, status } = daemonSet
  if ((status.observedGeneration ?? 0) >= (metadata.generation ?? 0)) return settled
  const message = 'This daemon set is selecting all pods. A non-empty selector is required.'
  return {
    commands: [
      { do: 'event', regarding: daemonSet, type: 'Warning', reason: 'SelectingAll', message },
      withStatus(daemonSet, { ...status, observedGeneration: metadata.generation }),
    ],
    wakeAt: Infinity,
  }
}
