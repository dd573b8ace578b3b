import type { ConfigMap } from '#api/core/v1/config-map.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Secret } from '#api/core/v1/secret.ts'
import type {
  ClusterTrustBundleProjection,
  ConfigMapProjection,
  KeyToPath,
  PodCertificateProjection,
  SecretProjection,
  ServiceAccountTokenProjection,
  VolumeProjection,
} from '#api/core/v1/types.ts'
import { WherryError } from '#lib/errors.ts'
import type { Credential } from '../pod-certificates/certificate-state.ts'
import type { Allocatable } from './downward.ts'
import { podField, resourceField } from './downward.ts'
import type { VolumeFile } from './volume-host.ts'

export type PodVolume = NonNullable<Pod['spec']['volumes']>[number]

/** An object that a volume is made of. */
export interface Reference {
  readonly kind: 'ConfigMap' | 'Secret'
  readonly name: string
}

/** What the files of a volume are made of, as it stands now. */
export interface Inputs {
  readonly configMap: (name: string) => ConfigMap | undefined
  readonly secret: (name: string) => Secret | undefined
  readonly token: (projection: ServiceAccountTokenProjection) => string
  /** PEM of the authorities that a source names. */
  readonly bundle: (projection: ClusterTrustBundleProjection) => string
  readonly certificate: (projection: PodCertificateProjection) => Credential
  readonly allocatable: Allocatable
}

/** API docs, ConfigMapVolumeSource.defaultMode and the like; the API server fills it in. */
const defaultFileMode = 0o644
const ownerOnlyMode = 0o600

/** A configMap, secret, downwardAPI or projected volume as the list of its sources; undefined for every other volume. */
export function projectionsOf(
  volume: PodVolume,
): { readonly sources: readonly VolumeProjection[]; readonly defaultMode: number } | undefined {
  const { configMap, secret, downwardAPI, projected } = volume
  if (projected) return { sources: projected.sources ?? [], defaultMode: projected.defaultMode ?? defaultFileMode }
  if (configMap) {
    const { defaultMode = defaultFileMode, ...source } = configMap
    return { sources: [{ configMap: source }], defaultMode }
  }
  if (secret) {
    const { defaultMode = defaultFileMode, secretName, ...source } = secret
    return { sources: [{ secret: { ...source, name: secretName ?? '' } }], defaultMode }
  }
  if (downwardAPI)
    return { sources: [{ downwardAPI: { items: downwardAPI.items ?? [] } }], defaultMode: downwardAPI.defaultMode ?? defaultFileMode }
  return undefined
}

export function referencesOf(sources: readonly VolumeProjection[]): readonly Reference[] {
  return sources.flatMap(({ configMap, secret }): readonly Reference[] => {
    if (configMap) return [{ kind: 'ConfigMap', name: configMap.name ?? '' }]
    return secret ? [{ kind: 'Secret', name: secret.name ?? '' }] : []
  })
}

export const tokensOf = (sources: readonly VolumeProjection[]): readonly ServiceAccountTokenProjection[] =>
  sources.flatMap(({ serviceAccountToken }) => (serviceAccountToken ? [serviceAccountToken] : []))

/**
 * The files of a volume. Later sources win over earlier ones. Throws `WherryError` with the reference's words, all that is wrong in one
 * message, when something is missing that is not optional.
 */
export function payloadOf(
  pod: Pod,
  { sources, defaultMode }: { readonly sources: readonly VolumeProjection[]; readonly defaultMode: number },
  inputs: Inputs,
): readonly VolumeFile[] {
  const files = new Map<string, VolumeFile>()
  const problems: string[] = []
  for (const source of sources) {
    try {
      for (const file of filesOf(pod, source, defaultMode, inputs)) files.set(file.path, file)
    } catch (error) {
      if (!(error instanceof WherryError)) throw error
      problems.push(error.message)
    }
  }
  if (problems.length > 0) throw new WherryError('NotFound', problems.length === 1 ? problems[0]! : `[${problems.join(', ')}]`)
  return [...files.values()]
}

function filesOf(pod: Pod, source: VolumeProjection, defaultMode: number, inputs: Inputs): readonly VolumeFile[] {
  const { configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate } = source
  if (configMap) {
    const object = inputs.configMap(configMap.name ?? '')
    const data = object && { ...texts(object.data), ...base64(object.binaryData) }
    return keyFiles(data, configMap, defaultMode, 'configmap', 'configmap references non-existent config key')
  }
  if (secret) {
    const object = inputs.secret(secret.name ?? '')
    return keyFiles(object && base64(object.data), secret, defaultMode, 'secret', 'references non-existent secret key')
  }
  if (downwardAPI) {
    return (downwardAPI.items ?? []).map((item) => ({
      path: item.path,
      mode: item.mode ?? defaultMode,
      content: Buffer.from(
        item.fieldRef
          ? podField(pod, item.fieldRef.fieldPath)
          : item.resourceFieldRef
            ? resourceField(pod, item.resourceFieldRef as { resource: string }, inputs.allocatable)
            : '',
      ),
    }))
  }
  const userId = soleUser(pod)
  // With one user, or a group that gets the file afterwards, nobody else has to read it.
  const mode = userId !== undefined || pod.spec.securityContext?.fsGroup !== undefined ? ownerOnlyMode : defaultMode
  const own = (path: string, text: string): VolumeFile => ({
    path,
    mode,
    content: Buffer.from(text),
    ...(userId !== undefined && { userId }),
  })
  if (serviceAccountToken) return [own(serviceAccountToken.path, inputs.token(serviceAccountToken))]
  if (clusterTrustBundle) return [own(clusterTrustBundle.path, inputs.bundle(clusterTrustBundle))]
  if (podCertificate) {
    const { key, chain } = inputs.certificate(podCertificate)
    const { credentialBundlePath, keyPath, certificateChainPath } = podCertificate
    return [
      ...(credentialBundlePath ? [own(credentialBundlePath, key + chain)] : []),
      ...(keyPath ? [own(keyPath, key)] : []),
      ...(certificateChainPath ? [own(certificateChainPath, chain)] : []),
    ]
  }
  // What a source was made of may wait for a feature that is off: then nothing is left of it.
  return []
}

function keyFiles(
  data: Readonly<Record<string, Uint8Array>> | undefined,
  source: ConfigMapProjection | SecretProjection,
  defaultMode: number,
  resource: string,
  missingKey: string,
): readonly VolumeFile[] {
  if (!data) {
    if (source.optional) return []
    throw new WherryError('NotFound', `${resource} "${source.name ?? ''}" not found`)
  }
  const items: readonly KeyToPath[] = source.items ?? []
  if (items.length === 0) return Object.entries(data).map(([path, content]) => ({ path, content, mode: defaultMode }))
  return items.flatMap(({ key, path, mode }) => {
    const content = data[key]
    if (content) return [{ path, content, mode: mode ?? defaultMode }]
    if (source.optional) return []
    throw new WherryError('NotFound', `${missingKey}: ${key}`)
  })
}

const texts = (data: Readonly<Record<string, string>> | undefined): Record<string, Uint8Array> =>
  Object.fromEntries(Object.entries(data ?? {}).map(([key, text]) => [key, Buffer.from(text)]))

const base64 = (data: Readonly<Record<string, string>> | undefined): Record<string, Uint8Array> =>
  Object.fromEntries(Object.entries(data ?? {}).map(([key, text]) => [key, Buffer.from(text, 'base64')]))

/** The user that all containers run as, where they all say the same. */
function soleUser(pod: Pod): number | undefined {
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]
  const users = new Set(containers.map(({ securityContext }) => securityContext?.runAsUser ?? pod.spec.securityContext?.runAsUser))
  return users.size === 1 ? [...users][0] : undefined
}
