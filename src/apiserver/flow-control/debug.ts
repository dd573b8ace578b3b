import type { RequestInfo } from '../http/request-info.ts'
import type { LevelState } from './flow-control.ts'
import type { Ticket } from './queue-set.ts'

/** `/debug/api_priority_and_fairness/…` in the reference's columns: aligned, comma and blank between them. `undefined`: no such dump. */
export function dumpOf(
  name: string,
  states: ReadonlyMap<string, LevelState>,
  details: boolean,
  nowMs: number,
  monotonicMs: number,
): string | undefined {
  const levels = [...states].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, state]) => state)
  if (name === 'dump_priority_levels') return table(levelColumns, levels.map(levelRow))
  if (name === 'dump_queues') return table(queueColumns, levels.flatMap(queueRows))
  if (name !== 'dump_requests') return undefined
  const at = (ms: number): string => (ms === 0 ? '0001-01-01T00:00:00Z' : new Date(nowMs - monotonicMs + ms).toISOString())
  return table(
    details ? [...requestColumns, ...detailColumns] : requestColumns,
    levels.flatMap((state) => requestRows(state, details, at)),
  )
}

function levelRow({ level, quiescing, queueSet }: LevelState): readonly unknown[] {
  const { counts, queues } = queueSet
  const active = queues.filter(({ waiting }) => waiting.length > 0).length
  const { waiting, executing, dispatched, rejected, timedOut } = counts
  return [level.name, active, queueSet.isIdle(), quiescing, waiting, executing, dispatched, rejected, timedOut, timedOut]
}

const queueRows = ({ level, queueSet }: LevelState): readonly (readonly unknown[])[] =>
  queueSet.queues.map(({ waiting, executing, seatsInUse, nextR, workWaiting }, i) => [
    level.name,
    i,
    waiting.length,
    executing.size,
    seatsInUse,
    seatSeconds(nextR),
    waiting.reduce((sum, { work }) => sum + work.initialSeats, 0),
    waiting.reduce((sum, { seats }) => sum + seats, 0),
    seatSeconds(workWaiting),
  ])

function requestRows({ level, queueSet }: LevelState, details: boolean, at: (ms: number) => string): readonly (readonly unknown[])[] {
  const row = (queue: number, place: number, ticket: Ticket): readonly unknown[] => {
    const { schema, flow, work, arrivedMs, startedMs } = ticket
    const plain = [
      level.name,
      schema,
      queue,
      place,
      flow,
      at(arrivedMs),
      work.initialSeats,
      work.finalSeats,
      `${work.lingerMs}ms`,
      at(startedMs),
    ]
    if (!details) return plain
    const { user, info } = ticket.about as About
    const apiVersion = info.group === '' ? info.version : `${info.group}/${info.version}`
    return [...plain, user, info.verb, info.path, info.namespace, info.name, apiVersion, info.resource, info.subresource]
  }
  return [
    ...queueSet.queues.flatMap((queue, i) => [
      ...queue.waiting.map((ticket, place) => row(i, place, ticket)),
      ...[...queue.executing].map((ticket) => row(i, -1, ticket)),
    ]),
    ...[...queueSet.queueless].map((ticket) => row(-1, -1, ticket)),
  ]
}

/** What a ticket says of its request. */
export interface About {
  readonly user: string
  readonly info: RequestInfo
}

function table(columns: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const lines = [columns, ...rows.map((row) => row.map(String))]
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)))
  return lines
    .map((line) => `${line.map((cell, i) => (i === line.length - 1 ? cell : `${cell},`.padEnd(Math.max(8, widths[i]! + 2)))).join('')}\n`)
    .join('')
}

const seatSeconds = (seatMs: number): string => `${(seatMs / 1000).toFixed(8)}ss`
const levelColumns = [
  'PriorityLevelName',
  'ActiveQueues',
  'IsIdle',
  'IsQuiescing',
  'WaitingRequests',
  'ExecutingRequests',
  'DispatchedRequests',
  'RejectedRequests',
  'TimedoutRequests',
  'CancelledRequests',
]
const queueColumns = [
  'PriorityLevelName',
  'Index',
  'PendingRequests',
  'ExecutingRequests',
  'SeatsInUse',
  'NextDispatchR',
  'InitialSeatsSum',
  'MaxSeatsSum',
  'TotalWorkSum',
]
const requestColumns = [
  'PriorityLevelName',
  'FlowSchemaName',
  'QueueIndex',
  'RequestIndexInQueue',
  'FlowDistingsher',
  'ArriveTime',
  'InitialSeats',
  'FinalSeats',
  'AdditionalLatency',
  'StartTime',
]
const detailColumns = ['UserName', 'Verb', 'APIPath', 'Namespace', 'Name', 'APIVersion', 'Resource', 'SubResource']
