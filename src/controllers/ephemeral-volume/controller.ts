import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { Cache, Controller } from '#loop/controller.ts'
import { keyOf, splitKey } from '../common/key.ts'
import { createTold } from '../common/told.ts'
import { byClaim } from '../common/volume-indexes.ts'
import { claimNameOf } from '../common/volumes.ts'
import { ephemeralVolumeMetrics, measureEphemeral } from './metrics.ts'
import { type EphemeralView, ephemeralAnswered, planEphemeral } from './plan.ts'

/** Makes the claims of pods' generic ephemeral volumes (KEP-1698). */
export function ephemeralVolumeController(): Controller<EphemeralView> {
  const told = createTold()
  return {
    // The reference's events come from this name.
    name: 'ephemeral_volume',
    sources: [
      {
        kind: Pod,
        // What a pod's volumes are never changes; a later state of it concerns nobody but for its deletion.
        keys: (pod: Pod, _cache: Cache, previous: Pod | undefined) =>
          hasEphemeral(pod) && (previous === undefined || previous.metadata.uid !== pod.metadata.uid || isLeaving(pod)) ? [keyOf(pod)] : [],
      },
      {
        kind: PersistentVolumeClaim,
        keys: (claim: PersistentVolumeClaim, cache: Cache) => cache.indexed(Pod, byClaim, keyOf(claim)).filter(hasEphemeral).map(keyOf),
      },
    ],
    view: (key, cache, now) => {
      const { namespace, name } = splitKey(key)
      const pod = cache.get(Pod, name, namespace)
      if (pod === undefined || isLeaving(pod)) {
        told.forget(key)
        return undefined
      }
      const volumes = (pod.spec.volumes ?? []).flatMap((volume) => {
        const template = volume.ephemeral?.volumeClaimTemplate
        const claimName = claimNameOf(pod, volume)
        if (template === undefined || claimName === undefined) return []
        return [{ name: volume.name, claimName, template, claim: cache.get(PersistentVolumeClaim, claimName, namespace) }]
      })
      return { key, now, pod, volumes }
    },
    plan: (view) => told.plan(view.key, planEphemeral(view), view.now),
    answered: ephemeralAnswered,
    metrics: ephemeralVolumeMetrics,
    measured: (_view, plan, outcome) => measureEphemeral(plan, outcome),
  }
}

const isLeaving = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined

const hasEphemeral = ({ spec }: Pod): boolean => spec.volumes?.some(({ ephemeral }) => ephemeral !== undefined) ?? false
