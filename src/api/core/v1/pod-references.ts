import { allContainers } from './pod-helpers.ts'
import type { PodSpec, PodStatus } from './types.ts'

/** Names of the objects in its own namespace that a pod makes its node read. */
export interface PodReferences {
  readonly secrets: readonly string[]
  readonly configMaps: readonly string[]
  readonly persistentVolumeClaims: readonly string[]
  readonly resourceClaims: readonly string[]
  readonly serviceAccounts: readonly string[]
}

/** The names, each once. The claim of an ephemeral volume is named after pod and volume; that of a resource stands in the status once it was made. */
export function podReferences(pod: {
  readonly metadata: { readonly name: string }
  readonly spec: PodSpec
  readonly status?: PodStatus
}): PodReferences {
  const { spec, status } = pod
  const secrets: (string | undefined)[] = (spec.imagePullSecrets ?? []).map((ref) => ref.name)
  const configMaps: (string | undefined)[] = []
  const claims: (string | undefined)[] = []
  for (const { container } of allContainers(spec)) {
    for (const source of container.envFrom ?? []) {
      secrets.push(source.secretRef?.name)
      configMaps.push(source.configMapRef?.name)
    }
    for (const variable of container.env ?? []) {
      secrets.push(variable.valueFrom?.secretKeyRef?.name)
      configMaps.push(variable.valueFrom?.configMapKeyRef?.name)
    }
  }
  for (const volume of spec.volumes ?? []) {
    secrets.push(volume.secret?.secretName, volume.azureFile?.secretName, volume.csi?.nodePublishSecretRef?.name)
    for (const source of [volume.cephfs, volume.cinder, volume.flexVolume, volume.rbd, volume.scaleIO, volume.iscsi, volume.storageos])
      secrets.push(source?.secretRef?.name)
    configMaps.push(volume.configMap?.name)
    for (const source of volume.projected?.sources ?? []) {
      secrets.push(source.secret?.name)
      configMaps.push(source.configMap?.name)
    }
    claims.push(volume.persistentVolumeClaim?.claimName, volume.ephemeral && `${pod.metadata.name}-${volume.name}`)
  }
  const made = new Map((status?.resourceClaimStatuses ?? []).map((claim) => [claim.name, claim.resourceClaimName]))
  const resourceClaims = (spec.resourceClaims ?? []).map((claim) => claim.resourceClaimName ?? made.get(claim.name))
  return {
    secrets: named(secrets),
    configMaps: named(configMaps),
    persistentVolumeClaims: named(claims),
    resourceClaims: named([...resourceClaims, status?.extendedResourceClaimStatus?.resourceClaimName]),
    serviceAccounts: named([spec.serviceAccountName]),
  }
}

/** The annotation of a pod that mirrors one which the node runs from a file. */
export const mirrorAnnotation = 'kubernetes.io/config.mirror'

const named = (names: readonly (string | undefined)[]): string[] =>
  [...new Set(names)].filter((name) => name !== undefined && name !== '') as string[]
