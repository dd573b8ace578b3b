import type { Registry } from '#lib/metrics/registry.ts'
import type { Cache, Controller, Measure } from './controller.ts'

/** The controllers' own metrics, registered once a process: a server that leads again goes on counting where it left off. */
export interface ControllerMetrics {
  /** From now on this controller counts; what is read is read of this cache. */
  of(controller: Pick<Controller<never>, 'name' | 'metrics'>, cache: Cache): Counting
}

/** One controller's counting, for as long as it runs. */
export interface Counting {
  note(measures: readonly Measure[]): void
  /** Lets go of the cache, of which nothing is read any more; what was counted stays. */
  end(): void
}

/** Registers nothing by itself: each controller's metrics come with it. */
export function createControllerMetrics(registry: Registry): ControllerMetrics {
  const take = new Map<string, (measure: Measure) => void>()
  const registered = new Set<string>()
  /** Of those that run: who leads no more must not hold every object of the cluster, nor tell of it as it was then. */
  const caches = new Map<string, Cache>()

  function register(controller: string, metrics: NonNullable<Controller<never>['metrics']>): void {
    for (const metric of metrics) {
      switch (metric.type) {
        case 'counter': {
          const counter = registry.counter(metric)
          take.set(metric.name, ({ labels = [], value = 1 }) => counter.of(...labels).inc(value))
          break
        }
        case 'histogram': {
          const histogram = registry.histogram(metric)
          take.set(metric.name, ({ labels = [], value = 1 }) => histogram.of(...labels).observe(value))
          break
        }
        case 'gauge':
          registry.observed(metric, () => {
            const cache = caches.get(controller)
            return cache === undefined ? [] : metric.read(cache)
          })
      }
    }
  }

  return {
    of({ name, metrics = [] }, cache) {
      if (!registered.has(name)) register(name, metrics)
      registered.add(name)
      caches.set(name, cache)
      return {
        note(measures) {
          for (const measure of measures) {
            const note = take.get(measure.metric)
            if (note === undefined) throw new TypeError(`${name} counts ${measure.metric}, which is not among its metrics`)
            note(measure)
          }
        },
        end() {
          // A later one may have begun already.
          if (caches.get(name) === cache) caches.delete(name)
        },
      }
    },
  }
}
