import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { deal } from './deal.ts'
import { createQueueSet, type Queuing, type Ticket } from './queue-set.ts'

/** A level in virtual time: flows send requests, each runs for as long as it says; what matters is who got how much. */

interface Flow {
  readonly name: string
  /** Requests that it keeps going at once. */
  readonly atOnce: number
  readonly runMs: number
  readonly seats?: number
}

const oneSeat = { initialSeats: 1, finalSeats: 0, lingerMs: 0 }
const queuing: Queuing = { queues: 128, queueLengthLimit: 1000, handSize: 6 }

function simulate(flows: readonly Flow[], options: { readonly seats: number; readonly forMs: number; readonly queuing?: Queuing }) {
  const set = createQueueSet(() => {})
  const how = options.queuing ?? queuing
  set.configure(0, how, options.seats)
  const ends: { readonly at: number; readonly run: (at: number) => void }[] = []
  const results = new Map(flows.map(({ name }) => [name, { served: 0, refused: 0, longestMs: 0, seatMs: 0 }]))
  let most = 0
  const send = (flow: Flow, at: number): void => {
    const result = results.get(flow.name)!
    const seats = flow.seats ?? 1
    const begin = (ticket: Ticket, now: number): void => {
      most = Math.max(most, set.counts.seatsInUse)
      result.longestMs = Math.max(result.longestMs, now - ticket.arrivedMs)
      ends.push({
        at: now + flow.runMs,
        run(end) {
          result.served += 1
          result.seatMs += flow.runMs * seats
          set.finish(end, ticket)
          send(flow, end)
        },
      })
    }
    const ticket = set.arrive(at, {
      schema: 's',
      flow: flow.name,
      work: { ...oneSeat, initialSeats: seats },
      hand: how.queues > 0 ? deal('s', flow.name, how.queues, how.handSize) : [],
    })
    if (ticket === undefined) {
      result.refused += 1
      ends.push({ at: at + 10, run: (end) => send(flow, end) })
    } else if (ticket.state === 'executing') begin(ticket, at)
    else ticket.onStart = () => begin(ticket, now)
  }
  let now = 0
  for (const flow of flows) for (let i = 0; i < flow.atOnce; i += 1) send(flow, 0)
  while (ends.length > 0) {
    ends.sort((a, b) => a.at - b.at)
    const next = ends.shift()!
    if (next.at > options.forMs) break
    now = next.at
    next.run(now)
  }
  return { of: (name: string) => results.get(name)!, most, set }
}

const near = (a: number, b: number, part: number): boolean => Math.abs(a - b) <= part * Math.max(a, b)

test('two flows that want more than there is get the same', () => {
  const { of, most } = simulate(
    [
      { name: 'a', atOnce: 40, runMs: 10 },
      { name: 'b', atOnce: 40, runMs: 10 },
    ],
    { seats: 10, forMs: 10_000 },
  )
  assert.ok(near(of('a').served, of('b').served, 0.05), `${of('a').served} and ${of('b').served}`)
  assert.equal(most, 10, 'never more than there are seats')
})

test('who sends ten times as many, or ten times as long, or as wide requests gets no more', () => {
  const cases: readonly (readonly [Flow, Flow])[] = [
    [
      { name: 'elephant', atOnce: 200, runMs: 10 },
      { name: 'mouse', atOnce: 20, runMs: 10 },
    ],
    [
      { name: 'slow', atOnce: 50, runMs: 100 },
      { name: 'quick', atOnce: 50, runMs: 10 },
    ],
    [
      { name: 'wide', atOnce: 50, runMs: 10, seats: 5 },
      { name: 'narrow', atOnce: 50, runMs: 10 },
    ],
  ]
  for (const flows of cases) {
    const { of } = simulate(flows, { seats: 10, forMs: 20_000 })
    const [first, second] = flows.map(({ name }) => of(name).seatMs) as [number, number]
    assert.ok(near(first, second, 0.12), `${flows[0].name}: ${first}, ${flows[1].name}: ${second}`)
  }
})

test('an elephant cannot starve a mouse', () => {
  const { of } = simulate(
    [
      { name: 'elephant', atOnce: 900, runMs: 10 },
      { name: 'mouse', atOnce: 1, runMs: 10 },
    ],
    { seats: 10, forMs: 10_000 },
  )
  assert.ok(of('mouse').longestMs <= 40, `the mouse waited ${of('mouse').longestMs} ms`)
  assert.ok(of('mouse').served > 300, `the mouse was served ${of('mouse').served} times`)
})

test('bounds hold: what finds its queues full is refused, exempt levels refuse nothing, unqueued ones at once', () => {
  const tight = simulate([{ name: 'a', atOnce: 100, runMs: 10 }], {
    seats: 2,
    forMs: 1_000,
    queuing: { queues: 4, queueLengthLimit: 5, handSize: 2 },
  })
  assert.ok(tight.of('a').refused > 0)
  assert.ok(tight.set.queues.every(({ waiting }) => waiting.length <= 5))
  const exempt = simulate([{ name: 'a', atOnce: 100, runMs: 10 }], {
    seats: Infinity,
    forMs: 1_000,
    queuing: { queues: -1, queueLengthLimit: 0, handSize: 1 },
  })
  assert.deepEqual([exempt.of('a').refused, exempt.of('a').longestMs], [0, 0])
  const unqueued = simulate([{ name: 'a', atOnce: 3, runMs: 10 }], {
    seats: 2,
    forMs: 100,
    queuing: { queues: 0, queueLengthLimit: 0, handSize: 1 },
  })
  assert.ok(unqueued.of('a').refused > 0)
  assert.equal(unqueued.of('a').longestMs, 0)
})

test('seats that linger are not given away, and nothing is lost by leaving, in any order of events', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('arrive', 'finish', 'leave', 'release'), fc.nat(20), fc.integer({ min: 1, max: 6 })), {
        maxLength: 120,
      }),
      fc.integer({ min: 1, max: 6 }),
      (events, seats) => {
        const set = createQueueSet(() => {})
        set.configure(0, { queues: 4, queueLengthLimit: 3, handSize: 2 }, seats)
        const tickets: Ticket[] = []
        let now = 0
        for (const [what, which, width] of events) {
          now += which
          const ticket = tickets[which % Math.max(1, tickets.length)]
          if (what === 'arrive') {
            const flow = `f${which % 5}`
            const work = { initialSeats: width, finalSeats: width > 3 ? width : 0, lingerMs: width > 3 ? 5 : 0 }
            const made = set.arrive(now, { schema: 's', flow, work, hand: deal('s', flow, 4, 2) })
            if (made !== undefined) tickets.push(made)
          } else if (ticket === undefined) continue
          else if (what === 'finish') set.finish(now, ticket)
          else if (what === 'leave') set.leave(now, ticket)
          else set.release(now, ticket)
          const inUse = tickets.filter(({ state }) => state === 'executing' || state === 'lingering')
          const taken = inUse.reduce((sum, each) => sum + each.seats, 0)
          assert.equal(set.counts.seatsInUse, taken)
          assert.equal(set.counts.waiting, tickets.filter(({ state }) => state === 'waiting').length)
          assert.equal(set.counts.executing, tickets.filter(({ state }) => state === 'executing').length)
          assert.ok(taken <= seats || inUse.some((each) => each.seats > seats), 'only a request wider than all there is goes over')
        }
        // Once everything ends, nobody is left waiting.
        for (let round = 0; round < tickets.length * 2 + 2; round += 1)
          for (const ticket of tickets) {
            now += 1
            set.finish(now, ticket)
            set.release(now, ticket)
          }
        assert.ok(set.isIdle())
        assert.equal(set.counts.seatsInUse, 0)
      },
    ),
    { numRuns: 300 },
  )
})

test('hands are different cards, the same for a flow each time', () => {
  const hand = deal('schema', 'flow', 128, 6)
  assert.equal(new Set(hand).size, 6)
  assert.ok(hand.every((card) => card >= 0 && card < 128))
  assert.deepEqual(deal('schema', 'flow', 128, 6), hand)
  assert.notDeepEqual(deal('schema', 'other', 128, 6), hand)
  assert.deepEqual(deal('s', 'f', 3, 3).toSorted(), [0, 1, 2])
})
