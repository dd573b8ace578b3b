import type { AnyKind } from '#api/kind.ts'
import { exponentialBuckets } from '#lib/metrics/histogram.ts'
import type { Registry } from '#lib/metrics/registry.ts'

/** What watches send. */
export interface WatchMetrics {
  /** Counts events of a kind as they go out to one watch. */
  of(kind: AnyKind): (frames: readonly Uint8Array[]) => void
}

export function createWatchMetrics(registry: Registry): WatchMetrics {
  const labels = ['group', 'version', 'resource']
  const events = registry.counter({
    name: 'apiserver_watch_events_total',
    help: 'Events sent to watches.',
    stability: 'ALPHA',
    labels,
  })
  const sizes = registry.histogram({
    name: 'apiserver_watch_events_sizes',
    help: 'Size of events sent to watches, in bytes.',
    stability: 'ALPHA',
    labels,
    buckets: exponentialBuckets(1024, 2, 8),
  })
  const known = new WeakMap<AnyKind, (frames: readonly Uint8Array[]) => void>()
  return {
    of(kind) {
      const made = known.get(kind)
      if (made !== undefined) return made
      const count = events.of(kind.group, kind.version, kind.plural)
      const size = sizes.of(kind.group, kind.version, kind.plural)
      const note = (frames: readonly Uint8Array[]): void => {
        count.inc(frames.length)
        for (const frame of frames) size.observe(frame.byteLength)
      }
      known.set(kind, note)
      return note
    },
  }
}
