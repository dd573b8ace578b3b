import { DaemonSet } from '#api/apps/v1/daemon-set.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isPodActive, isPodReady, podAvailableAt } from '#api/core/v1/pod-helpers.ts'
import { prefixOf } from '#apiserver/registry/keys.ts'
import type { Instant } from '#lib/clock.ts'
import { amount, controllerOf, type Invariant, idOf, type Scene } from './invariant.ts'

const pods = prefixOf(Pod)
const controller = 'daemonset-controller'

/** A DaemonSet makes one pod a node, and while it surges a second one; an update ends no more of them than it may. */
export function daemonSets({ world, staleMs, podsAreDisturbed }: Scene): Invariant {
  const readyAt = new Map<string, Instant>()
  const podsOf = (uid: string) => world.list<Pod>(Pod).filter((pod) => controllerOf(pod)?.uid === uid)
  return {
    name: 'daemon sets',
    onCommit(changes, who, now) {
      const problems: string[] = []
      for (const { key, before, after } of changes) {
        if (!key.startsWith(pods)) continue
        const pod = (after ?? before) as Pod
        const owner = controllerOf(pod)
        if (owner?.kind !== 'DaemonSet') continue
        if (isServing(before) || isServing(after)) readyAt.set(pod.metadata.uid, now)
        if (who.name !== controller) continue
        const set = world.list<DaemonSet>(DaemonSet).find(({ metadata }) => metadata.uid === owner.uid)
        if (set === undefined) continue
        const nodes = world.list<Node>(Node).length
        const { maxSurge = 0, maxUnavailable = 1 } = set.spec.updateStrategy.rollingUpdate ?? {}
        if (before === undefined) {
          const here = podsOf(owner.uid).filter((one) => isPodActive(one) && nodeOf(one) === nodeOf(pod))
          const most = amount(maxSurge, nodes, Math.ceil) > 0 ? 2 : 1
          if (here.length > most) problems.push(`${here.map(idOf)} of DaemonSet ${owner.name} are all for ${nodeOf(pod)}`)
        }
        // A pod that is ready for less than `minReadySeconds` is not counted on yet: it may go beside the one that may be missing.
        const isCountedOn = isServing(before) && (podAvailableAt(before as Pod, set.spec.minReadySeconds ?? 0) ?? Infinity) <= now
        const begins = isCountedOn && !isServing(after) && (after === undefined || after.metadata.deletionTimestamp !== undefined)
        if (!begins || podsAreDisturbed) continue
        const serving = new Set(
          podsOf(owner.uid)
            .filter((one) => one.metadata.uid !== pod.metadata.uid && isPodActive(one))
            .filter((one) => isServing(one) || (readyAt.get(one.metadata.uid) ?? -Infinity) >= now - staleMs)
            .map(nodeOf),
        )
        // Another took over on its node, as where it surges: whatever other nodes lack, they lack with it as well.
        if (serving.has(nodeOf(pod))) continue
        const unavailable = world.list<Node>(Node).filter(({ metadata }) => !serving.has(metadata.name)).length
        const most = Math.max(amount(maxUnavailable, nodes, Math.ceil), amount(maxSurge, nodes, Math.ceil) > 0 ? 0 : 1)
        if (unavailable > most) problems.push(`without ${idOf(pod)} ${unavailable} nodes lack ${owner.name}, at most ${most} may`)
      }
      return problems
    },
  }
}

const isServing = (object: object | undefined): boolean => object !== undefined && isPodActive(object as Pod) && isPodReady(object as Pod)

/** Where it is, or is to go: a daemon's pod names its node by affinity. */
export function nodeOf({ spec }: Pod): string | undefined {
  if (spec.nodeName) return spec.nodeName
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  return terms.flatMap(({ matchFields = [] }) => matchFields).find(({ key }) => key === 'metadata.name')?.values?.[0]
}
