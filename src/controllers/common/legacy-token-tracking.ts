import { ConfigMap } from '#api/core/v1/config-map.ts'
import type { Instant } from '#lib/clock.ts'
import type { Cache } from '#loop/controller.ts'

/** Since when the use of service-account tokens in Secrets is noted on them (KEP-2799): whoever judges one as unused must know that. */
export const trackingName = 'kube-apiserver-legacy-service-account-token-tracking'
export const trackingNamespace = 'kube-system'

export const trackingOf = (cache: Cache): ConfigMap | undefined => cache.get(ConfigMap, trackingName, trackingNamespace)
export const isTracking = ({ metadata }: ConfigMap): boolean => metadata.name === trackingName && metadata.namespace === trackingNamespace

export const dayMs = 86_400_000
/** The day of an instant in UTC, as `2026-11-21`: as labels and the ConfigMap write days. */
export const dayOf = (at: Instant): string => new Date(at).toISOString().slice(0, 10)

/** When such a day begins; undefined for what is none. */
export function parseDay(text: string | undefined): Instant | undefined {
  if (text === undefined || !/^\d{4}-\d\d-\d\d$/.test(text)) return undefined
  const at = Date.parse(text)
  // JavaScript takes the 31st of February for a day in March.
  return Number.isNaN(at) || dayOf(at) !== text ? undefined : at
}
