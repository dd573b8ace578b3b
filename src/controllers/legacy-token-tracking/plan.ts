import { ConfigMap } from '#api/core/v1/config-map.ts'
import type { Instant } from '#lib/clock.ts'
import { type Plan, settled } from '#loop/controller.ts'
import { dayOf, parseDay, trackingName, trackingNamespace } from '../common/legacy-token-tracking.ts'

export interface TrackingView {
  readonly configMap: ConfigMap | undefined
  readonly now: Instant
}

/** Where nobody can tell any more since when, it is since today: a token must not be taken for unused because nobody had looked. */
export function planTracking({ configMap, now }: TrackingView): Plan {
  const data = { since: dayOf(now) }
  if (configMap === undefined) {
    const object = { metadata: { name: trackingName, namespace: trackingNamespace }, data }
    return {
      commands: [{ do: 'create', kind: ConfigMap, object, namespace: trackingNamespace, ifExists: 'keep' }],
      wakeAt: Infinity,
    }
  }
  if (parseDay(configMap.data?.['since']) !== undefined) return settled
  const object: ConfigMap = { ...configMap, data: { ...configMap.data, ...data } }
  return { commands: [{ do: 'update', kind: ConfigMap, object }], wakeAt: Infinity }
}
