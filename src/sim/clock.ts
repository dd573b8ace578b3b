import type { Clock, Instant } from '#lib/clock.ts'
import type { Random } from '#lib/random.ts'

/** Time that stands still until a test moves it. */
export interface VirtualClock extends Clock {
  /** Lets `ms` pass: runs everything due in that time, in order of deadline, and what follows from it, before time moves on. */
  advance(ms: number): Promise<void>
  /**
   * Jumps from deadline to deadline until nothing is scheduled, and answers true; false when `limitMs` have passed and something still
   * is (a lease that is renewed for ever never becomes idle).
   */
  runUntilIdle(limitMs?: number): Promise<boolean>
  /**
   * Lets time pass to the next deadline and runs it, with what follows; where there is none up to the instant `end`, time stands at `end`
   * afterwards and the answer is false.
   */
  step(end: Instant): Promise<boolean>
  /** Deadlines that are still to come. */
  readonly pending: number
  /** How many have come: between two of them, whoever does anything does it without waiting. */
  readonly come: number
}

/**
 * `restless`: time does not stand still while code runs, as on a real machine: any reading may find it a millisecond later than the one before,
 * and a deadline may come up to a millisecond early, as Node's timers do, which count in whole ones from when their turn began.
 */
export function createVirtualClock(start: Instant, restless?: Random): VirtualClock {
  let now = start
  let next = 0
  let come = 0
  /** Sorted by deadline, then by order of scheduling, so that a seed gives one history. */
  const timers: Timer[] = []

  function schedule(at: Instant, run: () => void): () => void {
    if (at === Infinity) return () => {}
    const timer = { at: Math.max(at, now), order: (next += 1), run }
    let low = 0
    let high = timers.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (timers[middle]!.at <= timer.at) low = middle + 1
      else high = middle
    }
    timers.splice(low, 0, timer)
    return () => {
      const index = timers.indexOf(timer)
      if (index >= 0) timers.splice(index, 1)
    }
  }

  async function runTo(end: Instant): Promise<void> {
    await settle()
    for (let due = timers[0]; due !== undefined && due.at <= end; due = timers[0]) await run(due)
  }

  async function run(timer: Timer): Promise<void> {
    timers.shift()
    come += 1
    now = Math.max(now, timer.at - (restless !== undefined && restless.next() < 0.5 ? 1 : 0))
    timer.run()
    await settle()
  }

  function read(): Instant {
    if (restless !== undefined && restless.next() < 0.2) now += 1
    return now
  }

  return {
    now: read,
    monotonicMs: () => read() - start,
    schedule,
    async advance(ms) {
      const end = now + ms
      await runTo(end)
      now = Math.max(now, end)
    },
    async runUntilIdle(limitMs = 3_600_000) {
      await runTo(now + limitMs)
      return timers.length === 0
    },
    async step(end) {
      await settle()
      const due = timers[0]
      if (due === undefined || due.at > end) {
        now = Math.max(now, end)
        return false
      }
      await run(due)
      return true
    },
    get pending() {
      return timers.length
    },
    get come() {
      return come
    },
  }
}

interface Timer {
  readonly at: Instant
  readonly order: number
  readonly run: () => void
}

/** A cluster needs some dozens; a loop that never waits would hang a test instead of failing it. */
const turnLimit = 100_000

/**
 * Everything that follows without waiting for time has run. An immediate comes only after all settled promises; while the process still
 * holds one (a long list lets others in by it, the scheduler begins its turns with it), more is to follow.
 */
function settle(): Promise<void> {
  const mine = settling.then(settleAlone)
  settling = mine.catch(() => undefined)
  return mine
}

/** Of all clocks of the process: two that wait at the same time would each take the other's immediate for work that is to follow. */
let settling: Promise<void> = Promise.resolve()

async function settleAlone(): Promise<void> {
  let turns = 0
  do {
    await new Promise((resolve) => setImmediate(resolve))
    if ((turns += 1) > turnLimit) throw new Error(`something goes round and round without waiting for time: ${turns} turns`)
  } while (process.getActiveResourcesInfo().includes('Immediate'))
}
