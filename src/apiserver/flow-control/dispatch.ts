import { type QueueSetCounts, type Ticket, workOf } from './queue-set.ts'

/** Waiting requests in order of arrival, and what the queue's requests have spent. */
export interface Queue {
  readonly waiting: Ticket[]
  readonly executing: Set<Ticket>
  seatsInUse: number
  /** Virtual time at which its next request may start: seat-milliseconds. */
  nextR: number
  /** Seat-milliseconds that wait in it. */
  workWaiting: number
}

/** All queues of a level and its seats. */
export interface Queues {
  readonly queues: Queue[]
  /** The queue that was served last. */
  robin: number
  seatsMax: number
  unlimited: boolean
  readonly counts: QueueSetCounts
}

/**
 * Who is next: the oldest request of the queue whose oldest would be done first in virtual time; among equals the one after the queue
 * served last. `undefined` when it needs more seats than are free: it is not passed over, or wide requests would starve.
 */
export function dispatchable(set: Queues): Ticket | undefined {
  const { queues, seatsMax, counts, unlimited } = set
  let best: Ticket | undefined
  let bestFinish = Infinity
  let bestAt = set.robin
  for (let step = 1; step <= queues.length; step += 1) {
    const at = (set.robin + step) % queues.length
    const queue = queues[at]!
    const oldest = queue.waiting[0]
    if (oldest === undefined) continue
    const finish = queue.nextR + workOf(oldest)
    if (finish >= bestFinish) continue
    best = oldest
    bestFinish = finish
    bestAt = at
    // The only one that waits: no other queue has to be looked at.
    if (counts.waiting === 1) break
  }
  if (best === undefined) return undefined
  const accommodated = unlimited || (best.seats > seatsMax ? counts.executing === 0 : counts.seatsInUse + best.seats <= seatsMax)
  if (!accommodated) return undefined
  set.robin = bestAt
  return best
}
