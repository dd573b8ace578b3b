import type { TokenRequest } from '#api/authentication/v1/types.ts'
import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Volume } from '#api/core/v1/types.ts'
import { quote } from '#schema/go-text.ts'
import type { NodeWrite } from './node-restriction.ts'
import { existingPod } from './node-restriction-pods.ts'

/** A node may ask for a token only for a pod that runs on it, bound to that pod, and for an audience that the pod's volumes name (KEP 4317). */
export async function checkTokenRequest(write: NodeWrite): Promise<string | undefined> {
  const { operation, attributes, node } = write
  if (operation !== 'CREATE' || attributes.subresource !== 'token') return undefined
  const { spec } = write.object as unknown as TokenRequest
  const ref = spec.boundObjectRef
  if (ref?.apiVersion !== 'v1' || ref.kind !== 'Pod' || !ref.name) return 'node requested token not bound to a pod'
  if (!ref.uid) return 'node requested token with a pod binding without a uid'
  const pod = existingPod(write, ref.name)
  if (ref.uid !== pod.metadata.uid)
    return `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`
  if (pod.spec.nodeName !== node) return 'node requested token bound to a pod scheduled on a different node'
  const audiences = spec.audiences ?? []
  if (audiences.length > 1) return 'node may only request 0 or 1 audiences'
  const audience = audiences[0] ?? ''
  if (namesAudience(write, pod, audience)) return undefined
  const { allowed } = await write.authorize({
    ...attributes,
    verb: 'request-serviceaccounts-token-audience',
    group: '',
    version: 'v1',
    resource: audience,
    subresource: '',
  })
  if (allowed) return undefined
  return `audience ${quote(audience)} not found in pod spec volume, ${attributes.user.name} is not authorized to request tokens for this audience`
}

function namesAudience(write: NodeWrite, pod: Pod, audience: string): boolean {
  return (pod.spec.volumes ?? []).some((volume) => {
    const projected = volume.projected?.sources ?? []
    if (projected.some((source) => source.serviceAccountToken && (source.serviceAccountToken.audience ?? '') === audience)) return true
    const driver = driverOf(write, pod, volume)
    return driver !== undefined && driverAudiences(write, driver).includes(audience)
  })
}

/** The CSI driver that mounts the volume, by way of its claim where it has one. */
function driverOf({ objects }: NodeWrite, pod: Pod, volume: Volume): string | undefined {
  if (volume.csi !== undefined) return volume.csi.driver
  const claim =
    volume.persistentVolumeClaim?.claimName ??
    (volume.ephemeral?.volumeClaimTemplate === undefined ? undefined : `${pod.metadata.name}-${volume.name}`)
  if (claim === undefined) return undefined
  const present = objects.get(PersistentVolumeClaim, claim, pod.metadata.namespace) as PersistentVolumeClaim | undefined
  const bound = present?.spec?.volumeName
  return bound ? (objects.get(PersistentVolume, bound) as PersistentVolume | undefined)?.spec?.csi?.driver : undefined
}

function driverAudiences({ objects }: NodeWrite, name: string): readonly string[] {
  const kind = objects.kindOf('storage.k8s.io', 'csidrivers')
  const driver =
    kind &&
    (objects.get(kind, name) as { readonly spec?: { readonly tokenRequests?: readonly { readonly audience?: string }[] } } | undefined)
  return (driver?.spec?.tokenRequests ?? []).map((request) => request.audience ?? '')
}
