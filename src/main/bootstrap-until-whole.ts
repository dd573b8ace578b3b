import { type BackoffOptions, backoff } from '#lib/backoff.ts'
import { type Clock, sleep } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import type { Refused } from './bootstrap.ts'

/** What is tried, and who hears of it. */
export interface BootstrapUntilWholeOptions {
  /** Makes what is missing, and says what was refused. */
  readonly attempt: () => Promise<readonly Refused[]>
  /** Called once, when nothing is missing any more. */
  readonly whole: () => void
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly signal: AbortSignal
}

/** The reference asks for its namespaces and levels each minute. */
const retries: BackoffOptions = { initialMs: 1_000, factor: 2, maxMs: 60_000, jitter: 0.1 }
const namesMax = 10

/**
 * Tries until every object of a fresh cluster is there. What an admission plug-in, a policy or a webhook refuses must not keep a server from
 * serving: whoever set it could not take it back without one. So only the first attempt is waited for, and until all is there `/readyz` says that
 * it is not. Rejects where the first attempt fails in another way; returns how to wait for the end.
 */
export async function bootstrapUntilWhole(options: BootstrapUntilWholeOptions): Promise<{ readonly ended: Promise<void> }> {
  const refused = await options.attempt()
  if (refused.length > 0) return { ended: again(options, refused) }
  options.whole()
  return { ended: Promise.resolve() }
}

async function again({ attempt, whole, clock, random, log, signal }: BootstrapUntilWholeOptions, first: readonly Refused[]): Promise<void> {
  let refused = first
  for (let tries = 0; refused.length > 0; tries += 1) {
    const waitMs = Math.round(backoff(retries, tries, random))
    log.warn('objects that every cluster has were refused; the server is not ready, and tries again', {
      refused: refused.length,
      objects: refused.slice(0, namesMax).map(({ kind, name }) => `${kind} ${name}`),
      error: refused[0]!.error,
      waitMs,
    })
    try {
      await sleep(clock, waitMs, signal)
    } catch (error) {
      if (signal.aborted) return
      throw error
    }
    try {
      refused = await attempt()
    } catch (error) {
      // A store that is away for a while: what was missing still is.
      log.warn('the objects that every cluster has could not be looked at', { error })
    }
  }
  log.info('all objects that every cluster has are there', {})
  whole()
}
