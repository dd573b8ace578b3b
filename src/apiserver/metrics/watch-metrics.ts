import type { AnyKind } from '#api/kind.ts'
import { exponentialBuckets } from '#lib/metrics/histogram.ts'
import type { Registry } from '#lib/metrics/registry.ts'

/** What watches send. */
export interface WatchMetrics {
  /** Counts events of a kind as they go out to one watch. */
  of(kind: AnyKind): (frames: readonly Uint8Array[]) => void
  /** All objects that there were at the beginning of a watch have been sent, so long after it was asked for. */
  listed(kind: AnyKind, scope: 'resource' | 'namespace' | 'cluster', seconds: number): void
}

/** Registers the reference's `apiserver_watch_*`. */
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
  const lists = registry.histogram({
    name: 'apiserver_watch_list_duration_seconds',
    help: 'How long watches that begin with all objects took to send these, by resource and scope.',
    stability: 'BETA',
    labels: [...labels, 'scope'],
    buckets: [0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4, 6, 8, 10, 15, 20, 30, 45, 60],
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
    listed: ({ group, version, plural }, scope, seconds) => lists.of(group, version, plural, scope).observe(seconds),
  }
}
