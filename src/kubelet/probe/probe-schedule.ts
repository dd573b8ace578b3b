import type { Probe } from '#api/core/v1/types.ts'
import type { Instant } from '#lib/clock.ts'
import type { ProbeResult } from '../pod/view.ts'

export type ProbeType = 'startup' | 'liveness' | 'readiness'

/** One probe of one container: what was seen, and when to look again. Changed only by `afterAnswer`. */
export interface ProbeState {
  readonly result: ProbeResult
  readonly last: 'success' | 'failure' | undefined
  /** How often `last` came in a row. */
  readonly run: number
  /** Decided for this container's life: a failed liveness probe kills it, a startup probe asks no more. */
  readonly isDecided: boolean
}

/** Before the first answer: a container counts as alive, but as neither started nor ready. */
export const initialState = (type: ProbeType, adopted?: ProbeResult): ProbeState => ({
  result: adopted ?? (type === 'liveness' ? 'success' : type === 'readiness' ? 'failure' : 'unknown'),
  last: undefined,
  run: 0,
  isDecided: type === 'startup' && adopted === 'success',
})

/** `successThreshold` or `failureThreshold` equal answers in a row change the result. */
export function afterAnswer(state: ProbeState, type: ProbeType, probe: Probe, answer: 'success' | 'failure'): ProbeState {
  const run = state.last === answer ? state.run + 1 : 1
  const threshold = answer === 'success' ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3)
  if (run < threshold) return { ...state, last: answer, run }
  const isDecided = type === 'startup' || (type === 'liveness' && answer === 'failure')
  return { result: answer, last: answer, run: isDecided ? 0 : run, isDecided }
}

/** The first look: once the container has run for the initial delay. */
export const firstAt = (probe: Probe, startedAt: Instant): Instant => startedAt + (probe.initialDelaySeconds ?? 0) * 1000
export const periodMs = (probe: Probe): number => (probe.periodSeconds || 10) * 1000
export const timeoutMs = (probe: Probe): number => (probe.timeoutSeconds || 1) * 1000
