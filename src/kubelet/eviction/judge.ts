import type { Instant } from '#lib/clock.ts'
import { type NodePressure, type Observation, type Observations, type Signal, signals } from './signals.ts'
import { quantityOfAmount, type Threshold, thresholdKey } from './thresholds.ts'

/** What has to be remembered from look to look. */
export interface PressureState {
  /** Since when each threshold has been crossed without a break, by `thresholdKey`. */
  readonly crossedAt: ReadonlyMap<string, Instant>
  /** When each pressure was seen last. */
  readonly seenAt: ReadonlyMap<NodePressure, Instant>
  /** Crossed for longer than their grace, and not yet satisfied with what was won back. */
  readonly met: readonly Threshold[]
}

export const noPressure: PressureState = { crossedAt: new Map(), seenAt: new Map(), met: [] }

export interface Judgement {
  readonly state: PressureState
  /** The node's conditions: seen now, or within the transition period, so that they do not flap. Sorted. */
  readonly pressures: readonly NodePressure[]
  /** What to act on, memory first: it kills the node soonest. Empty: nothing to do. */
  readonly actionable: readonly Threshold[]
  /** When something could change by time alone: the end of a grace or of a transition period. */
  readonly wakeAt: Instant
}

export interface JudgeOptions {
  readonly now: Instant
  readonly thresholds: readonly Threshold[]
  readonly observations: Observations
  /** KubeletConfiguration.evictionPressureTransitionPeriod. */
  readonly transitionMs: number
  readonly state: PressureState
}

/** One look at what is left, given what was seen before. */
export function judge({ now, thresholds, observations, transitionMs, state }: JudgeOptions): Judgement {
  const crossed = crossedOf(thresholds, observations, false)
  const keys = new Set(crossed.map(thresholdKey))
  // Once begun, eviction goes on until the minimum reclaim is won as well.
  const unsatisfied = crossedOf(state.met, observations, true).filter((one) => !keys.has(thresholdKey(one)))
  const all = [...crossed, ...unsatisfied]

  const crossedAt = new Map(all.map((one) => [thresholdKey(one), state.crossedAt.get(thresholdKey(one)) ?? now]))
  const seenAt = new Map(state.seenAt)
  for (const { signal } of all) seenAt.set(signals[signal].condition, now)
  for (const [pressure, at] of seenAt) if (now - at >= transitionMs && now !== at) seenAt.delete(pressure)

  const met = all.filter((one) => now - crossedAt.get(thresholdKey(one))! >= one.graceMs)
  const graceEnds = all.filter((one) => !met.includes(one)).map((one) => crossedAt.get(thresholdKey(one))! + one.graceMs)
  const transitions = [...seenAt.values()].map((at) => at + transitionMs)
  return {
    state: { crossedAt, seenAt, met },
    pressures: [...seenAt.keys()].toSorted(),
    actionable: met.toSorted((a, b) => Number(isMemory(b.signal)) - Number(isMemory(a.signal))),
    wakeAt: Math.min(Infinity, ...graceEnds, ...transitions),
  }
}

/** Thresholds with less left than they ask for. A signal that nobody observed is not crossed. */
export function crossedOf(thresholds: readonly Threshold[], observations: Observations, withReclaim: boolean): Threshold[] {
  return thresholds.filter((one) => {
    const observed = observations[one.signal]
    return observed !== undefined && observed.available < wanted(one, observed, withReclaim)
  })
}

/**
 * How long nothing can happen: until the nearest threshold could be crossed at the worst speed there is. So a node with much of everything is
 * hardly ever looked at, and one that runs short is every second.
 */
export function calmMs(thresholds: readonly Threshold[], observations: Observations): number {
  let seconds = LONGEST_S
  for (const one of thresholds) {
    const observed = observations[one.signal]
    if (observed === undefined) continue
    seconds = Math.min(seconds, (observed.available - wanted(one, observed, false)) / signals[one.signal].worstPerSecond)
  }
  return Math.max(SHORTEST_S, seconds) * 1000
}

const SHORTEST_S = 1
/** However much is free, a look every two minutes keeps conditions true that were made by hand, such as a shrunk disk. */
const LONGEST_S = 120

function wanted({ value, minimumReclaim }: Threshold, observed: Observation, withReclaim: boolean): number {
  const reclaim = withReclaim && minimumReclaim !== undefined ? quantityOfAmount(minimumReclaim, observed) : 0
  return quantityOfAmount(value, observed) + reclaim
}

const isMemory = (signal: Signal): boolean => signal === 'memory.available' || signal === 'allocatableMemory.available'
