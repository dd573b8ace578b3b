import type { Clock } from '#lib/clock.ts'

/** Work that may be put down between its steps: it yields wherever others may have their turn. What it has read may be of different moments. */
export type Steps<T> = Generator<void, T, void>

/**
 * Does the work a few milliseconds at a time: probes, names and all else that this process answers for never wait longer, however many routes there
 * are.
 */
export async function inTurns<T>(steps: Steps<T>, clock: Clock): Promise<T> {
  for (let begunMs = clock.monotonicMs(); ; ) {
    const step = steps.next()
    if (step.done) return step.value
    if (clock.monotonicMs() - begunMs < turnMs) continue
    await new Promise<void>((resolve) => void clock.schedule(clock.now(), resolve))
    begunMs = clock.monotonicMs()
  }
}

/** Does the work in one go. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** Where among many small steps a turn may end: to ask for the time after each would cost as much as they do. */
export const isPause = (index: number): boolean => index % 16 === 15

/** Long enough that the pauses do not count, short enough for nobody to notice. */
const turnMs = 10
