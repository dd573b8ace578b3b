import { type BackoffOptions, backoff } from '#lib/backoff.ts'
import type { Clock, Instant } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'
import type { WorkQueueMetrics } from '#lib/metrics/work-queue-metrics.ts'
import type { Random } from '#lib/random.ts'
import { createDeadlines } from './deadlines.ts'

/**
 * Keys that want to be looked at. A key waits at most once and is worked on by one worker at a time; what is added while it is worked on
 * is looked at once more afterwards. So the queue is bounded by the number of names there are, however many changes come.
 */
export interface WorkQueue {
  /** `bulk` work (a first list, a re-list) lets single changes pass, but is never starved. */
  add(key: string, lane?: Lane): void
  readonly depth: number
  /** No key waits, and none is being worked on; deadlines may still be to come. */
  readonly isIdle: boolean
  /** Takes no more keys, and resolves when those in work are done. */
  stop(): Promise<void>
}

/** How urgent a key is: something happened to it, or it is one of a whole list. */
export type Lane = 'change' | 'bulk'

/** When the key wants to be looked at again; what comes in by `add` counts anyway. */
export type Outcome =
  /** At an instant; `Infinity`: not by itself. The key counts as healthy. */
  | { readonly again: 'at'; readonly at: Instant }
  /** At once, without counting as a failure. */
  | { readonly again: 'now' }
  /** After a back-off that grows with each failure in a row. */
  | { readonly again: 'later' }

/** What is done with a key, how many at once, and how soon again. */
export interface WorkQueueOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Keys worked on side by side; default 8. */
  readonly concurrency?: number
  readonly backoff?: BackoffOptions
  /** What the queue tells of itself; it can be asked how long each key has been in work, in seconds. Absent: nobody counts. */
  readonly metrics?: (inWork: () => Iterable<number>) => WorkQueueMetrics
  /** Begins a moment later, after what others do at once about the same change. */
  readonly yields?: boolean
  /** May throw: that counts as `later`. */
  readonly work: (key: string) => Promise<Outcome>
}

/** Empty. A key is never in work twice at once, however often it comes in. */
export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const { clock, random, log, concurrency = 8, work } = options
  const lanes: Record<Lane, Set<string>> = { change: new Set(), bulk: new Set() }
  /** In work, and the lane of what came in meanwhile. */
  const working = new Map<string, Lane | undefined>()
  const failures = new Map<string, number>()
  const deadlines = createDeadlines(clock, (key) => add(key, 'change'))
  /** Since when each key has waited, and been in work. */
  const since = new Map<string, number>()
  const startedAt = new Map<string, number>()
  const metrics = options.metrics?.(() => [...startedAt.values()].map(secondsSince))
  let changesInARow = 0
  let stopped: PromiseWithResolvers<void> | undefined
  let scheduled = false
  let forgetBegin = (): void => {}

  function add(key: string, lane: Lane = 'change'): void {
    if (stopped !== undefined) return
    if (working.has(key)) {
      if (working.get(key) !== 'change') working.set(key, lane)
      return
    }
    if (lanes.change.has(key)) return
    if (lane === 'change') lanes.bulk.delete(key)
    lanes[lane].add(key)
    if (metrics !== undefined && !since.has(key)) {
      since.set(key, clock.monotonicMs())
      metrics.added(depth())
    }
    // After the present turn: a burst of adds of one key is then one look.
    if (scheduled) return
    scheduled = true
    const begin = (): void => {
      scheduled = false
      start()
    }
    if (options.yields) forgetBegin = clock.schedule(clock.now() + yieldMs, begin)
    else queueMicrotask(begin)
  }

  function start(): void {
    while (stopped === undefined && working.size < concurrency) {
      const key = take()
      if (key === undefined) return
      working.set(key, undefined)
      // What was to happen later happens now, and the outcome says when again.
      deadlines.delete(key)
      if (metrics !== undefined) {
        startedAt.set(key, clock.monotonicMs())
        metrics.started(secondsSince(since.get(key) ?? clock.monotonicMs()), depth())
        since.delete(key)
      }
      run(key)
    }
  }

  function take(): string | undefined {
    const bulkFirst = lanes.change.size === 0 || (lanes.bulk.size > 0 && changesInARow >= bulkShare)
    const lane = lanes[bulkFirst ? 'bulk' : 'change']
    const key = lane.values().next().value
    if (key === undefined) return undefined
    lane.delete(key)
    changesInARow = bulkFirst ? 0 : changesInARow + 1
    return key
  }

  async function run(key: string): Promise<void> {
    let outcome: Outcome
    try {
      outcome = await work(key)
    } catch (error) {
      log.error('work failed', { key, error })
      outcome = { again: 'later' }
    }
    const added = working.get(key)
    working.delete(key)
    if (metrics !== undefined) {
      metrics.ended(secondsSince(startedAt.get(key) ?? clock.monotonicMs()))
      startedAt.delete(key)
    }
    settle(key, outcome, added)
    if (stopped !== undefined) {
      if (working.size === 0) stopped.resolve()
    } else start()
  }

  function settle(key: string, outcome: Outcome, added: Lane | undefined): void {
    if (stopped !== undefined) return
    const isNever = outcome.again === 'at' && Number.isNaN(outcome.at)
    if (isNever) log.error('wants to be looked at again at a time that is none', { key })
    if (outcome.again === 'later' || isNever) {
      const attempt = failures.get(key) ?? 0
      failures.set(key, attempt + 1)
      metrics?.retried()
      // A failing key waits even when something changed meanwhile: else a busy object would be tried in a tight loop.
      deadlines.set(key, clock.now() + backoff(options.backoff ?? defaultBackoff, attempt, random))
      return
    }
    if (outcome.again === 'at') {
      failures.delete(key)
      // A plan that wants to be woken in the past may not stop time for everybody else.
      deadlines.set(key, Math.max(outcome.at, clock.now() + 1))
    } else add(key, 'change')
    if (added !== undefined) add(key, added)
  }

  const depth = (): number => lanes.change.size + lanes.bulk.size
  const secondsSince = (ms: number): number => (clock.monotonicMs() - ms) / 1000

  return {
    add,
    get depth() {
      return depth()
    },
    get isIdle() {
      return lanes.change.size + lanes.bulk.size + working.size === 0
    },
    async stop() {
      if (stopped === undefined) {
        stopped = Promise.withResolvers()
        forgetBegin()
        deadlines.clear()
        lanes.change.clear()
        lanes.bulk.clear()
        failures.clear()
        since.clear()
        if (working.size === 0) stopped.resolve()
      }
      await stopped.promise
    },
  }
}

/** As the reference's controllers: 5 ms doubling, but capped at a minute instead of a quarter of an hour, since people wait. */
const defaultBackoff: BackoffOptions = { initialMs: 5, factor: 2, maxMs: 60_000, jitter: 0.5 }
/** By then a write that follows from a change is on its way to the disk. */
const yieldMs = 5
/** One piece of bulk work after so many changes. */
const bulkShare = 8
