import type { Clock } from '#lib/clock.ts'
import type { Revision } from '#store/store.ts'

/** Those who wait for a revision to be visible: under load every write does, so a wait costs neither a timer of its own nor a look at each other. */
export interface RevisionWaits {
  /** True once `advance` has come to the revision; false when `timeoutMs` has passed before. */
  until(revision: Revision, timeoutMs: number): Promise<boolean>
  /** Everything up to here is visible. */
  advance(to: Revision): void
}

interface Wait {
  readonly revision: Revision
  /** By what passes, whatever becomes of the time of day. */
  readonly endMs: number
  readonly resolve: (reached: boolean) => void
}

/** Nobody waits at first. */
export function createRevisionWaits(clock: Clock): RevisionWaits {
  /** In the order of their revisions. */
  let waiting: Wait[] = []
  /** When the timer goes off, if there is one: at the end of the first wait, or before. */
  let timerMs = Infinity
  let forget = (): void => {}

  function arm(endMs: number): void {
    if (endMs >= timerMs) return
    forget()
    timerMs = endMs
    forget = clock.schedule(endMs - clock.monotonicMs() + clock.now(), giveUp)
  }

  function giveUp(): void {
    timerMs = Infinity
    const nowMs = clock.monotonicMs()
    const late = waiting.filter(({ endMs }) => endMs <= nowMs)
    waiting = waiting.filter(({ endMs }) => endMs > nowMs)
    for (const { resolve } of late) resolve(false)
    arm(waiting.reduce((first, { endMs }) => Math.min(first, endMs), Infinity))
  }

  return {
    until: (revision, timeoutMs) =>
      new Promise((resolve) => {
        const endMs = clock.monotonicMs() + timeoutMs
        // Whoever comes later mostly waits for more.
        let place = waiting.length
        while (place > 0 && waiting[place - 1]!.revision > revision) place -= 1
        waiting.splice(place, 0, { revision, endMs, resolve })
        arm(endMs)
      }),
    advance(to) {
      let count = 0
      while (count < waiting.length && waiting[count]!.revision <= to) count += 1
      if (count === 0) return
      const ready = waiting.splice(0, count)
      if (waiting.length === 0) {
        forget()
        timerMs = Infinity
      }
      for (const { resolve } of ready) resolve(true)
    },
  }
}
