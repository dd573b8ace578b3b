import type { Registry } from '#lib/metrics/registry.ts'
import type { Cache, Controller, Measure } from './controller.ts'

/** The controllers' own metrics, registered once a process: a server that leads again goes on counting where it left off. */
export interface ControllerMetrics {
  /** From now on this controller counts; what is read is read of this cache. */
  of(controller: Pick<Controller<never>, 'name' | 'metrics'>, cache: Cache): (measures: readonly Measure[]) => void
}

/** Registers nothing by itself: each controller's metrics come with it. */
export function createControllerMetrics(registry: Registry): ControllerMetrics {
  const take = new Map<string, (measure: Measure) => void>()
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
      if (!caches.has(name)) register(name, metrics)
      caches.set(name, cache)
      return (measures) => {
        for (const measure of measures) {
          const note = take.get(measure.metric)
          if (note === undefined) throw new TypeError(`${name} counts ${measure.metric}, which is not among its metrics`)
          note(measure)
        }
      }
    },
  }
}
