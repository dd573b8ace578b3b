import type { Random } from './random.ts'

/** How waits between attempts grow. Times are milliseconds. */
export interface BackoffOptions {
  readonly initialMs: number
  /** Growth per attempt. */
  readonly factor: number
  readonly maxMs: number
  /** Share of the wait that chance adds: 0.1 makes 1 s at most 1.1 s. The sum may exceed `maxMs` by this share. */
  readonly jitter: number
}

/** Milliseconds to wait before try number `attempt`; 0 is the first retry. */
export function backoff(options: BackoffOptions, attempt: number, random: Pick<Random, 'next'>): number {
  const waitMs = Math.min(options.initialMs * options.factor ** Math.max(0, attempt), options.maxMs)
  return waitMs * (1 + options.jitter * random.next())
}
