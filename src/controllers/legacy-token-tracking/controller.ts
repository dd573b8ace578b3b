import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import type { Controller } from '#loop/controller.ts'
import { isTracking, trackingName, trackingNamespace, trackingOf } from '../common/legacy-token-tracking.ts'
import { isActive } from '../common/namespace-terminating.ts'
import { planTracking, type TrackingView } from './plan.ts'

const key = `${trackingNamespace}/${trackingName}`

/** Says since when the use of tokens in Secrets is noted on them. */
export const legacyTokenTrackingController: Controller<TrackingView> = {
  name: 'legacy-token-tracking-controller',
  sources: [
    { kind: Namespace, keys: ({ metadata }: Namespace) => (metadata.name === trackingNamespace ? [key] : []) },
    { kind: ConfigMap, keys: (configMap: ConfigMap) => (isTracking(configMap) ? [key] : []) },
  ],
  view: (_key, cache, now) => (isActive(cache.get(Namespace, trackingNamespace)) ? { configMap: trackingOf(cache), now } : undefined),
  plan: planTracking,
}
