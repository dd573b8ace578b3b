import type { Clock } from '#lib/clock.ts'
import type { Registry } from '#lib/metrics/registry.ts'

/** How many requests are being answered, by whether they may change something. */
export interface InflightMetrics {
  change(by: 1 | -1, isMutating: boolean): void
}

/** Shown is the most at once in the second before the reading, as with the reference: a moment's value would say little. */
export function createInflightMetrics(registry: Registry, clock: Clock): InflightMetrics {
  const kinds = { readOnly: peakCounter(clock), mutating: peakCounter(clock) }
  registry.observed(
    {
      name: 'apiserver_current_inflight_requests',
      help: 'Most requests in flight at once within the last second, by kind of request.',
      stability: 'STABLE',
      type: 'gauge',
      labels: ['request_kind'],
    },
    () => Object.entries(kinds).map(([kind, { peak }]) => ({ labels: [kind], value: peak() })),
  )
  return { change: (by, isMutating) => (isMutating ? kinds.mutating : kinds.readOnly).change(by) }
}

function peakCounter(clock: Clock): { change(by: number): void; peak(): number } {
  let current = 0
  let second = 0
  let peakThen = 0
  let peakBefore = 0
  const turn = (): void => {
    const now = Math.floor(clock.monotonicMs() / 1000)
    if (now === second) return
    peakBefore = now === second + 1 ? peakThen : current
    peakThen = current
    second = now
  }
  return {
    change(by) {
      current += by
      // Only a new peak asks for the time.
      if (by < 0 || current <= peakThen) return
      turn()
      if (current > peakThen) peakThen = current
    },
    peak() {
      turn()
      return Math.max(peakThen, peakBefore, current)
    },
  }
}
