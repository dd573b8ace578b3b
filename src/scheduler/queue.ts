import type { Pod } from '#api/core/v1/pod.ts'
import type { Cause } from '#lib/cause.ts'
import type { Instant } from '#lib/clock.ts'
import type { AnyPlugin, ClusterEvent } from './plugin.ts'

/** kube-scheduler's own times (backend/queue/scheduling_queue.go). */
export const initialBackoffMs = 1_000
export const maxBackoffMs = 10_000
export const maxUnschedulableMs = 300_000

interface Waiting {
  pod: Pod
  readonly addedAt: Instant
  attempts: number
  /** Who refused it the last time; undefined while it was not tried since its last change. */
  refusedBy: ReadonlySet<string> | undefined
  /** Not before then; 0: at once. */
  notBefore: Instant
  triedAt: Instant
  /** What let a refused pod be tried once more; undefined: its own last change. */
  wokenBy: Cause | undefined
}

/**
 * Pods that wait for a node, highest priority first, then the longest waiting. A refused pod sleeps until something happens that could
 * change the mind of a plug-in that refused it, or until five minutes have passed; then it keeps its back-off. Plain data: `now` is handed in.
 */
export class SchedulingQueue {
  readonly #waiting = new Map<string, Waiting>()
  readonly #wokenBy: ReadonlyMap<string, ReadonlySet<ClusterEvent>>

  constructor(plugins: readonly AnyPlugin[]) {
    const events = new Map<string, Set<ClusterEvent>>()
    for (const { name, wokenBy } of plugins) events.set(name, new Set([...(events.get(name) ?? []), ...(wokenBy ?? [])]))
    this.#wokenBy = events
  }

  get size(): number {
    return this.#waiting.size
  }

  /** A new pod, or a changed one: a change of its own may make it fit. */
  set(pod: Pod, now: Instant, changed: boolean): void {
    const known = this.#waiting.get(pod.metadata.uid)
    if (!known) {
      this.#waiting.set(pod.metadata.uid, {
        pod,
        addedAt: now,
        attempts: 0,
        refusedBy: undefined,
        notBefore: 0,
        triedAt: now,
        wokenBy: undefined,
      })
      return
    }
    known.pod = pod
    if (changed) this.#wake(known, 'pod-changed', undefined)
  }

  remove(uid: string): void {
    this.#waiting.delete(uid)
  }

  has(uid: string): boolean {
    return this.#waiting.has(uid)
  }

  /** The next pod to try, taken out; undefined when none is due. */
  next(now: Instant): { readonly pod: Pod; readonly attempts: number; readonly wokenBy: Cause | undefined } | undefined {
    let best: Waiting | undefined
    for (const waiting of this.#waiting.values()) if (isDue(waiting, now) && (best === undefined || before(waiting, best))) best = waiting
    if (!best) return undefined
    best.attempts += 1
    best.triedAt = now
    // Until the decision is known it must not be handed out again.
    best.notBefore = Infinity
    return { pod: best.pod, attempts: best.attempts, wokenBy: best.wokenBy }
  }

  /** The pod could not be placed. `refusedBy` undefined: not for a reason of the cluster, only the back-off counts. */
  retry(uid: string, now: Instant, refusedBy?: ReadonlySet<string>): void {
    const waiting = this.#waiting.get(uid)
    if (!waiting) return
    waiting.notBefore = now + Math.min(initialBackoffMs * 2 ** (waiting.attempts - 1), maxBackoffMs)
    waiting.refusedBy = refusedBy
    waiting.wokenBy = undefined
  }

  /** Something happened, and `cause` is the object that tells of it: pods that it could help may be tried again. */
  wake(event: ClusterEvent, cause?: Cause): void {
    for (const waiting of this.#waiting.values()) this.#wake(waiting, event, cause)
  }

  /** When `next` will have something, if nothing happens before. */
  dueAt(): Instant {
    let earliest = Infinity
    for (const { refusedBy, notBefore, triedAt } of this.#waiting.values())
      earliest = Math.min(
        earliest,
        refusedBy === undefined || notBefore === Infinity ? notBefore : Math.max(notBefore, triedAt + maxUnschedulableMs),
      )
    return earliest
  }

  #wake(waiting: Waiting, event: ClusterEvent, cause: Cause | undefined): void {
    if (waiting.refusedBy === undefined) return
    // Without any node there is no refusal to name a plug-in.
    if (
      waiting.refusedBy.size === 0 ? event === 'node-added' : [...waiting.refusedBy].some((name) => this.#wokenBy.get(name)?.has(event))
    ) {
      waiting.refusedBy = undefined
      waiting.wokenBy = cause
    }
  }
}

function isDue({ refusedBy, notBefore, triedAt }: Waiting, now: Instant): boolean {
  if (notBefore > now) return false
  return refusedBy === undefined || triedAt + maxUnschedulableMs <= now
}

function before(a: Waiting, b: Waiting): boolean {
  const [first, second] = [a.pod.spec.priority ?? 0, b.pod.spec.priority ?? 0]
  return first === second ? a.addedAt < b.addedAt : first > second
}
