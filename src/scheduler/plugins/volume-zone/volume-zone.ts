import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { StorageClass } from '#api/storage/v1/storage-class.ts'
import { deepEqual } from '#schema/fields.ts'
import type { ClusterEvent } from '../../framework/cluster-event.ts'
import { type Plugin, type Refusal, refuseForGood } from '../../framework/plugin.ts'
import type { World } from '../../world/world.ts'
import { claimNotFound, classNotFound, classOfClaim, namedClaims, volumeNotFound } from '../volume-common/claims.ts'

/** A label of a volume that its node must share; a volume of several zones has several values. */
interface Zone {
  readonly key: string
  /** The label's name of today. */
  readonly stableKey: string
  readonly values: readonly string[]
}

/**
 * A pod goes to the zone and region that its bound volumes' labels name. Nodes without any such label are in a cluster of one zone, and may have
 * every volume.
 */
export const volumeZone: Plugin<readonly Zone[]> = {
  name: 'VolumeZone',
  preFilter({ pod }, world) {
    if (!namesClaims(pod)) return nothing
    const zones: Zone[] = []
    for (const name of namedClaims(pod)) {
      const found = zonesOfClaim(pod.metadata.namespace, name, world)
      if ('reasons' in found) return { refusal: found }
      zones.push(...found)
    }
    return zones.length === 0 ? nothing : { state: zones }
  },
  filter(_pod, { node }, zones) {
    const { labels } = node.metadata
    if (labels === undefined || !zoneLabels.some(({ key }) => labels[key] !== undefined)) return undefined
    for (const { key, stableKey, values } of zones) {
      const value = labels[key] ?? labels[stableKey]
      if (value === undefined || !values.includes(value)) return conflict
    }
    return undefined
  },
  wokenBy: [
    { resource: 'storage.k8s.io/StorageClass', actions: ['Add'], helps: (_pod, { after }) => isDelayed(after as StorageClass) },
    { resource: 'Node', actions: ['Add', 'UpdateNodeLabel'] },
    { resource: 'PersistentVolumeClaim', actions: ['Add', 'Update'], helps: isNamed },
    { resource: 'PersistentVolume', actions: ['Add', 'Update'], helps: isElsewhere },
  ],
}

const nothing = { state: [] as readonly Zone[], skip: true }
const conflict = refuseForGood('node(s) had no available volume zone')

const zoneLabels = [
  { key: 'failure-domain.beta.kubernetes.io/zone', stableKey: 'topology.kubernetes.io/zone' },
  { key: 'failure-domain.beta.kubernetes.io/region', stableKey: 'topology.kubernetes.io/region' },
  { key: 'topology.kubernetes.io/zone', stableKey: 'topology.kubernetes.io/zone' },
  { key: 'topology.kubernetes.io/region', stableKey: 'topology.kubernetes.io/region' },
] as const

const namesClaims = ({ spec: { volumes } }: Pod): boolean =>
  volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim !== undefined) === true

function zonesOfClaim(namespace: string, name: string, { lookups }: World): readonly Zone[] | Refusal {
  if (name === '') return refuseForGood('PersistentVolumeClaim had no name')
  const claim = lookups.of(PersistentVolumeClaim).get(name, namespace)
  if (claim === undefined) return refuseForGood(claimNotFound(name))
  const { volumeName } = claim.spec
  if (volumeName) {
    const volume = lookups.of(PersistentVolume).get(volumeName)
    return volume === undefined ? refuseForGood(volumeNotFound(volumeName)) : zonesOf(volume)
  }
  const className = classOfClaim(claim)
  if (className === '') return refuseForGood('PersistentVolumeClaim had no pv name and storageClass name')
  const storageClass = lookups.of(StorageClass).get(className)
  if (storageClass === undefined) return refuseForGood(classNotFound(className))
  return isDelayed(storageClass) ? [] : refuseForGood('PersistentVolume had no name')
}

const isDelayed = ({ volumeBindingMode }: StorageClass): boolean => volumeBindingMode === 'WaitForFirstConsumer'

/** A label that names no zone between its separators says nothing. */
function zonesOf({ metadata: { labels } }: PersistentVolume): readonly Zone[] {
  if (labels === undefined) return []
  return zoneLabels.flatMap(({ key, stableKey }) => {
    const values = labels[key]?.split('__').map((value) => value.trim())
    return values === undefined || values.includes('') ? [] : [{ key, stableKey, values }]
  })
}

function isNamed(pod: Pod, { after }: ClusterEvent): boolean {
  const { name, namespace } = (after as PersistentVolumeClaim).metadata
  return namespace === pod.metadata.namespace && namedClaims(pod).includes(name)
}

function isElsewhere(_pod: Pod, { before, after }: ClusterEvent): boolean {
  return before === undefined || !deepEqual(zonesOf(before as PersistentVolume), zonesOf(after as PersistentVolume))
}
