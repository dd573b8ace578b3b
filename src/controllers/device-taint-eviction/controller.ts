import { Pod } from '#api/core/v1/pod.ts'
import { isControlledBy } from '#api/meta/v1/owner.ts'
import { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import { ResourceSlice } from '#api/resource/v1/resource-slice.ts'
import { same } from '#api/strategy.ts'
import type { Cache, Controller } from '#loop/controller.ts'
import { byPool, poolKey, poolOf } from '../common/device-pools.ts'
import { evictionMetrics } from '../common/eviction-metrics.ts'
import { keyOf, splitKey } from '../common/key.ts'
import { createPending } from '../common/pending.ts'
import { claimNamed } from '../common/pod-claims.ts'
import { evictingTaints } from './device-taints.ts'
import { cancelled, type DeviceTaintView, evictionAt, planDeviceTaints } from './plan.ts'

/** Evicts pods from devices with NoExecute taints. */
export function deviceTaintEvictionController(): Controller<DeviceTaintView> {
  const pending = createPending()
  return {
    name: 'device-taint-eviction-controller',
    sources: [
      { kind: Pod, keys: (pod: Pod) => ((pod.spec.resourceClaims ?? []).length > 0 && pod.spec.nodeName ? [keyOf(pod)] : []) },
      { kind: ResourceClaim, keys: consumersOf },
      {
        kind: ResourceSlice,
        keys: (slice: ResourceSlice, cache: Cache, previous: ResourceSlice | undefined) =>
          previous !== undefined && previous !== slice && same(slice.spec, previous.spec)
            ? []
            : cache.indexed(ResourceClaim, byPool, poolOf(slice)).flatMap(consumersOf),
      },
    ],
    view: (key, cache, now) => {
      const { namespace, name } = splitKey(key)
      const pod = cache.get(Pod, name, namespace)
      if (pod === undefined) {
        pending.forget(key)
        return undefined
      }
      return { now, key, pod, devices: devicesOf(pod, cache) }
    },
    plan: (view) => pending.plan(view.key, planDeviceTaints(view), () => cancelled(view.pod)),
    metrics: counting.metrics,
    measured: (view, plan, outcome) => counting.measure(plan, outcome, evictionAt(view), view.now),
  }
}

const counting = evictionMetrics('device_taint_eviction_controller')

const consumersOf = ({ metadata, status }: ResourceClaim): string[] =>
  (status.reservedFor ?? []).flatMap(({ apiGroup = '', resource, name }) =>
    apiGroup === '' && resource === 'pods' ? [`${metadata.namespace}/${name}`] : [],
  )

function devicesOf(pod: Pod, cache: Cache): DeviceTaintView['devices'] {
  return (pod.spec.resourceClaims ?? []).flatMap((entry) => {
    const named = claimNamed(entry, pod.status)
    const claim = named.state === 'named' ? cache.get(ResourceClaim, named.name, pod.metadata.namespace) : undefined
    if (claim === undefined || named.state !== 'named' || (named.isGenerated && !isControlledBy(claim, pod))) return []
    // Reserved for another pod of its name: it does not use the devices.
    if (!claim.status.reservedFor?.some(({ uid }) => uid === pod.metadata.uid)) return []
    return (claim.status.allocation?.devices.results ?? []).map((result) => ({
      taints: evictingTaints(result.device, cache.indexed(ResourceSlice, byPool, poolKey(result))),
      tolerations: result.tolerations ?? [],
    }))
  })
}
