import { type BackoffOptions, backoff } from '#lib/backoff.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import type { EventSink } from '../interfaces.ts'
import { createOomReader } from './oom-kills.ts'

/** What the kernel says from now on. `host/kernel-log.ts` implements it. */
export interface KernelLog {
  /**
   * Calls `onLine` for each line, and `onEnd` once when there will be no more; `isLost`: this machine shows no log, so that another try is in vain.
   * Returns a function that ends it, after which nothing is called.
   */
  follow(onLine: (line: string) => void, onEnd: (end: { readonly error: unknown; readonly isLost: boolean }) => void): () => void
}

export interface OomWatcherOptions {
  readonly kernel: KernelLog
  readonly events: EventSink
  readonly node: Parameters<EventSink['record']>[0]['regarding']
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** Tells on the Node when the machine as a whole ran out of memory. What a group's own limit ended shows in its pod. Returns a function that ends it. */
export function watchOoms({ kernel, events, node, clock, random, log }: OomWatcherOptions): () => void {
  let failures = 0
  let forget = () => {}

  function follow(): void {
    const read = createOomReader()
    const startedAt = clock.now()
    forget = kernel.follow(
      (line) => {
        const kill = read(line)
        if (kill?.isSystem !== true) return
        const message = `System OOM encountered, victim process: ${kill.process}, pid: ${kill.pid}`
        events.record({ regarding: node, type: 'Warning', reason: 'SystemOOM', message })
      },
      ({ error, isLost }) => {
        failures = clock.now() - startedAt >= STEADY_MS ? 1 : failures + 1
        if (isLost || failures >= FAILURES_MAX) {
          log.warn('the kernel’s log cannot be followed: nobody will be told when the machine runs out of memory', { error })
          return
        }
        forget = clock.schedule(clock.now() + backoff(retry, failures - 1, random), follow)
      },
    )
  }

  follow()
  return () => forget()
}

/** What ran for this long was no failure to start. */
const STEADY_MS = 60_000
const FAILURES_MAX = 5
const retry: BackoffOptions = { initialMs: 1_000, factor: 4, maxMs: 60_000, jitter: 0.5 }
