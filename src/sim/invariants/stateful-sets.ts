import { StatefulSet } from '#api/apps/v1/stateful-set.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isPodActive, isPodReady } from '#api/core/v1/pod-helpers.ts'
import { prefixOf } from '#apiserver/registry/keys.ts'
import type { Instant } from '#lib/clock.ts'
import { amount, controllerOf, type Invariant, idOf, type Scene } from './invariant.ts'

const sets = prefixOf(StatefulSet)
const pods = prefixOf(Pod)
const claims = prefixOf(PersistentVolumeClaim)
const controller = 'statefulset-controller'

/**
 * The pods of a StatefulSet are single: none is made whose ordinal nobody wishes for, in order where order was asked for, none is replaced
 * before it has gone in peace, an update takes one at a time, or as many as may be missing, and leaves those below the partition alone, and
 * volumes stay.
 */
export function statefulSets({ world, staleMs, podsAreDisturbed }: Scene): Invariant {
  const wishes = new Map<string, Wish[]>()
  /** When a pod of this name was last ready and to stay. */
  const readyAt = new Map<string, Instant>()
  const podsOf = (uid: string) => world.list<Pod>(Pod).filter((pod) => controllerOf(pod)?.uid === uid)
  const recent = (uid: string, since: Instant) => {
    const known = wishes.get(uid) ?? []
    return known.filter((_, index) => (known[index + 1]?.from ?? Infinity) >= since)
  }

  return {
    name: 'stateful sets',
    onCommit(changes, who, now) {
      const problems: string[] = []
      const since = now - staleMs
      for (const { key, before, after } of changes) {
        if (key.startsWith(sets) && after !== undefined) {
          const { metadata, spec } = after as StatefulSet
          const first = spec.ordinals?.start ?? 0
          const set = after as StatefulSet
          const wish = { from: now, first, end: first + (spec.replicas ?? 1), partition: partitionOf(set), mayLack: mayLackOf(set) }
          wishes.set(metadata.uid, [...(wishes.get(metadata.uid) ?? []), wish])
        }
        if (key.startsWith(claims) && after === undefined && who.name === controller) problems.push(`${key} was deleted with its data`)
        if (!key.startsWith(pods)) continue
        const pod = (after ?? before) as Pod
        const owner = controllerOf(pod)
        if (owner?.kind !== 'StatefulSet') continue
        // The last moment counts: of one that was ready until now, now.
        if (isServing(before) || isServing(after)) readyAt.set(key, now)
        if (who.name !== controller) continue
        const set = world.list<StatefulSet>(StatefulSet).find(({ metadata }) => metadata.uid === owner.uid)
        if (set === undefined) continue
        const ordinal = ordinalOf(pod)
        const serves = (name: string): boolean => {
          const other = `${pods}${pod.metadata.namespace}/${name}`
          return isServing(world.byKey(other)) || (readyAt.get(other) ?? -Infinity) >= since
        }
        if (before === undefined) {
          if (!recent(owner.uid, since).some(({ first, end }) => ordinal >= first && ordinal < end))
            problems.push(`${idOf(pod)} is made, and nobody wishes for its ordinal`)
          const least = Math.max(...recent(owner.uid, since).map(({ first }) => first))
          if (isOrdered(set))
            for (let lower = least; lower < ordinal; lower += 1)
              if (!serves(`${set.metadata.name}-${lower}`)) problems.push(`${idOf(pod)} is made before ordinal ${lower} is ready`)
        }
        const begins = before !== undefined && before.metadata.deletionTimestamp === undefined && isEnding(after)
        if (!begins) continue
        if (after === undefined && (before as Pod).spec.nodeName && !isFinished(before as Pod))
          problems.push(`${idOf(pod)} is taken away while it may still run`)
        const wishedBy = recent(owner.uid, since).map(({ first, end }) => ordinal >= first && ordinal < end)
        if (!wishedBy.includes(true)) {
          const higher = podsOf(owner.uid).filter((one) => ordinalOf(one) > ordinal && isPodActive(one))
          const isCutFromEnd = recent(owner.uid, since).every(({ first }) => ordinal >= first)
          if (isOrdered(set) && isCutFromEnd && higher.length > 0) problems.push(`${idOf(pod)} goes before ${higher.map(idOf)}`)
        }
        // Where the wish has just changed, it may be acted on either way.
        if (wishedBy.includes(false)) continue
        if (recent(owner.uid, since).every(({ partition }) => ordinal < partition) && isServing(before) && isCurrent(pod, set))
          problems.push(`${idOf(pod)} is replaced, though it is below the partition`)
        if (set.spec.updateStrategy.type === 'OnDelete' && recent(owner.uid, since).length === 1 && isServing(before) && staleMs <= 1_000)
          problems.push(`${idOf(pod)} is replaced, though that was left to the user`)
        if (podsAreDisturbed || !isServing(before)) continue
        const { first, end } = recent(owner.uid, now).at(-1)!
        const missing: string[] = []
        for (let other = first; other < end; other += 1)
          if (other !== ordinal && !serves(`${set.metadata.name}-${other}`)) missing.push(`${set.metadata.name}-${other}`)
        const mayLack = Math.max(...recent(owner.uid, since).map((wish) => wish.mayLack))
        if (missing.length >= mayLack) problems.push(`${idOf(pod)} is replaced while ${missing} are not ready`)
      }
      return problems
    },
  }
}

interface Wish {
  readonly from: Instant
  readonly first: number
  readonly end: number
  readonly partition: number
  readonly mayLack: number
}

/** How many pods may be missing because of an update. Where nobody said how many, and in no order, any others may be. */
function mayLackOf(set: StatefulSet): number {
  const { replicas = 1, updateStrategy } = set.spec
  const maxUnavailable = updateStrategy.rollingUpdate?.maxUnavailable
  if (maxUnavailable === undefined) return isOrdered(set) ? 1 : Infinity
  return Math.max(1, amount(maxUnavailable, replicas, Math.floor))
}

const partitionOf = ({ spec }: StatefulSet): number => spec.updateStrategy.rollingUpdate?.partition ?? 0
const isOrdered = ({ spec }: StatefulSet): boolean => spec.podManagementPolicy !== 'Parallel'
const ordinalOf = ({ metadata }: Pod): number => Number(metadata.name.slice(metadata.name.lastIndexOf('-') + 1))
const isEnding = (object: object | undefined): boolean =>
  (object as Pod | undefined)?.metadata.deletionTimestamp !== undefined || object === undefined
const isServing = (object: object | undefined): boolean => object !== undefined && isPodActive(object as Pod) && isPodReady(object as Pod)
const isFinished = ({ status }: Pod): boolean => status.phase === 'Succeeded' || status.phase === 'Failed'
const isCurrent = ({ metadata }: Pod, { status }: StatefulSet): boolean =>
  metadata.labels?.['controller-revision-hash'] === status.currentRevision
