import type { StatefulSet } from '#api/apps/v1/stateful-set.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { isPodTerminal } from '#api/core/v1/pod-helpers.ts'
import { scaledValue } from '../common/scaled-value.ts'
import { ordinalOf, startOf } from './identity.ts'
import { isTerminating, isUnavailable, type Rollout, revisionOf } from './rollout.ts'

/** The pods of another template that give way now, the highest first. */
export function podsToReplace(rollout: Rollout): readonly Pod[] {
  const { set, view } = rollout
  if (set.spec.updateStrategy.type === 'OnDelete') return []
  if (view.features.has('MaxUnavailableStatefulSet')) return asManyAsMayBeMissing(rollout)
  const one = oneAfterTheOther(rollout)
  return one === undefined ? [] : [one]
}

/** The highest of another template, once all above it are of the present one and available. Above a gap nobody goes. */
function oneAfterTheOther(rollout: Rollout): Pod | undefined {
  const { set, wanted, update } = rollout
  for (let index = set.spec.replicas - 1; index >= partitionOf(set); index -= 1) {
    const pod = wanted.get(startOf(set) + index)
    if (pod === undefined || isPodTerminal(pod)) return undefined
    if (revisionOf(pod) !== update.metadata.name && !isTerminating(pod)) return pod
    if (isUnavailable(rollout, pod)) return undefined
  }
  return undefined
}

/**
 * The highest of another template, as many as may be missing beside those that are missing anyway, wherever they stand (KEP-961). As in the
 * reference, one that is unavailable itself counts twice: as missing, and as one that goes.
 */
function asManyAsMayBeMissing(rollout: Rollout): readonly Pod[] {
  const { set, wanted, update } = rollout
  const mayGo = Math.max(0, maxUnavailableOf(set) - unavailableOf(rollout))
  return (
    [...wanted.values()]
      .filter((pod) => ordinalOf(pod) >= startOf(set) + partitionOf(set))
      .filter((pod) => revisionOf(pod) !== update.metadata.name && !isTerminating(pod))
      .sort((a, b) => ordinalOf(b) - ordinalOf(a))
      .slice(0, mayGo)
      // One that ended is made again in its own time.
      .filter((pod) => !isPodTerminal(pod))
  )
}

/** How many wanted pods are not there, or cannot be counted on. */
export const unavailableOf = (rollout: Pick<Rollout, 'set' | 'view' | 'wanted'>): number =>
  rollout.set.spec.replicas - [...rollout.wanted.values()].filter((pod) => !isUnavailable(rollout, pod)).length

/** How many pods of a set may be missing while it rolls: of a small percentage one nevertheless. */
export const maxUnavailableOf = ({ spec }: StatefulSet): number =>
  Math.max(1, scaledValue(spec.updateStrategy.rollingUpdate?.maxUnavailable ?? 1, spec.replicas, 'down'))

const partitionOf = ({ spec }: StatefulSet): number => spec.updateStrategy.rollingUpdate?.partition ?? 0
