import type { Clock, Instant } from '#lib/clock.ts'
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
  readonly endsAt: Instant
  readonly resolve: (reached: boolean) => void
}

/** Nobody waits at first. */
export function createRevisionWaits(clock: Pick<Clock, 'now' | 'schedule'>): RevisionWaits {
  /** In the order of their revisions. */
  let waiting: Wait[] = []
  /** When the timer goes off, if there is one: at the end of the first wait, or before. */
  let timerAt = Infinity
  let forget = (): void => {}

  function arm(at: Instant): void {
    if (at >= timerAt) return
    forget()
    timerAt = at
    forget = clock.schedule(at, giveUp)
  }

  function giveUp(): void {
    timerAt = Infinity
    const now = clock.now()
    const late = waiting.filter(({ endsAt }) => endsAt <= now)
    waiting = waiting.filter(({ endsAt }) => endsAt > now)
    for (const { resolve } of late) resolve(false)
    arm(waiting.reduce((first, { endsAt }) => Math.min(first, endsAt), Infinity))
  }

  return {
    until: (revision, timeoutMs) =>
      new Promise((resolve) => {
        const endsAt = clock.now() + timeoutMs
        // Whoever comes later mostly waits for more.
        let place = waiting.length
        while (place > 0 && waiting[place - 1]!.revision > revision) place -= 1
        waiting.splice(place, 0, { revision, endsAt, resolve })
        arm(endsAt)
      }),
    advance(to) {
      let count = 0
      while (count < waiting.length && waiting[count]!.revision <= to) count += 1
      if (count === 0) return
      const ready = waiting.splice(0, count)
      if (waiting.length === 0) {
        forget()
        timerAt = Infinity
      }
      for (const { resolve } of ready) resolve(true)
    },
  }
}
