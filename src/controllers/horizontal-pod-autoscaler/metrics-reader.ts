import type { Instant } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'

/**
 * What the metrics APIs say now. Every function throws (`WherryError`, `RangeError`) when they say nothing, or nothing that can be read; the
 * message is for people. Selectors are texts, '' for any.
 */
export interface MetricsReader {
  /** Use of resources by the containers of the selected pods (metrics.k8s.io). */
  podUsage(namespace: string, selector: string): Promise<readonly PodUsage[]>
  /** A metric of each of the selected pods, by the pods' names (custom.metrics.k8s.io). */
  podsMetric(namespace: string, selector: string, metric: MetricName): Promise<ReadonlyMap<string, Sample>>
  /** A metric of one object, or of the namespace itself (custom.metrics.k8s.io), in thousandths. */
  objectMetric(namespace: string, object: DescribedObject | 'namespace', metric: MetricName): Promise<bigint>
  /** The values of a metric that is nobody's in the cluster (external.metrics.k8s.io), in thousandths. */
  externalMetric(namespace: string, metric: MetricName): Promise<readonly bigint[]>
}

export interface MetricName {
  readonly name: string
  readonly selector: string
}

export interface DescribedObject {
  /** `services`, `ingresses.networking.k8s.io`. */
  readonly resource: string
  readonly name: string
}

export interface PodUsage extends Taken {
  readonly pod: string
  readonly containers: readonly { readonly name: string; readonly usage: Readonly<Record<string, string>> }[]
}

/** One value of one pod. */
export interface Sample extends Taken {
  readonly milli: bigint
}

/** When it was taken, and over how long. */
interface Taken {
  readonly at: Instant
  readonly windowMs: number
}

const unserved = (): Promise<never> =>
  Promise.reject(new WherryError('ServiceUnavailable', 'the server is currently unable to handle the request'))

/** Of a cluster in which nobody measures anything. */
export const noMetrics: MetricsReader = {
  podUsage: unserved,
  podsMetric: unserved,
  objectMetric: unserved,
  externalMetric: unserved,
}
