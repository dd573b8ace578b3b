import { setImmediate } from 'node:timers/promises'
import type { Clock } from '#lib/clock.ts'

/** Asked after each small step of long work: a promise to wait for when it is somebody else's turn, else nothing. */
export type Turns = () => Promise<void> | undefined

/**
 * Long work in slices of a millisecond: an answer to a small request takes a few turns of the event loop, and each of them waits for one
 * slice. By the count as well, for clocks that stand still while we work.
 */
export function takeTurns(clock: Pick<Clock, 'monotonicMs'>): Turns {
  let startedMs = clock.monotonicMs()
  let count = 0
  return () => {
    count += 1
    if (count < sliceSteps && clock.monotonicMs() - startedMs < sliceMs) return undefined
    return setImmediate().then(() => {
      startedMs = clock.monotonicMs()
      count = 0
    })
  }
}

const sliceMs = 1
const sliceSteps = 200
