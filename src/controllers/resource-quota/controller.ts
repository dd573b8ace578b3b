import { Pod } from '#api/core/v1/pod.ts'
import { ResourceQuota } from '#api/core/v1/resource-quota.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import { quotaEvaluatorOf } from '#api/quota/evaluators.ts'
import { appliesTo, growth, mask, type QuotaContext, type QuotaEvaluator } from '#api/quota/quota.ts'
import { DeviceClass } from '#api/resource/v1/device-class.ts'
import { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import { same } from '#api/strategy.ts'
import type { Instant } from '#lib/clock.ts'
import type { Cache, Controller, Source } from '#loop/controller.ts'
import type { ServedKinds } from '#loop/served-kinds.ts'
import { keyOf, splitKey } from '../common/key.ts'
import { planQuota, type QuotaView } from './plan.ts'

/**
 * Counts what each quota's namespace uses. Admission adds to a quota what a write will use before the write; this gives back what went, and
 * counts anew where the quota itself changed. `served`: every kind that is stored and can be deleted.
 */
export function resourceQuotaController(served: ServedKinds): Controller<QuotaView> {
  return {
    name: 'resourcequota-controller',
    sources: [
      {
        kind: ResourceQuota,
        // What admission adds to its status is no reason to count: the object that it is for is still on its way.
        keys: (quota: ResourceQuota, _cache, previous: ResourceQuota | undefined) =>
          previous === undefined || !same(previous.spec, quota.spec) || !same(quota.spec.hard ?? {}, quota.status?.hard ?? {})
            ? [keyOf(quota)]
            : [],
      },
      ...served.all.filter(isCounted).map(sourceOf),
      { kind: DeviceClass, keys: () => [] },
    ],
    sourceOf: (kind) => (isCounted(kind) ? sourceOf(kind) : undefined),
    view: (key, cache, now) => {
      const { namespace, name } = splitKey(key)
      const quota = cache.get(ResourceQuota, name, namespace)
      if (quota === undefined) return undefined
      const counted = new Map(served.all.filter(isCounted).map((kind) => [evaluatorOf(kind)!, kind]))
      const content = [...counted].map(([evaluator, kind]) => ({
        evaluator,
        objects: cache.list(kind, namespace) as readonly KubeObject[],
      }))
      return { quota, content, context: contextOf(cache, now) }
    },
    plan: planQuota,
  }
}

function sourceOf(kind: AnyKind): Source {
  const evaluator = evaluatorOf(kind)!
  return {
    kind,
    keys: (object: KubeObject, cache: Cache, previous: KubeObject | undefined) => {
      const { name, namespace, uid } = object.metadata
      const isGone = (cache.get(kind, name, namespace) as KubeObject | undefined)?.metadata.uid !== uid
      // What comes was counted by admission.
      if (!isGone && previous === undefined) return []
      const quotas = cache.list(ResourceQuota, namespace)
      if (quotas.length === 0) return []
      const context = contextOf(cache, 0)
      const namesOf = ({ spec }: ResourceQuota) => evaluator.matching(Object.keys(spec.hard ?? {}), context)
      const used = (quota: ResourceQuota, by: KubeObject) =>
        appliesTo(quota, evaluator, by, context) ? mask(evaluator.usage(by, context), namesOf(quota)) : {}
      // Counting while another object is on its way would take off what admission just added for it: it is done for what gives room back alone.
      const givesBack = (quota: ResourceQuota): boolean =>
        Object.values(growth(used(quota, previous!), used(quota, object))).some(({ nano }) => nano > 0n)
      return quotas.filter((quota) => (isGone ? namesOf(quota).length > 0 : givesBack(quota))).map(keyOf)
    },
  }
}

const evaluatorOf = ({ group, plural }: AnyKind): QuotaEvaluator | undefined =>
  quotaEvaluatorOf(group === '' ? plural : `${plural}.${group}`)

/** A quota counts itself, too: as its own source it is there already. */
const isCounted = (kind: AnyKind): boolean => kind.scope === 'Namespaced' && evaluatorOf(kind) !== undefined

const contextOf = (cache: Cache, now: Instant): QuotaContext => ({
  now,
  pod: (namespace, name) => cache.get(Pod, name, namespace),
  resourceClaims: (namespace) => cache.list(ResourceClaim, namespace),
  deviceClasses: () => cache.list(DeviceClass),
})
