import { exponentialBuckets } from './histogram.ts'
import type { Registry } from './registry.ts'

/** What one work queue tells of itself, in seconds; names and buckets are those of the reference's `workqueue_*`. */
export interface WorkQueueMetrics {
  /** A key was put in line; `depth` wait now. */
  added(depth: number): void
  /** Work on a key begins that waited so long. */
  started(waitedSeconds: number, depth: number): void
  /** Work on a key has ended. */
  ended(tookSeconds: number): void
  /** A key comes again because its work failed. */
  retried(): void
}

/** Metrics of all work queues of a process. `inWork` is asked when the text is made: how long each key has been worked on, in seconds. */
export function createWorkQueueMetrics(registry: Registry): (name: string, inWork: () => Iterable<number>) => WorkQueueMetrics {
  const named = (rest: string, help: string) => ({ name: `workqueue_${rest}`, help, stability: 'BETA' as const, labels: ['name'] })
  const buckets = exponentialBuckets(1e-8, 10, 10)
  const depth = registry.gauge(named('depth', 'Keys that wait in the queue.'))
  const adds = registry.counter(named('adds_total', 'Keys put in the queue.'))
  const retries = registry.counter(named('retries_total', 'Keys put in the queue again after a failure.'))
  const waits = registry.histogram({ ...named('queue_duration_seconds', 'How long keys waited for their work.'), buckets })
  const works = registry.histogram({ ...named('work_duration_seconds', 'How long the work on a key took.'), buckets })
  // By name: controllers that begin again, after another server led, have their queues anew.
  const queues = new Map<string, () => Iterable<number>>()
  const asked = (rest: string, help: string, read: (seconds: readonly number[]) => number): void =>
    registry.observed({ ...named(rest, help), type: 'gauge' }, () =>
      [...queues].map(([name, inWork]) => ({ labels: [name], value: read([...inWork()]) })),
    )
  asked('unfinished_work_seconds', 'Seconds of work on keys that is not done yet.', (all) => all.reduce((sum, each) => sum + each, 0))
  asked('longest_running_processor_seconds', 'How long the longest work on a key has lasted.', (all) => Math.max(0, ...all))
  return (name, inWork) => {
    queues.set(name, inWork)
    const [ownDepth, ownAdds, ownRetries, ownWaits, ownWorks] = [
      depth.of(name),
      adds.of(name),
      retries.of(name),
      waits.of(name),
      works.of(name),
    ]
    return {
      added(waiting) {
        ownAdds.inc()
        ownDepth.set(waiting)
      },
      started(waitedSeconds, waiting) {
        ownWaits.observe(waitedSeconds)
        ownDepth.set(waiting)
      },
      ended: (tookSeconds) => ownWorks.observe(tookSeconds),
      retried: () => ownRetries.inc(),
    }
  }
}
