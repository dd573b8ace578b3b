import type { Pod } from '#api/core/v1/pod.ts'
import type { PodCondition, ResourceRequirements } from '#api/core/v1/types.ts'
import type { Clock, Instant } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'
import { deepEqual } from '#schema/fields.ts'
import type { EventSink, Files } from '../interfaces.ts'
import { type PodResources, resourcesOf, withResources } from './allocated-resources.ts'
import { byUrgency, type PendingResize } from './pending-order.ts'
import { resizeEvent } from './resize-event.ts'
import type { ResizeObserver, ResizeTrigger } from './resize-metrics.ts'
import type { ResizeRefusal } from './resize-rules.ts'

/**
 * What this node has given to each pod, which is not always what the pod asks for by now (KEP-1287). What was given is kept on disk, so that a
 * kubelet that starts anew does not take a wish that it never granted for what the pod has.
 */
export interface Resizes {
  /** Reads what a former kubelet gave. Before any pod is seen. */
  load(): Promise<void>
  /** All pods that were here are known: wishes are decided on from now on. `uids` of pods that there are; what others were given is free. */
  open(uids: ReadonlySet<string>): void
  /** The pod as this node runs it. One that is seen first is given what it asks for; a wish that differs is decided on first. */
  seen(pod: Pod): Pod
  /** Something may be free that was not: what was deferred is decided on anew. Cheap where nothing is. */
  retry(): void
  forget(uid: string): void
  /** Of the pod's status. */
  state(uid: string): ResizeState
  /** Whether what runs differs from what was given: shows as PodResizeInProgress. */
  note(pod: Pod, isInProgress: boolean): void
  /** What was given could not be carried out; it is tried again. */
  failed(pod: Pod, message: string): void
  /** A try to carry out what was given has ended. */
  tried(isSuccess: boolean, tookMs: number): void
  /** What the pod's group and containers (by id) were made to have. */
  done(uid: string, actual: ActualResources): void
  actual(uid: string): ActualResources | undefined
  close(): Promise<void>
}

export interface ResizeState {
  readonly pending?: ResizeCondition
  readonly inProgress?: ResizeCondition
}
export type ResizeCondition = Pick<PodCondition, 'reason' | 'message' | 'observedGeneration'> & { readonly since: Instant }

export interface ActualResources {
  /** Of the pod's group: those for which it was limited last. */
  readonly group: PodResources
  /** By container id: given to it as it ran. */
  readonly containers: Readonly<Record<string, ResourceRequirements>>
}

export interface ResizesOptions {
  /** A folder of ours: a file for each pod. */
  readonly directory: string
  readonly files: Files
  readonly clock: Clock
  readonly log: Log
  readonly events: EventSink
  readonly refusal: (wanted: Pod, allocated: Pod) => ResizeRefusal | undefined
  /** The pod was given what it asked for: it runs as this from now on. */
  readonly onAllocated: (pod: Pod) => void
  /** The pod's conditions are others. */
  readonly onChange: (uid: string) => void
  readonly observer?: ResizeObserver
}

interface Entry {
  wanted: Pod
  allocated: PodResources
  actual?: ActualResources
  pending?: ResizeCondition
  inProgress?: ResizeCondition
}

export function createResizes(options: ResizesOptions): Resizes {
  const { directory, files, clock, log, events, observer } = options
  const loaded = new Map<string, Pick<Entry, 'allocated' | 'actual'>>()
  const entries = new Map<string, Entry>()
  /** Decided on when there is a reason to; those that can never be are not among them. */
  const waiting = new Set<string>()
  const writes = new Map<string, Promise<void>>()
  let isOpen = false
  let isDeciding = false
  let forgetRetry = () => {}

  const fileOf = (uid: string) => `${directory}/${uid}.json`

  /** One write a pod at a time, each of what is true then. A power cut may lose the last one, and with it everything that ran. */
  function save(uid: string): void {
    const write = (writes.get(uid) ?? Promise.resolve())
      .then(() => {
        const entry = entries.get(uid)
        if (entry === undefined) return files.remove(fileOf(uid))
        const { allocated, actual } = entry
        return files.write(fileOf(uid), JSON.stringify({ allocated, ...(actual && { actual }) }), 0o600)
      })
      .catch((error: unknown) => log.warn('what a pod was given could not be written down', { uid, error }))
      .finally(() => {
        if (writes.get(uid) === write) writes.delete(uid)
      })
    writes.set(uid, write)
  }

  function decideAll(trigger: ResizeTrigger): void {
    if (!isOpen || isDeciding) return
    forgetRetry()
    if (waiting.size === 0) return
    // What is allocated tells others of it, and they may ask for another round: it follows this one.
    isDeciding = true
    try {
      decideInOrder(trigger)
    } finally {
      isDeciding = false
      // Not everything that makes room is told of here: what the node can give may grow.
      if (waiting.size > 0) forgetRetry = clock.schedule(clock.now() + RETRY_MS, () => decideAll('periodic_retry'))
    }
  }

  function decideInOrder(trigger: ResizeTrigger): void {
    const ordered = [...waiting].flatMap((uid): PendingResize[] => {
      const entry = entries.get(uid)
      return entry === undefined ? [] : [{ wanted: entry.wanted, allocated: allocatedPod(entry), deferredAt: entry.pending?.since }]
    })
    for (const one of ordered.toSorted(byUrgency)) {
      try {
        decide(one.wanted.metadata.uid, trigger)
      } catch (error) {
        // One that cannot be judged keeps nobody else from it, and is asked about again when it changes.
        waiting.delete(one.wanted.metadata.uid)
        log.error('a resize could not be decided on', { pod: one.wanted.metadata.name, error })
      }
    }
  }

  function decide(uid: string, trigger: ResizeTrigger): void {
    const entry = entries.get(uid)!
    const { wanted } = entry
    const refusal = options.refusal(wanted, allocatedPod(entry))
    if (refusal === undefined) {
      waiting.delete(uid)
      if (entry.pending?.reason === 'Deferred') observer?.granted(trigger)
      // Where the pod's own group was never limited anew it still has what was given before.
      entry.actual ??= { group: entry.allocated, containers: {} }
      entry.allocated = resourcesOf(wanted)
      delete entry.pending
      entry.inProgress = { since: clock.now(), ...generation(wanted) }
      save(uid)
      events.record({ regarding: wanted, type: 'Normal', ...resizeEvent('Started', wanted, wanted.metadata.generation) })
      options.onAllocated(wanted)
      return
    }
    const { reason, message } = refusal
    const former = entry.pending
    entry.pending = { reason, message, since: former?.reason === reason ? former.since : clock.now(), ...generation(wanted) }
    if (reason === 'Infeasible') {
      waiting.delete(uid)
      observer?.infeasible(refusal.cause ?? '')
    }
    if (former?.reason !== reason || former.observedGeneration !== wanted.metadata.generation)
      events.record({ regarding: wanted, type: 'Warning', ...resizeEvent(reason, wanted, wanted.metadata.generation, message) })
    if (former?.reason !== reason || former.message !== message) options.onChange(uid)
  }

  observer?.watch(() => {
    const all = [...entries.values()]
    const pending = (reason: string) => all.filter((entry) => entry.pending?.reason === reason).length
    return { deferred: pending('Deferred'), infeasible: pending('Infeasible'), inProgress: all.filter((one) => one.inProgress).length }
  })

  return {
    async load() {
      for (const name of await files.list(directory)) {
        const uid = /([^/]+)\.json$/.exec(name)?.[1]
        const content = uid === undefined ? undefined : await files.read(fileOf(uid), LIMIT_BYTES)
        if (uid === undefined || content === undefined) continue
        try {
          loaded.set(uid, JSON.parse(Buffer.from(content).toString()))
        } catch (error) {
          log.warn('what a pod was given cannot be read: it counts as given what it asks for', { uid, error })
        }
      }
    },
    open(uids) {
      isOpen = true
      for (const uid of loaded.keys()) if (!uids.has(uid) && !entries.has(uid)) save(uid)
      loaded.clear()
      decideAll('pods_added')
    },
    seen(pod) {
      const { uid } = pod.metadata
      let entry = entries.get(uid)
      if (entry === undefined) {
        const former = loaded.get(uid)
        loaded.delete(uid)
        entry = { wanted: pod, allocated: resourcesOf(pod), ...former, ...(former && conditionsTold(pod)) }
        entries.set(uid, entry)
        if (former === undefined && !isOver(pod)) save(uid)
      }
      const isSame = deepEqual(resourcesOf(entry.wanted), resourcesOf(pod)) && waiting.has(uid)
      if (entry.wanted !== pod) observer?.requested(entry.wanted, pod)
      entry.wanted = pod
      if (deepEqual(resourcesOf(pod), entry.allocated) || isOver(pod)) {
        waiting.delete(uid)
        if (waiting.size === 0) forgetRetry()
        // Taken back, or granted.
        delete entry.pending
        return withResources(pod, entry.allocated)
      }
      const isRefused = entry.pending?.reason === 'Infeasible' && entry.pending.observedGeneration === pod.metadata.generation
      if (!isRefused) waiting.add(uid)
      // At once: a status that shows the new generation has to show what became of the wish as well.
      if (!isSame && !isRefused) decideAll('pod_updated')
      return withResources(pod, entry.allocated)
    },
    retry: () => decideAll('pod_terminated'),
    forget(uid) {
      waiting.delete(uid)
      if (entries.delete(uid)) save(uid)
      decideAll('pods_removed')
    },
    state(uid) {
      const { pending, inProgress } = entries.get(uid) ?? {}
      return { ...(pending && { pending }), ...(inProgress && { inProgress }) }
    },
    note(pod, isInProgress) {
      const entry = entries.get(pod.metadata.uid)
      if (entry === undefined) return
      if (isInProgress) entry.inProgress ??= { since: clock.now(), ...generation(pod) }
      else if (entry.inProgress !== undefined) {
        const { observedGeneration } = entry.inProgress
        delete entry.inProgress
        if (!isOver(pod)) events.record({ regarding: pod, type: 'Normal', ...resizeEvent('Completed', pod, observedGeneration) })
      }
    },
    failed(pod, message) {
      const entry = entries.get(pod.metadata.uid)
      if (entry === undefined) return
      const former = entry.inProgress
      if (former?.reason === 'Error' && former.message === message) return
      const since = former?.reason === 'Error' ? former.since : clock.now()
      entry.inProgress = { ...generation(pod), ...former, reason: 'Error', message, since }
      const { observedGeneration } = entry.inProgress
      events.record({ regarding: pod, type: 'Warning', ...resizeEvent('Error', pod, observedGeneration, message) })
      options.onChange(pod.metadata.uid)
    },
    done(uid, actual) {
      const entry = entries.get(uid)
      if (entry === undefined || deepEqual(entry.actual, actual)) return
      entry.actual = actual
      save(uid)
      // What was taken away is free now.
      decideAll('pod_resized')
    },
    tried: (isSuccess, tookMs) => observer?.carriedOut(isSuccess, tookMs),
    actual: (uid) => entries.get(uid)?.actual,
    async close() {
      isOpen = false
      forgetRetry()
      await Promise.all(writes.values())
    },
  }
}

/** The reference's (`retryDelay`). */
const RETRY_MS = 3 * 60_000
const LIMIT_BYTES = 1024 * 1024

const allocatedPod = ({ wanted, allocated }: Entry): Pod => withResources(wanted, allocated)

const isOver = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed'

const generation = ({ metadata }: Pod) => (metadata.generation === undefined ? {} : { observedGeneration: metadata.generation })

/** What a former kubelet told of the pod's resizes goes on being true until it is decided on anew. */
function conditionsTold(pod: Pod): Partial<Entry> {
  const told = (type: string): ResizeCondition | undefined => {
    const found = pod.status?.conditions?.find((condition) => condition.type === type)
    if (found === undefined) return undefined
    const { reason, message, observedGeneration, lastTransitionTime } = found
    return {
      since: lastTransitionTime ? Date.parse(lastTransitionTime) : 0,
      ...(reason && { reason }),
      ...(message && { message }),
      ...(observedGeneration !== undefined && { observedGeneration }),
    }
  }
  const [pending, inProgress] = [told('PodResizePending'), told('PodResizeInProgress')]
  return { ...(pending && { pending }), ...(inProgress && { inProgress }) }
}
