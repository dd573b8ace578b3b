import { dispatchable, type Queue, type Queues } from './dispatch.ts'
import type { Work } from './work-estimate.ts'

/** How a priority level lets requests wait. */
export interface Queuing {
  /** 0: nothing waits, what finds no seat is refused; below 0: everything goes on at once (exempt). */
  readonly queues: number
  /** Waiting requests in one queue. */
  readonly queueLengthLimit: number
  /** Queues among which one flow may choose. */
  readonly handSize: number
}

/** One request in a level, from its arrival until its seats are free again. */
export interface Ticket {
  readonly schema: string
  /** Which of the schema's flows: a user's name, a namespace. */
  readonly flow: string
  readonly work: Work
  /** Seats while it runs and, if more, while its events go out. */
  readonly seats: number
  readonly arrivedMs: number
  /** Virtual time of its arrival. */
  readonly arrivalR: number
  /** Undefined where nothing queues. */
  readonly queue: Queue | undefined
  state: 'waiting' | 'executing' | 'lingering' | 'over'
  startedMs: number
  /** Called when a waiting request is let in. Never within the call that made the ticket. */
  onStart?: () => void
  /** Whatever the caller wants to find again when the requests are listed. */
  readonly about?: unknown
}

/** A request that comes to a level. */
export interface Arrival {
  readonly schema: string
  readonly flow: string
  readonly work: Work
  /** Queues that its flow may use, dealt by `deal`. */
  readonly hand: readonly number[]
  readonly about?: unknown
}

/** What is going on in a level, for metrics and the debugging endpoints. */
export interface QueueSetCounts {
  waiting: number
  executing: number
  seatsInUse: number
  seatsWaiting: number
  dispatched: number
  rejected: number
  timedOut: number
}

/**
 * The requests of one priority level: which run now, which wait, and who is next. Pure but for its own state: time comes with every event,
 * decisions go out as the ticket's `state` and `onStart`.
 */
export interface QueueSet {
  readonly counts: QueueSetCounts
  readonly queues: readonly Queue[]
  /** What runs or lingers outside queues. */
  readonly queueless: ReadonlySet<Ticket>
  configure(nowMs: number, queuing: Queuing, seatsMax: number): void
  /** Lets a request in or in line; `undefined`: refused. */
  arrive(nowMs: number, arrival: Arrival): Ticket | undefined
  /** A waiting request gives up. */
  leave(nowMs: number, ticket: Ticket): void
  /** A request has ended. True: its seats stay taken for `ticket.work.lingerMs`, and `release` has to follow then. */
  finish(nowMs: number, ticket: Ticket): boolean
  release(nowMs: number, ticket: Ticket): void
  isIdle(): boolean
}

/**
 * Fair queuing by virtual time, as the reference does it (KEP 1040, "Fair Queuing for Server Requests"): R(t) grows by the seats in use for
 * each queue that has requests; a queue's next request may start once R has reached what the queue has spent, so that in the long run
 * every queue with requests gets the same work. R counts seat-milliseconds. `onDemand` hears how many seats are wanted after each change.
 */
export function createQueueSet(onDemand: (nowMs: number, seats: number) => void): QueueSet {
  const set: Queues = { queues: [], robin: -1, seatsMax: 0, unlimited: false, counts: emptyCounts() }
  const queueless = new Set<Ticket>()
  const { counts } = set
  let queuing: Queuing = { queues: 0, queueLengthLimit: 0, handSize: 1 }
  let currentR = 0
  let lastMs: number | undefined
  let active = 0
  let enqueued = 0

  function advance(nowMs: number): void {
    const passedMs = lastMs === undefined ? 0 : Math.max(0, nowMs - lastMs)
    lastMs = nowMs
    if (active > 0) currentR += (passedMs * Math.min(counts.seatsInUse + counts.seatsWaiting, set.seatsMax)) / active
  }
  const demand = (nowMs: number): void => onDemand(nowMs, counts.seatsInUse + counts.seatsWaiting)

  function start(nowMs: number, ticket: Ticket): void {
    ticket.state = 'executing'
    ticket.startedMs = nowMs
    counts.executing += 1
    counts.dispatched += 1
    counts.seatsInUse += ticket.seats
    const { queue } = ticket
    if (queue === undefined) {
      queueless.add(ticket)
      return
    }
    queue.executing.add(ticket)
    queue.seatsInUse += ticket.seats
    queue.nextR += workOf(ticket)
  }

  function unqueue(ticket: Ticket): void {
    const queue = ticket.queue!
    queue.waiting.splice(queue.waiting.indexOf(ticket), 1)
    queue.workWaiting -= workOf(ticket)
    counts.waiting -= 1
    counts.seatsWaiting -= ticket.seats
  }

  function dispatch(nowMs: number, own?: Ticket): void {
    while (counts.waiting > 0 && (set.unlimited || counts.seatsInUse < set.seatsMax)) {
      const next = dispatchable(set)
      if (next === undefined) return
      unqueue(next)
      start(nowMs, next)
      bound(next.queue!)
      if (next !== own) next.onStart?.()
    }
  }

  const isActive = (queue: Queue): boolean => queue.waiting.length > 0 || queue.executing.size > 0

  function settle(queue: Queue): void {
    // A level that shrinks loses its queues once they are empty.
    if (set.queues.length <= Math.max(0, queuing.queues) || isActive(queue) || queue.seatsInUse > 0) return
    const at = set.queues.indexOf(queue)
    if (at < 0) return
    set.queues.splice(at, 1)
    if (set.robin >= at) set.robin -= 1
  }

  function release(nowMs: number, ticket: Ticket): void {
    if (ticket.state !== 'lingering') return
    advance(nowMs)
    ticket.state = 'over'
    counts.seatsInUse -= ticket.seats
    if (ticket.queue !== undefined) {
      ticket.queue.seatsInUse -= ticket.seats
      settle(ticket.queue)
    }
    dispatch(nowMs)
    demand(nowMs)
  }

  return {
    counts,
    queueless,
    get queues() {
      return set.queues
    },
    configure(nowMs, wanted, seatsMax) {
      advance(nowMs)
      queuing = wanted.queues > 0 ? wanted : { ...wanted, queueLengthLimit: queuing.queueLengthLimit, handSize: queuing.handSize }
      while (set.queues.length < queuing.queues) set.queues.push(emptyQueue())
      set.seatsMax = seatsMax
      set.unlimited = wanted.queues < 0
      dispatch(nowMs)
    },
    arrive(nowMs, { schema, flow, work, hand, about }) {
      advance(nowMs)
      const seats = Math.max(work.initialSeats, work.finalSeats)
      const ticketIn = (queue: Queue | undefined): Ticket => ({
        schema,
        flow,
        work,
        seats,
        arrivedMs: nowMs,
        arrivalR: currentR,
        queue,
        state: 'waiting',
        startedMs: 0,
        about,
      })
      if (queuing.queues < 1) {
        if (!fits(set, seats)) {
          counts.rejected += 1
          return undefined
        }
        const ticket = ticketIn(undefined)
        start(nowMs, ticket)
        demand(nowMs)
        return ticket
      }
      const queue = shortest(set.queues, hand, enqueued)
      enqueued += 1
      if (counts.seatsInUse >= set.seatsMax && queue.waiting.length >= queuing.queueLengthLimit) {
        counts.rejected += 1
        return undefined
      }
      const ticket = ticketIn(queue)
      if (!isActive(queue)) {
        queue.nextR = currentR
        active += 1
      }
      queue.waiting.push(ticket)
      queue.workWaiting += workOf(ticket)
      counts.waiting += 1
      counts.seatsWaiting += seats
      bound(queue)
      dispatch(nowMs, ticket)
      demand(nowMs)
      return ticket
    },
    leave(nowMs, ticket) {
      if (ticket.state !== 'waiting') return
      advance(nowMs)
      unqueue(ticket)
      ticket.state = 'over'
      counts.rejected += 1
      counts.timedOut += 1
      const queue = ticket.queue!
      bound(queue)
      if (!isActive(queue)) active -= 1
      settle(queue)
      // It may have been a wide one, before which nothing else could go on.
      dispatch(nowMs)
      demand(nowMs)
    },
    finish(nowMs, ticket) {
      if (ticket.state !== 'executing') return false
      advance(nowMs)
      counts.executing -= 1
      const { queue } = ticket
      if (queue === undefined) queueless.delete(ticket)
      else {
        queue.executing.delete(ticket)
        // What it was charged at its start was a guess.
        queue.nextR -= ticket.work.initialSeats * (estimatedMs - (nowMs - ticket.startedMs))
        bound(queue)
        if (!isActive(queue)) active -= 1
      }
      ticket.state = 'lingering'
      // Where seats are without limit nobody waits for them.
      if (ticket.work.finalSeats > 0 && !set.unlimited) return true
      release(nowMs, ticket)
      return false
    },
    release,
    isIdle: () => counts.waiting === 0 && counts.executing === 0,
  }
}

/** Of the flow's queues the one with the least work waiting; among equals another one each time. */
function shortest(queues: readonly Queue[], hand: readonly number[], offset: number): Queue {
  let best: Queue | undefined
  for (let i = 0; i < hand.length; i += 1) {
    const queue = queues[hand[(offset + i) % hand.length]!]!
    if (best === undefined || queue.workWaiting < best.workWaiting) best = queue
  }
  return best!
}

/** A queue that was not used for a while has nothing saved up: it starts no earlier than its first request came. */
function bound(queue: Queue): void {
  const oldest = queue.waiting[0]
  if (oldest !== undefined && queue.nextR < oldest.arrivalR) queue.nextR = oldest.arrivalR
}

function fits({ unlimited, seatsMax, counts }: Queues, seats: number): boolean {
  if (unlimited) return true
  // Wider than all there is: alone it may run.
  return seats > seatsMax ? counts.executing === 0 : counts.seatsInUse + seats <= seatsMax
}

/** Seat-milliseconds that a request is taken to need: what its run is guessed at, and what comes after it. */
export const workOf = ({ work }: Ticket): number => work.initialSeats * estimatedMs + work.finalSeats * work.lingerMs

const emptyQueue = (): Queue => ({ waiting: [], executing: new Set(), seatsInUse: 0, nextR: 0, workWaiting: 0 })
const emptyCounts = (): QueueSetCounts => ({
  waiting: 0,
  executing: 0,
  seatsInUse: 0,
  seatsWaiting: 0,
  dispatched: 0,
  rejected: 0,
  timedOut: 0,
})

/** How long a request is thought to run before it is known (the reference's guess). */
const estimatedMs = 3
