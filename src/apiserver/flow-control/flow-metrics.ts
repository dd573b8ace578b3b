import type { Histogram } from '#lib/metrics/histogram.ts'
import type { Counter, Gauge, Registry } from '#lib/metrics/registry.ts'
import type { LevelState } from './flow-control.ts'

/** The reference's `apiserver_flowcontrol_*`, by priority level and flow schema. */
export interface FlowMetrics {
  of(level: string, schema: string): FlowCounts
  /** A level that is gone. */
  forget(level: string): void
}

/** The series of one level and schema, told of what happens to its requests. */
export interface FlowCounts {
  started(seats: number): void
  ended(seats: number): void
  queued(change: 1 | -1): void
  waited(executed: boolean, seconds: number): void
  rejected(reason: 'queue-full' | 'concurrency-limit' | 'time-out'): void
}

/** `states`: the levels that there are, read when metrics are. */
export function createFlowMetrics(registry: Registry, states: ReadonlyMap<string, LevelState>): FlowMetrics {
  const name = (rest: string): string => `apiserver_flowcontrol_${rest}`
  const labels = ['priority_level', 'flow_schema']
  const requests = registry.gauge({
    name: name('current_executing_requests'),
    help: 'Requests that run now in the API Priority and Fairness subsystem: the initial part of a watch, all of any other request.',
    stability: 'BETA',
    labels,
  })
  const seatsInUse = registry.gauge({
    name: name('current_executing_seats'),
    help: 'Seats taken by the requests that run now.',
    stability: 'BETA',
    labels,
  })
  const inQueue = registry.gauge({
    name: name('current_inqueue_requests'),
    help: 'Requests that wait in queues now.',
    stability: 'BETA',
    labels,
  })
  const dispatched = registry.counter({
    name: name('dispatched_requests_total'),
    help: 'Requests that were let in.',
    stability: 'BETA',
    labels,
  })
  const refused = registry.counter({
    name: name('rejected_requests_total'),
    help: 'Requests that were refused.',
    stability: 'BETA',
    labels: [...labels, 'reason'],
  })
  const waits = registry.histogram({
    name: name('request_wait_duration_seconds'),
    help: 'How long requests waited in their queues.',
    stability: 'BETA',
    labels: [...labels, 'execute'],
    buckets: [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30],
  })
  const observe = (rest: string, help: string, stability: 'ALPHA' | 'BETA', read: (state: LevelState) => number): void =>
    registry.observed({ name: name(rest), help, stability, type: 'gauge', labels: ['priority_level'] }, () =>
      [...states].map(([level, state]) => ({ labels: [level], value: read(state) })),
    )
  observe('nominal_limit_seats', 'Seats of a level by its shares.', 'BETA', ({ level }) => level.nominalSeats)
  observe('current_limit_seats', 'Seats of a level at present, lent and borrowed ones considered.', 'ALPHA', (state) => state.currentSeats)
  observe('lower_limit_seats', 'Seats that a level keeps whatever it lends.', 'ALPHA', ({ level }) => level.minSeats)
  observe('upper_limit_seats', 'Seats that a level has at most.', 'ALPHA', ({ level }) => level.maxSeats)
  const known = new Map<string, Map<string, FlowCounts>>()
  function countsOf(level: string, schema: string): FlowCounts {
    const running = requests.of(level, schema)
    const seated = seatsInUse.of(level, schema)
    let waiting: Gauge | undefined
    let executed: Histogram | undefined
    const started: Counter = dispatched.of(level, schema)
    return {
      started(seats) {
        running.add(1)
        seated.add(seats)
        started.inc()
      },
      ended(seats) {
        running.add(-1)
        seated.add(-seats)
      },
      queued(change) {
        waiting ??= inQueue.of(level, schema)
        waiting.add(change)
      },
      waited(isExecuted, seconds) {
        if (!isExecuted) waits.of(level, schema, 'false').observe(seconds)
        else {
          executed ??= waits.of(level, schema, 'true')
          executed.observe(seconds)
        }
      },
      rejected: (reason) => refused.of(level, schema, reason).inc(),
    }
  }
  return {
    of(level, schema) {
      let bySchema = known.get(level)
      if (bySchema === undefined) known.set(level, (bySchema = new Map()))
      let counts = bySchema.get(schema)
      if (counts === undefined) bySchema.set(schema, (counts = countsOf(level, schema)))
      return counts
    },
    forget(level) {
      for (const schema of known.get(level)?.keys() ?? [])
        for (const family of [requests, seatsInUse, inQueue, dispatched]) family.remove(level, schema)
      known.delete(level)
    },
  }
}
