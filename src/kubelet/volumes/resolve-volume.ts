import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { WherryError } from '#lib/errors.ts'
import type { ClaimSource } from './claim-source.ts'
import type { PodVolume } from './payload.ts'
import type { VolumeSpec } from './volume-plugin.ts'

/** Which volumes of a pod any container mounts, and which any gets as a device. The others are not made. */
export interface VolumeUses {
  readonly mounted: ReadonlySet<string>
  readonly devices: ReadonlySet<string>
}

export function volumeUses(pod: Pod): VolumeUses {
  const { containers, initContainers = [], ephemeralContainers = [] } = pod.spec
  const all = [...initContainers, ...containers, ...ephemeralContainers]
  return {
    mounted: new Set(all.flatMap(({ volumeMounts = [] }) => volumeMounts.map(({ name }) => name))),
    devices: new Set(all.flatMap(({ volumeDevices = [] }) => volumeDevices.map(({ name }) => name))),
  }
}

/**
 * Follows the claim of a volume to what it is bound to; a volume without claim is itself. Throws `WherryError` with the reference's words for
 * what is not (yet) as it has to be.
 */
export async function resolveVolume(pod: Pod, volume: PodVolume, uses: VolumeUses, claims: ClaimSource | undefined): Promise<VolumeSpec> {
  const { persistentVolumeClaim, ephemeral, name } = volume
  if (!persistentVolumeClaim && !ephemeral) {
    if (uses.devices.has(name)) throw invalid(`volume ${name} has volumeMode Filesystem, but is specified in volumeDevices`)
    return { name, volume, readOnly: false }
  }
  if (!claims) throw invalid('no volume plugin matched: this node follows no claims')
  const { namespace } = pod.metadata
  const claimName = persistentVolumeClaim?.claimName ?? `${pod.metadata.name}-${name}`
  const claim = await explained(`error processing PVC ${namespace}/${claimName}`, () => boundClaim(claims, claimName, namespace))
  if (ephemeral && !persistentVolumeClaim && !isControlledBy(claim, pod))
    throw invalid(`PVC ${namespace}/${claimName} was not created for pod ${namespace}/${pod.metadata.name} (pod is not owner)`)
  const persistentVolume = await explained(`error processing PVC ${namespace}/${claimName}`, () => volumeOf(claims, claim))
  const mode = persistentVolume.spec.volumeMode ?? 'Filesystem'
  if (uses.mounted.has(name) && mode !== 'Filesystem')
    throw invalid(`volume ${name} has volumeMode ${mode}, but is specified in volumeMounts`)
  if (uses.devices.has(name) && mode !== 'Block') throw invalid(`volume ${name} has volumeMode ${mode}, but is specified in volumeDevices`)
  return { name: persistentVolume.metadata.name, volume, persistentVolume, claim, readOnly: persistentVolumeClaim?.readOnly ?? false }
}

/** Its own protection keeps a claim that is being deleted for the pods that run with it; without it the claim may go at any moment. */
const protectionFinalizer = 'kubernetes.io/pvc-protection'

async function boundClaim(claims: ClaimSource, name: string, namespace: string): Promise<PersistentVolumeClaim> {
  const claim = await explained('failed to fetch PVC from API server', () => claims.claim(name, namespace))
  if (claim.metadata.deletionTimestamp !== undefined && !claim.metadata.finalizers?.includes(protectionFinalizer))
    throw invalid('PVC is being deleted')
  if (claim.status?.phase !== 'Bound') throw invalid('PVC is not bound')
  if (!claim.spec.volumeName) throw invalid('PVC has empty pvc.Spec.VolumeName')
  return claim
}

async function volumeOf(claims: ClaimSource, claim: PersistentVolumeClaim) {
  const name = claim.spec.volumeName!
  const volume = await explained(`failed to fetch PV ${name} from API server`, () => claims.volume(name))
  const { claimRef } = volume.spec
  if (!claimRef) throw invalid(`found PV object ${name} but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim`)
  if (claimRef.uid !== claim.metadata.uid)
    throw invalid(`found PV object ${name} but its pv.Spec.ClaimRef.UID ${claimRef.uid} does not point to claim.UID ${claim.metadata.uid}`)
  return volume
}

const isControlledBy = (claim: PersistentVolumeClaim, pod: Pod): boolean =>
  (claim.metadata.ownerReferences ?? []).some(({ controller, uid }) => controller === true && uid === pod.metadata.uid)

const invalid = (message: string): WherryError => new WherryError('Invalid', message)

async function explained<T>(words: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    const code = cause instanceof WherryError ? cause.code : 'InternalError'
    throw new WherryError(code, `${words}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}
