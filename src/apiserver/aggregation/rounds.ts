import { backoff } from '#lib/backoff.ts'
import type { Clock } from '#lib/clock.ts'
import type { Random } from '#lib/random.ts'

/** Work that is done again and again by name: when something happened to it, and when its time has come. */
export interface Rounds {
  /** Soon, once; a round under way is followed by another. */
  look(name: string): void
  /** The name is no more: nothing waits for it. */
  forget(name: string): void
  close(): void
}

/** What a round does, and when it is done again. */
export interface RoundsOptions {
  readonly clock: Clock
  readonly random: Random
  /** One round. Resolves with the milliseconds to the next one, undefined: when something happens. Rejects when it failed. */
  readonly run: (name: string) => Promise<number | undefined>
  readonly onFailure: (error: unknown) => void
  /** Waits after failures, from the first on and at most. */
  readonly retryMs: number
  readonly retryMaxMs: number
}

/** One round a name at a time; different names at once. A deadline exists only where one is wanted. */
export function createRounds({ clock, random, run, onFailure, retryMs, retryMaxMs }: RoundsOptions): Rounds {
  const running = new Set<string>()
  const dirty = new Set<string>()
  const failures = new Map<string, number>()
  const deadlines = new Map<string, () => void>()
  let isClosed = false

  function later(name: string, ms: number): void {
    deadlines.get(name)?.()
    deadlines.set(
      name,
      clock.schedule(clock.now() + ms, () => {
        deadlines.delete(name)
        look(name)
      }),
    )
  }

  function look(name: string): void {
    if (isClosed) return
    dirty.add(name)
    // Not within the change that led here: caches are still being brought up to date.
    if (!running.has(name)) setImmediate(() => void round(name))
  }

  async function round(name: string): Promise<void> {
    if (isClosed || running.has(name) || !dirty.delete(name)) return
    running.add(name)
    deadlines.get(name)?.()
    deadlines.delete(name)
    let next: number | undefined
    try {
      next = await run(name)
      failures.delete(name)
    } catch (error) {
      const times = failures.get(name) ?? 0
      failures.set(name, times + 1)
      next = backoff({ initialMs: retryMs, factor: 2, maxMs: retryMaxMs, jitter: 0.1 }, times, random)
      onFailure(error)
    } finally {
      running.delete(name)
    }
    if (dirty.has(name)) look(name)
    else if (next !== undefined && !isClosed) later(name, next)
  }

  return {
    look,
    forget(name) {
      failures.delete(name)
      dirty.delete(name)
      deadlines.get(name)?.()
      deadlines.delete(name)
    },
    close() {
      isClosed = true
      for (const forget of deadlines.values()) forget()
      deadlines.clear()
    },
  }
}
