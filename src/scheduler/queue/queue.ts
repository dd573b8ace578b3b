import type { Pod } from '#api/core/v1/pod.ts'
import type { Cause } from '#lib/cause.ts'
import type { Instant } from '#lib/clock.ts'
import type { ClusterEvent, EventPattern } from '../framework/cluster-event.ts'
import type { AnyPlugin } from '../framework/plugin.ts'
import type { Profile } from '../framework/profile.ts'
import type { PodInfo } from '../world/pod-info.ts'
import type { World } from '../world/world.ts'
import { createHeap } from './heap.ts'
import { watchedKinds } from './watched-kinds.ts'

/** kube-scheduler's own times (backend/queue/scheduling_queue.go). */
export interface QueueTimes {
  readonly initialBackoffMs: number
  readonly maxBackoffMs: number
  /** A refused pod is tried again after so long, whatever happens. */
  readonly maxUnschedulableMs: number
}

/** The defaults of KubeSchedulerConfiguration v1. */
export const defaultTimes: QueueTimes = { initialBackoffMs: 1_000, maxBackoffMs: 10_000, maxUnschedulableMs: 300_000 }

/** A pod handed out to be tried. */
export interface Try {
  readonly info: PodInfo
  /** How often it was tried, this time included. */
  readonly attempts: number
  /** When it could be tried first: time behind gates does not count. */
  readonly addedAt: Instant
  /** What let a refused pod be tried once more; undefined: its own last change. */
  readonly wokenBy: Cause | undefined
}

/** Where a pod waits, and for what: for metrics and explanations. */
export type Standing = 'active' | 'backoff' | 'unschedulable' | 'gated' | 'tried'

/**
 * Pods that wait for a node: highest priority first, then in the order in which they came or were refused last, so that those that were
 * refused often do not keep others from their turn. A refused pod sleeps until something happens that could change the mind of a plug-in that
 * refused it, or until five minutes have passed; then it keeps its back-off, unless nobody else waits. Plain data: `now` is handed in, by a
 * clock that never goes back.
 */
export interface SchedulingQueue {
  readonly sizes: Readonly<Record<Standing, number>>
  /** How many pods wait for each plug-in of each profile to change its mind. */
  refusers(): readonly { readonly labels: readonly [plugin: string, profile: string]; readonly value: number }[]
  has(uid: string): boolean
  standingOf(uid: string): Standing | undefined
  /** A pod of one of our profiles as it is now; a change of its own may let it be tried again. */
  set(pod: Pod, now: Instant): void
  remove(uid: string): void
  next(now: Instant): Try | undefined
  /** The pod could not be placed: these plug-ins would have to change their mind. Empty: there is no node. */
  refused(uid: string, now: Instant, by: ReadonlySet<string>, pendingBy?: ReadonlySet<string>): void
  /** Something else failed: it is tried again after its back-off. */
  failed(uid: string, now: Instant): void
  /** It may be tried again, whoever refused it. */
  retry(uid: string, now: Instant): void
  /** Something happened, and `cause` is the object that tells of it: pods that it could help may be tried again. */
  wake(event: ClusterEvent, now: Instant, cause?: Cause): void
  /** When `next` will have something, if nothing happens before. */
  dueAt(): Instant
}

interface Entry {
  info: PodInfo
  readonly profile: Profile
  addedAt: Instant
  /** Its place in the line of its priority: anew at the end after each try. */
  turn: number
  /** When it came to where it stands. */
  since: Instant
  standing: Standing
  attempts: number
  /** Times in a row that plug-ins refused it, or that something failed: the back-off grows with them. */
  refusals: number
  failures: number
  notBefore: Instant
  refusedBy: ReadonlySet<string>
  pendingBy: ReadonlySet<string>
  wokenBy: Cause | undefined
}

/** An empty queue for the pods of these profiles. */
export function createSchedulingQueue(
  profiles: readonly Profile[],
  world: World,
  times: QueueTimes = defaultTimes,
  warn: Warn = () => {},
): SchedulingQueue {
  const byName = new Map(profiles.map((profile) => [profile.schedulerName, profile]))
  const patterns = new Map(profiles.map((profile) => [profile, patternsOf(profile)]))
  const entries = new Map<string, Entry>()
  let turns = 0
  const sizes: Record<Standing, number> = { active: 0, backoff: 0, unschedulable: 0, gated: 0, tried: 0 }
  const active = createHeap<Entry>(comesBefore)
  /** After refusals; failures wait their time out. */
  const resting = createHeap<Entry>((a, b) => a.notBefore < b.notBefore || (a.notBefore === b.notBefore && comesBefore(a, b)))
  const recovering = createHeap<Entry>((a, b) => a.notBefore < b.notBefore)
  const sleeping = createHeap<Entry>((a, b) => a.since < b.since)
  /** Sleeping and gated pods by who refused them; '' for nobody. */
  const byRefuser = new Map<string, Set<Entry>>()

  function move(entry: Entry, standing: Standing, now: Instant): void {
    sizes[entry.standing] -= 1
    sizes[standing] += 1
    for (const heap of [active, resting, recovering, sleeping]) heap.delete(entry)
    if (isAsleep(entry)) leave(entry)
    entry.standing = standing
    entry.since = now
    if (isAsleep(entry)) {
      for (const name of refusersOf(entry)) {
        let set = byRefuser.get(name)
        if (set === undefined) byRefuser.set(name, (set = new Set()))
        set.add(entry)
      }
    }
    if (standing === 'active') active.set(entry)
    else if (standing === 'unschedulable') sleeping.set(entry)
    else if (standing === 'backoff') (entry.failures > 0 ? recovering : resting).set(entry)
  }

  function leave(entry: Entry): void {
    for (const name of refusersOf(entry)) {
      const set = byRefuser.get(name)
      set?.delete(entry)
      if (set?.size === 0) byRefuser.delete(name)
    }
  }

  /** To where it can be tried from, unless a plug-in holds it. */
  function release(entry: Entry, now: Instant, withBackoff: boolean): void {
    const gate = entry.profile.preEnqueue.find((plugin) => isHeld(plugin, entry.info.pod, world, warn))
    if (gate !== undefined) {
      if (isAsleep(entry)) leave(entry)
      entry.refusedBy = new Set([gate.name])
      entry.pendingBy = none
      move(entry, 'gated', now)
      return
    }
    if (entry.attempts === 0) entry.addedAt = now
    move(entry, withBackoff && entry.notBefore > now ? 'backoff' : 'active', now)
  }

  function wakeOne(entry: Entry, isImmediate: boolean, now: Instant, cause: Cause | undefined): void {
    entry.wokenBy = cause
    release(entry, now, !isImmediate)
  }

  /** Whether the event helps the pod: at once, after its back-off, or not. */
  function helpOf(entry: Entry, event: ClusterEvent): 'immediate' | 'backoff' | undefined {
    const known = patterns.get(entry.profile)!
    let help: 'backoff' | undefined
    for (const name of refusersOf(entry)) {
      for (const pattern of known.get(name) ?? []) {
        if (!isOfInterest(pattern, event) || !mayHelp(pattern, entry.info.pod, event, world, warn)) continue
        if (entry.pendingBy.has(name)) return 'immediate'
        help = 'backoff'
      }
    }
    return help
  }

  /** After a try that came to nothing, the `count`th of its sort. */
  function putBack(
    entry: Entry,
    standing: 'backoff' | 'unschedulable',
    count: number,
    refusedBy: Entry['refusedBy'],
    pendingBy: Entry['pendingBy'],
    now: Instant,
  ): void {
    entry.turn = turns += 1
    entry.notBefore = now + backoffMs(count)
    entry.refusedBy = refusedBy
    entry.pendingBy = pendingBy
    entry.wokenBy = undefined
    move(entry, standing, now)
  }

  function backoffMs(count: number): number {
    return Math.min(times.initialBackoffMs * 2 ** Math.min(count - 1, 30), times.maxBackoffMs)
  }

  return {
    sizes,
    refusers() {
      const counts = new Map<string, { labels: [string, string]; value: number }>()
      for (const [plugin, waiting] of byRefuser)
        for (const { profile } of plugin === '' ? [] : waiting) {
          const key = `${plugin}/${profile.schedulerName}`
          const entry = counts.get(key) ?? { labels: [plugin, profile.schedulerName], value: 0 }
          counts.set(key, { ...entry, value: entry.value + 1 })
        }
      return [...counts.values()]
    },
    has: (uid) => entries.has(uid),
    standingOf: (uid) => entries.get(uid)?.standing,
    set(pod, now) {
      const { uid } = pod.metadata
      const entry = entries.get(uid)
      const profile = byName.get(pod.spec.schedulerName!)
      if (profile === undefined) return
      if (entry === undefined) {
        const added: Entry = {
          info: world.podInfo(pod),
          profile,
          addedAt: now,
          turn: (turns += 1),
          since: now,
          standing: 'tried',
          attempts: 0,
          refusals: 0,
          failures: 0,
          notBefore: 0,
          refusedBy: none,
          pendingBy: none,
          wokenBy: undefined,
        }
        entries.set(uid, added)
        sizes.tried += 1
        release(added, now, false)
        return
      }
      entry.info = world.podInfo(pod)
      if (entry.standing === 'gated') release(entry, now, true)
      else if (entry.standing === 'active') active.set(entry)
    },
    remove(uid) {
      const entry = entries.get(uid)
      if (entry === undefined) return
      move(entry, 'tried', 0)
      sizes.tried -= 1
      entries.delete(uid)
    },
    next(now) {
      for (let due = sleeping.peek(); due !== undefined && due.since + times.maxUnschedulableMs <= now; due = sleeping.peek())
        wakeOne(due, false, now, undefined)
      for (const heap of [resting, recovering])
        for (let due = heap.peek(); due !== undefined && due.notBefore <= now; due = heap.peek()) move(due, 'active', now)
      // Nobody else waits: a pod that was refused need not rest (KEP-4832's queue, SchedulerPopFromBackoffQ).
      const entry = active.peek() ?? resting.peek()
      if (entry === undefined) return undefined
      move(entry, 'tried', now)
      entry.attempts += 1
      return { info: entry.info, attempts: entry.attempts, addedAt: entry.addedAt, wokenBy: entry.wokenBy }
    },
    refused(uid, now, by, pendingBy = none) {
      const entry = entries.get(uid)
      if (entry === undefined) return
      entry.refusals += 1
      entry.failures = 0
      putBack(entry, 'unschedulable', entry.refusals, by, pendingBy, now)
    },
    failed(uid, now) {
      const entry = entries.get(uid)
      if (entry === undefined) return
      entry.failures += 1
      putBack(entry, 'backoff', entry.failures, none, none, now)
    },
    retry(uid, now) {
      const entry = entries.get(uid)
      if (entry?.standing === 'unschedulable') wakeOne(entry, false, now, undefined)
    },
    wake(event, now, cause) {
      if (byRefuser.size === 0) return
      const candidates = new Set<Entry>()
      for (const [name, sleepers] of byRefuser) {
        const isHeard =
          name === ''
            ? isNewNode(event)
            : profiles.some((one) =>
                patterns
                  .get(one)!
                  .get(name)
                  ?.some((pattern) => isOfInterest(pattern, event)),
              )
        if (isHeard) for (const entry of sleepers) candidates.add(entry)
      }
      const about = event.resource === 'Pod' ? ((event.after ?? event.before) as Pod) : undefined
      const promised = world.nominatedTo(about?.spec.nodeName || about?.status.nominatedNodeName || '')
      /** Pods of one shape that the same plug-ins refused are helped alike, unless the event is about one of them, or about the node that it was promised. */
      const known = new Map<string, 'immediate' | 'backoff' | undefined>()
      for (const entry of candidates) {
        if (entry.refusedBy.size === 0 && entry.pendingBy.size === 0) {
          wakeOne(entry, false, now, cause)
          continue
        }
        const key = `${entry.info.shape.key}\0${[...refusersOf(entry)].join()}`
        const { metadata, spec } = entry.info.pod
        // Which claims for devices a pod has is no part of its shape.
        const isOwn = metadata.uid === about?.metadata.uid || promised.has(metadata.uid) || (spec.resourceClaims?.length ?? 0) > 0
        const help = isOwn || !known.has(key) ? helpOf(entry, event) : known.get(key)
        if (!isOwn) known.set(key, help)
        if (help !== undefined) wakeOne(entry, help === 'immediate', now, cause)
      }
    },
    dueAt() {
      if (active.size > 0 || resting.size > 0) return 0
      const asleep = sleeping.peek()
      return Math.min(recovering.peek()?.notBefore ?? Infinity, asleep === undefined ? Infinity : asleep.since + times.maxUnschedulableMs)
    },
  }
}

const none: ReadonlySet<string> = new Set()
const nobody: readonly string[] = ['']

const isAsleep = ({ standing }: Entry): boolean => standing === 'unschedulable' || standing === 'gated'

const refusersOf = ({ refusedBy, pendingBy }: Entry): Iterable<string> =>
  refusedBy.size + pendingBy.size === 0 ? nobody : pendingBy.size === 0 ? refusedBy : refusedBy.union(pendingBy)

const isNewNode = ({ resource, actions }: ClusterEvent): boolean => resource === 'Node' && actions.includes('Add')

/** PrioritySort. */
const comesBefore = (a: Entry, b: Entry): boolean => {
  const [first, second] = [a.info.shape.priority, b.info.shape.priority]
  return first === second ? a.turn < b.turn : first > second
}

/** A plug-in that fails at the question holds nobody: when it is asked to decide it fails again, and the pod is told of it. */
type Warn = (message: string, error: unknown) => void

function isHeld(plugin: AnyPlugin, pod: Pod, world: World, warn: Warn): boolean {
  try {
    return plugin.preEnqueue!(pod, world) !== undefined
  } catch (error) {
    warn(`${plugin.name} cannot say whether a pod may be queued`, error)
    return false
  }
}

/** Where a plug-in cannot say whether an event helps, the pod is tried: one try too many costs less than a pod that sleeps on. */
function mayHelp({ helps }: EventPattern, pod: Pod, event: ClusterEvent, world: World, warn: Warn): boolean {
  try {
    return helps?.(pod, event, world) !== false
  } catch (error) {
    warn('a hint cannot say whether an event helps a pod', error)
    return true
  }
}

function patternsOf(profile: Profile): ReadonlyMap<string, readonly EventPattern[]> {
  const plugins = new Set([
    ...profile.preEnqueue,
    ...profile.preFilter,
    ...profile.filter,
    ...profile.reserve,
    ...profile.permit,
    ...profile.preBind,
  ])
  return new Map([['Extender', anything], ...[...plugins].map(({ name, wokenBy = anything }) => [name, wokenBy] as const)])
}

/** For who does not say what would help: an extender cannot. What a pod tells only of itself helps nobody. */
const anything: readonly EventPattern[] = [
  {
    resource: 'Pod',
    actions: [
      'Add',
      'Delete',
      'UpdatePodLabel',
      'UpdatePodScaleDown',
      'UpdatePodToleration',
      'UpdatePodSchedulingGatesEliminated',
      'UpdatePodGeneratedResourceClaim',
    ],
  },
  ...(['Node', 'Namespace', ...watchedKinds.keys()] as const).map(
    (resource): EventPattern => ({ resource, actions: ['Add', 'Delete', 'Update'] }),
  ),
]

/** `Update` in a pattern covers every kind of update. */
const isOfInterest = ({ resource, actions }: EventPattern, event: ClusterEvent): boolean =>
  resource === event.resource &&
  event.actions.some((action) => actions.includes(action) || (action.startsWith('Update') && actions.includes('Update')))
