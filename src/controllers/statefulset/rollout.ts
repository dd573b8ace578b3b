import type { ControllerRevision } from '#api/apps/v1/controller-revision.ts'
import type { StatefulSet } from '#api/apps/v1/stateful-set.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { isPodAvailable, isPodReady, isPodTerminal } from '#api/core/v1/pod-helpers.ts'
import type { Features } from '#api/features.ts'
import type { Instant } from '#lib/clock.ts'
import { revisionLabel } from '../common/template-history.ts'
import { parseTime } from '../common/time.ts'
import { isWanted, ordinalOf } from './identity.ts'

export interface StatefulSetView {
  readonly now: Instant
  readonly set: StatefulSet
  /** Those that it controls, in whatever state, and the namespace's pods without a controller that have one of its names. */
  readonly pods: readonly Pod[]
  /** Those that it controls, and the namespace's revisions without a controller. */
  readonly revisions: readonly ControllerRevision[]
  /** Objects of the namespace, whoever controls them. */
  readonly podNamed: (name: string) => Pod | undefined
  readonly claimNamed: (name: string) => PersistentVolumeClaim | undefined
  readonly revisionNamed: (name: string) => ControllerRevision | undefined
  /** Feature gates that are on beside the defaults. */
  readonly features: Features
  /** Creations would be refused. */
  readonly namespaceIsLeaving: boolean
}

/** Where a set stands between two revisions. */
export interface Rollout {
  readonly view: StatefulSetView
  readonly set: StatefulSet
  /** What its pods were made of before the present template, and what they become. The same one when nothing rolls. */
  readonly current: ControllerRevision
  readonly update: ControllerRevision
  /** The pods that it has, wanted or not. */
  readonly pods: readonly Pod[]
  /** Those wanted, by ordinal. */
  readonly wanted: ReadonlyMap<number, Pod>
  /** Those too many, highest ordinal first. */
  readonly condemned: readonly Pod[]
  /** One pod after the other (`OrderedReady`), or all at once (`Parallel`). */
  readonly isOrdered: boolean
}

export function createRollout(
  view: StatefulSetView,
  pods: readonly Pod[],
  current: ControllerRevision,
  update: ControllerRevision,
): Rollout {
  const { set } = view
  const wanted = new Map<number, Pod>()
  const condemned: { readonly pod: Pod; readonly ordinal: number }[] = []
  for (const pod of pods) {
    const ordinal = ordinalOf(pod)
    if (isWanted(set, ordinal)) wanted.set(ordinal, pod)
    else condemned.push({ pod, ordinal })
  }
  return {
    view,
    set,
    current,
    update,
    pods,
    wanted,
    condemned: condemned.toSorted((a, b) => b.ordinal - a.ordinal).map(({ pod }) => pod),
    isOrdered: set.spec.podManagementPolicy !== 'Parallel',
  }
}

/** The name of the revision that the pod was made of. */
export const revisionOf = ({ metadata }: Pod): string => metadata.labels?.[revisionLabel] ?? ''

export const isTerminating = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined
export const isPending = ({ status }: Pod): boolean => (status.phase ?? 'Pending') === 'Pending'
export const isRunningAndReady = (pod: Pod): boolean => pod.status.phase === 'Running' && isPodReady(pod)

/**
 * When a pod that ended may be deleted to be made again; undefined for one that has not ended, or goes already. One that a node refuses ends
 * in milliseconds, and would be made again as fast, for ever: each gets two seconds, counted from its creation (in whole seconds).
 */
export const restartAt = (pod: Pod): Instant | undefined =>
  isPodTerminal(pod) && !isTerminating(pod) ? (parseTime(pod.metadata.creationTimestamp) ?? 0) + 2000 : undefined

/** Whether the set cannot count on the pod now. */
export const isUnavailable = ({ set, view }: Pick<Rollout, 'set' | 'view'>, pod: Pod): boolean =>
  isTerminating(pod) || !isPodAvailable(pod, set.spec.minReadySeconds ?? 0, view.now)
