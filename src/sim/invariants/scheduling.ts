import { Namespace } from '#api/core/v1/namespace.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isPodTerminal } from '#api/core/v1/pod-helpers.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import { prefixOf } from '#apiserver/registry/keys.ts'
import type { Instant } from '#lib/clock.ts'
import { seededRandom } from '#lib/random.ts'
import { worldOfObjects } from '#scheduler/forecast/world-of-objects.ts'
import { explain } from '#scheduler/framework/explain.ts'
import type { Profile } from '#scheduler/framework/profile.ts'
import { neededKinds } from '#scheduler/needed-kinds.ts'
import { defaultProfile } from '#scheduler/plugins/default-profile.ts'
import type { World } from '../world.ts'
import { type Invariant, idOf, type Scene } from './invariant.ts'

const pods = prefixOf(Pod)

/** Evictions make room for who is more important and has none, and in the end nobody waits who would fit. */
export function scheduling({ world, staleMs }: Scene): Invariant {
  /** By priority: when a pod of it last waited for a node. */
  const waited = new Map<number, Instant>()
  /** When room last came about that the scheduler may not have heard of. */
  let roomierAt = -Infinity
  /** Pods that fit and wait, since when that is known; and who waited too long. */
  const waiting = new Map<string, Instant>()
  const forgotten = new Map<string, string>()
  return {
    name: 'scheduling',
    onCommit(changes, who, at) {
      const problems: string[] = []
      for (const { key, before, after } of changes) {
        if (!key.startsWith(pods)) {
          if (key.startsWith(prefixOf(Node)) && !sameRoom(before as Node | undefined, after as Node | undefined)) roomierAt = at
          continue
        }
        const [was, pod] = [before as Pod | undefined, after as Pod | undefined]
        for (const one of [was, pod]) if (one !== undefined && !one.spec.nodeName) waited.set(one.spec.priority ?? 0, at)
        const isEviction = who.name === 'default-scheduler' && who.verb === 'DELETE' && was?.metadata.deletionTimestamp === undefined
        if (isEviction && was?.spec.nodeName && pod !== undefined) {
          const priority = was.spec.priority ?? 0
          const preemptors = world
            .list<Pod>(Pod)
            .filter(
              ({ spec, status }) => !spec.nodeName && (spec.priority ?? 0) > priority && status.nominatedNodeName === was.spec.nodeName,
            )
          const wasHigher = [...waited].some(([higher, last]) => higher > priority && last >= at - 2 * staleMs)
          if (preemptors.length === 0 && !wasHigher) problems.push(`${idOf(was)} was evicted, and nobody more important waits`)
          // Where everything is known at once, and nothing has changed for a while, it is known who needed the room.
          if (
            staleMs <= 1_000 &&
            roomierAt < at - 2 * staleMs &&
            preemptors.length > 0 &&
            preemptors.every((one) => fitting(one, world).length > 0)
          )
            problems.push(`${idOf(was)} was evicted for ${preemptors.map(idOf)}, which fits on ${fitting(preemptors[0]!, world)}`)
        }
        if (was?.spec.nodeName && (pod === undefined || (isPodTerminal(pod) && !isPodTerminal(was)))) roomierAt = at
      }
      return problems
    },
    atRest(now) {
      const left = new Set<string>()
      for (const pod of world.list<Pod>(Pod)) {
        const { spec, metadata } = pod
        if (spec.nodeName || spec.schedulerName !== 'default-scheduler' || spec.schedulingGates?.length) continue
        if (metadata.deletionTimestamp !== undefined || isPodTerminal(pod)) continue
        const where = fitting(pod, world)
        if (where.length === 0) continue
        left.add(metadata.uid)
        const since = waiting.get(metadata.uid) ?? now
        waiting.set(metadata.uid, since)
        if (now - since > patienceMs)
          forgotten.set(metadata.uid, `${idOf(pod)} fits on ${where}, and waits since ${(now - since) / 1000} s`)
      }
      for (const uid of waiting.keys()) if (!left.has(uid)) waiting.delete(uid)
      return [...forgotten.values()]
    },
  }
}

/** Longer than a server's start, a watch's and a pod's back-off take; shorter than the five minutes after which a pod is tried anyway. */
const patienceMs = 120_000

const sameRoom = (before: Node | undefined, after: Node | undefined): boolean =>
  JSON.stringify(before && [before.metadata.labels, before.spec.taints, before.spec.unschedulable, before.status.allocatable]) ===
  JSON.stringify(after && [after.metadata.labels, after.spec.taints, after.spec.unschedulable, after.status.allocatable])

/** Names of nodes that could take the pod as everything is. */
function fitting(pod: Pod, world: World): readonly string[] {
  const objects = new Map<AnyKind, readonly KubeObject[]>(neededKinds.map((kind) => [kind, world.list(kind)]))
  objects.set(Namespace, world.list(Namespace))
  const seen = worldOfObjects(objects, 0)
  profile ??= defaultProfile({ random: seededRandom(1) })
  return [...explain(seen.podInfo(pod), profile, seen).scores.keys()]
}

let profile: Profile | undefined
