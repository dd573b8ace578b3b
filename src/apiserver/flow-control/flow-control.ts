import type { FlowSchema, PriorityLevelConfiguration } from '#api/flowcontrol/v1/types.ts'
import type { AnyKind } from '#api/kind.ts'
import type { Clock } from '#lib/clock.ts'
import type { HttpRequest } from '#lib/http.ts'
import type { Registry } from '#lib/metrics/registry.ts'
import type { Objects, UserInfo } from '../contract.ts'
import type { RequestInfo } from '../http/request-info.ts'
import { adjustSeats } from './borrowing.ts'
import { deal } from './deal.ts'
import { createFlowMetrics, type FlowMetrics } from './flow-metrics.ts'
import { type Level, levelsOf, type Schema } from './levels.ts'
import { matches } from './match.ts'
import { createQueueSet, type QueueSet, type Ticket } from './queue-set.ts'
import { createRetryAfter, type RetryAfter } from './retry-after.ts'
import { createSeatDemandMeter, type SeatDemandMeter } from './seat-demand.ts'
import { createWatchCounts, type WatchCounts } from './watch-counts.ts'
import { estimateWork, type ResourceFacts } from './work-estimate.ts'

/** What fairness reads, counts and divides. */
export interface FlowControlOptions {
  readonly objects: Objects
  readonly clock: Clock
  readonly registry: Registry
  /** Stored objects of a resource, and their size. */
  readonly storedObjects: ResourceFacts['objects']
  /** Seats that all levels share. Default `seatsTotalDefault`. */
  readonly seatsTotal?: number
  /** Hears which FlowSchemas name a level that is not there, after each change of either. */
  readonly onDangling?: (dangling: ReadonlyMap<string, boolean>) => void
}

/** What a request was taken for: answers name both objects by their uid. */
export interface Classification {
  readonly schema: Schema
  readonly level: Level
}

/** Let in, until `finish` gives the seats back; or sent away for at least so long. */
export type Admitted =
  | { readonly admitted: true; readonly by: Classification; finish(): void }
  | { readonly admitted: false; readonly by: Classification; readonly retryAfterSeconds: number }

/** API Priority and Fairness: who may go on now, who waits, who is refused. */
export interface FlowControl {
  /**
   * At once where there is room, else when its turn has come, `waitMs` are over, or the request's signal ends the waiting. Whoever is
   * admitted calls `finish` once, when its work is done.
   */
  admit(user: UserInfo, info: RequestInfo, waitMs: number, request?: Pick<HttpRequest, 'signal'>): Admitted | Promise<Admitted>
  /** Watches that are open, for the estimate of what a write costs. */
  readonly watches: WatchCounts
  /** Levels and their requests, for the debugging endpoints. */
  readonly states: ReadonlyMap<string, LevelState>
  close(): void
}

/** A level at work. */
export interface LevelState {
  level: Level
  /** Its object is gone, requests are not yet. */
  quiescing: boolean
  readonly queueSet: QueueSet
  readonly demand: SeatDemandMeter
  currentSeats: number
  readonly retryAfter: RetryAfter
}

/**
 * Seats of the whole server. The reference takes 600, which its many threads share. Ours answer on one thread, at some 0.3 ms each: what is
 * let in waits for that thread in the order of its coming, past all fairness, so a seat is worth that much delay for everybody behind it.
 * 240 are a tenth of a second, still four times what the store writes in one batch, and leave every default level about a seat a share.
 */
const seatsTotalDefault = 240

/** Follows FlowSchemas and PriorityLevelConfigurations, and lets requests in by them (KEP 1040). */
export function createFlowControl(options: FlowControlOptions): FlowControl {
  const { objects, clock, registry } = options
  const seatsTotal = options.seatsTotal ?? seatsTotalDefault
  const states = new Map<string, LevelState>()
  const watches = createWatchCounts()
  const metrics = createFlowMetrics(registry, states)
  const facts: ResourceFacts = { objects: options.storedObjects, watches: watches.reachedBy }
  let schemas: readonly Matcher[] = []
  let stale = true
  let forgetAdjustment: (() => void) | undefined

  const levelKind = objects.kindOf(group, 'prioritylevelconfigurations')
  const schemaKind = objects.kindOf(group, 'flowschemas')
  // Objects change in bursts (a start, an upgrade): the next request, or the next turn, reads them once.
  const onChange = (): void => {
    if (stale) return
    stale = true
    queueMicrotask(() => stale && digest())
  }
  const leave = [levelKind, schemaKind].map((kind) => (kind === undefined ? () => {} : objects.observe(kind, onChange)))
  const listed = <T>(kind: AnyKind | undefined): readonly T[] => (kind === undefined ? [] : (objects.list(kind) as unknown as T[]))

  function digest(): void {
    stale = false
    const now = clock.monotonicMs()
    const configurations = listed<PriorityLevelConfiguration>(levelKind)
    const present = new Set(configurations.map(({ metadata }) => metadata?.name ?? ''))
    // A level whose object is gone stays until its last request has ended.
    const kept = [...lastObjects]
      .filter(([name]) => !present.has(name) && states.get(name)?.queueSet.isIdle() === false)
      .map(([, object]) => object)
    const next = levelsOf(configurations, listed<FlowSchema>(schemaKind), seatsTotal, kept)
    for (const object of configurations) lastObjects.set(object.metadata?.name ?? '', object)
    for (const name of states.keys()) if (!next.levels.some((level) => level.name === name)) drop(name)
    for (const name of lastObjects.keys()) if (!next.levels.some((level) => level.name === name)) lastObjects.delete(name)
    for (const level of next.levels) {
      const quiescing = kept.some(({ metadata }) => metadata?.name === level.name)
      const known = states.get(level.name)
      if (known !== undefined) Object.assign(known, { level, quiescing })
      else states.set(level.name, newState(level, now))
    }
    schemas = next.schemas.map((schema) => ({ schema, hands: new Map() }))
    adjust()
    options.onDangling?.(next.dangling)
  }
  const lastObjects = new Map<string, PriorityLevelConfiguration>()

  function newState(level: Level, now: number): LevelState {
    const demand = createSeatDemandMeter(now)
    const queueSet = createQueueSet((at, seats) => {
      demand.set(at, seats)
      // Borrowing is looked at while a level comes near its limit; before that nobody needs more, and no deadline is set.
      if (forgetAdjustment === undefined && isPressed(state)) beginAdjusting()
    })
    const state: LevelState = {
      level,
      quiescing: false,
      queueSet,
      demand,
      currentSeats: level.nominalSeats,
      retryAfter: createRetryAfter(),
    }
    return state
  }

  function drop(name: string): void {
    states.delete(name)
    metrics.forget(name)
  }

  /** Divides the seats anew by what was wanted of late. */
  function adjust(): void {
    const now = clock.monotonicMs()
    adjustSeats([...states.values()], now)
    for (const state of states.values()) {
      state.queueSet.configure(now, state.level.queuing, state.level.isExempt ? Infinity : state.currentSeats)
      if (state.quiescing && state.queueSet.isIdle()) onChange()
    }
  }

  function beginAdjusting(): void {
    // What was wanted long ago says nothing of now.
    for (const { demand } of states.values()) demand.look(clock.monotonicMs())
    scheduleAdjustment()
  }

  function scheduleAdjustment(): void {
    forgetAdjustment = clock.schedule(clock.now() + adjustmentMs, () => {
      forgetAdjustment = undefined
      const before = [...states.values()].map(({ currentSeats }) => currentSeats)
      adjust()
      const moves = [...states.values()].some(({ currentSeats }, i) => currentSeats !== before[i])
      if (moves || [...states.values()].some(isPressed)) scheduleAdjustment()
    })
  }

  function handOf(matcher: Matcher, level: Level, flow: string): readonly number[] {
    const { queues, handSize } = level.queuing
    if (queues <= 1) return onlyQueue
    const known = matcher.hands.get(flow)
    if (known !== undefined) return known
    const hand = deal(matcher.schema.name, flow, queues, handSize)
    // Whoever sends many names deals anew each time; that is all it costs.
    if (matcher.hands.size >= handsMax) matcher.hands.clear()
    matcher.hands.set(flow, hand)
    return hand
  }

  digest()
  return {
    watches,
    states,
    admit(user, info, waitMs, request) {
      if (stale) digest()
      // The last schema matches whatever the others do not.
      const matcher = schemas.find(({ schema }) => matches(schema.spec, user, info)) ?? schemas.at(-1)!
      const { schema } = matcher
      const state = states.get(schema.level)!
      const { level, queueSet } = state
      const by: Classification = { schema, level }
      const flow = level.queuing.queues > 1 ? flowOf(schema, user, info) : ''
      const work = estimateWork(info, facts, level.requestSeatsMax)
      const now = clock.monotonicMs()
      const about = { user: user.name, info, receivedMs: clock.now() }
      const ticket = queueSet.arrive(now, { schema: schema.name, flow, work, hand: handOf(matcher, level, flow), about })
      const counts = metrics.of(level.name, schema.name)
      if (ticket === undefined) {
        counts.rejected(level.queuing.queues > 0 ? 'queue-full' : 'concurrency-limit')
        if (!level.isExempt) counts.waited(false, 0)
        return { admitted: false, by, retryAfterSeconds: state.retryAfter.refused(clock.now()) }
      }
      if (ticket.state !== 'waiting') {
        if (!level.isExempt) counts.waited(true, 0)
        return admittedBy(by, state, ticket, counts)
      }
      return inLine(by, state, ticket, counts, waitMs, request?.signal)
    },
    close() {
      forgetAdjustment?.()
      for (const stop of leave) stop()
    },
  }

  function admittedBy(by: Classification, state: LevelState, ticket: Ticket, counts: ReturnType<FlowMetrics['of']>): Admitted {
    counts.started(ticket.seats)
    let isOver = false
    return {
      admitted: true,
      by,
      finish() {
        if (isOver) return
        isOver = true
        counts.ended(ticket.seats)
        if (state.queueSet.finish(clock.monotonicMs(), ticket))
          clock.schedule(clock.now() + ticket.work.lingerMs, () => state.queueSet.release(clock.monotonicMs(), ticket))
        if (state.quiescing && state.queueSet.isIdle()) onChange()
      },
    }
  }

  function inLine(
    by: Classification,
    state: LevelState,
    ticket: Ticket,
    counts: ReturnType<FlowMetrics['of']>,
    waitMs: number,
    signal: AbortSignal | undefined,
  ): Promise<Admitted> {
    counts.queued(1)
    return new Promise((resolve) => {
      const end = (answer: Admitted): void => {
        forget()
        signal?.removeEventListener('abort', giveUp)
        counts.queued(-1)
        counts.waited(answer.admitted, (clock.monotonicMs() - ticket.arrivedMs) / 1000)
        resolve(answer)
      }
      const giveUp = (): void => {
        if (ticket.state !== 'waiting') return
        state.queueSet.leave(clock.monotonicMs(), ticket)
        counts.rejected('time-out')
        end({ admitted: false, by, retryAfterSeconds: state.retryAfter.refused(clock.now()) })
      }
      const forget = clock.schedule(clock.now() + waitMs, giveUp)
      ticket.onStart = () => end(admittedBy(by, state, ticket, counts))
      if (signal?.aborted === true) giveUp()
      else signal?.addEventListener('abort', giveUp, { once: true })
    })
  }
}

/** A level that may soon want more than it has. */
const isPressed = ({ level, demand, currentSeats }: LevelState): boolean => !level.isExempt && demand.current * 2 > currentSeats

/** A schema and the hands dealt to its flows. */
interface Matcher {
  readonly schema: Schema
  readonly hands: Map<string, readonly number[]>
}

function flowOf({ spec }: Schema, user: UserInfo, info: RequestInfo): string {
  const { type } = spec.distinguisherMethod ?? {}
  return type === 'ByUser' ? user.name : type === 'ByNamespace' ? info.namespace : ''
}

const group = 'flowcontrol.apiserver.k8s.io'
const onlyQueue: readonly number[] = [0]
const handsMax = 1_000
const adjustmentMs = 10_000
