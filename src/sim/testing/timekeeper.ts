import { durationMs } from '#lib/duration.ts'
import { WherryError } from '#lib/errors.ts'
import type { VirtualClock } from '../clock.ts'

/** Milliseconds, or a text such as `5m`. */
export type Duration = number | string

export const msOf = (duration: Duration): number => {
  if (typeof duration === 'number') return duration
  try {
    return durationMs(duration)
  } catch (cause) {
    throw new WherryError('BadRequest', `a duration must be milliseconds or a text such as 30s, 5m or 1h30m, not "${duration}"`, { cause })
  }
}

/** Who moves the virtual time: one at a time, and never past somebody outside the process who still has something to do. */
export interface Timekeeper {
  advance(duration: Duration): Promise<void>
  /** Jumps from deadline to deadline until the condition holds; throws `Timeout` when `limit` has passed and it does not. */
  until(condition: () => unknown, limit: Duration, what?: string): Promise<void>
  settle(): Promise<void>
  /** From now on virtual time passes `speed` times as fast as the machine's, until the answer is called. */
  runInRealTime(speed: number): () => Promise<void>
}

/** `quiet` resolves when clients outside have nothing more to do at this moment. */
export function createTimekeeper(clock: VirtualClock, quiet: () => Promise<void>): Timekeeper {
  let last: Promise<unknown> = Promise.resolve()

  function inTurn<T>(run: () => Promise<T>): Promise<T> {
    const mine = last.then(run)
    last = mine.catch(() => undefined)
    return mine
  }

  async function settle(): Promise<void> {
    await clock.advance(0)
    await quiet()
    await clock.advance(0)
  }

  async function advance(ms: number): Promise<void> {
    const end = clock.now() + ms
    await settle()
    while (await clock.step(end)) await quiet()
    await settle()
  }

  return {
    advance: (duration) => inTurn(() => advance(msOf(duration))),
    until: (condition, limit, what = String(condition)) =>
      inTurn(async () => {
        const limitMs = msOf(limit)
        const end = clock.now() + limitMs
        await settle()
        while (!(await condition())) {
          if (clock.now() >= end) throw new WherryError('Timeout', `not within ${limitMs / 1000} s of virtual time: ${what}`)
          await clock.step(end)
          await quiet()
        }
      }),
    settle: () => inTurn(settle),
    runInRealTime(speed) {
      let lastMs = performance.now()
      let timer: NodeJS.Timeout | undefined
      let moving: Promise<void> = Promise.resolve()
      const arm = (): void => {
        timer = setTimeout(() => {
          const nowMs = performance.now()
          const ms = (nowMs - lastMs) * speed
          lastMs = nowMs
          moving = inTurn(() => clock.advance(ms)).then(() => {
            if (timer !== undefined) arm()
          })
        }, tickMs)
      }
      arm()
      return async () => {
        clearTimeout(timer)
        timer = undefined
        await moving
      }
    },
  }
}

/** Short against what a person or an operator notices, long against what a look at the clock costs. */
const tickMs = 20
