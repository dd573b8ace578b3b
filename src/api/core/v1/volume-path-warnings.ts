import type { Volume, VolumeProjection } from '#api/core/v1/types.ts'
import { quote } from '#schema/go-text.ts'

/** A file that a volume makes, and what it is made from; one of no source is told of by its path alone. */
interface Made {
  readonly path: string
  readonly source: string
}

/** Files that one volume would write over each other, or into each other. */
export function overlappingPathWarnings(volumes: readonly Volume[]): string[] {
  return volumes.flatMap(({ name, configMap, secret, downwardAPI, projected }) => {
    const within = (items: readonly { readonly path: string }[] | undefined, kind: string) =>
      items === undefined ? [] : overlaps(items.map(({ path }) => ({ path, source: '' }))).map((text) => warning(name, kind, text))
    return [
      ...within(configMap?.items, `ConfigMap ${quote(configMap?.name ?? '')}`),
      ...within(secret?.items, `Secret ${quote(secret?.secretName ?? '')}`),
      ...within(downwardAPI?.items, 'DownwardAPI'),
      ...(projected === undefined ? [] : projectedWarnings(name, projected.sources ?? [])),
    ]
  })
}

const warning = (volume: string, kind: string, text: string): string => `volume ${quote(volume)} (${kind}): overlapping paths: ${text}`

function projectedWarnings(volume: string, sources: readonly VolumeProjection[]): string[] {
  const warnings: string[] = []
  const known: Made[] = []
  for (const source of sources) {
    if (Object.values(source).every((value) => value === undefined))
      warnings.push(`volume ${quote(volume)} (Projected) has no sources provided`)
    for (const one of filesOf(source)) warnings.push(...collisions(known, one).map((text) => warning(volume, 'Projected', text)))
  }
  return warnings
}

function filesOf({ configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate }: VolumeProjection): Made[] {
  if (configMap?.items) return configMap.items.map(({ path }) => ({ path, source: `ConfigMap ${quote(configMap.name ?? '')}` }))
  if (secret?.items) return secret.items.map(({ path }) => ({ path, source: `Secret ${quote(secret.name ?? '')}` }))
  if (downwardAPI?.items) return downwardAPI.items.map(({ path }) => ({ path, source: 'DownwardAPI' }))
  if (serviceAccountToken) return [{ path: serviceAccountToken.path, source: 'ServiceAccountToken' }]
  if (clusterTrustBundle) {
    const { name, signerName = '', path } = clusterTrustBundle
    return [{ path, source: `ClusterTrustBundle ${quote(name ?? signerName)}` }]
  }
  const { certificateChainPath = '', keyPath = '', credentialBundlePath = '' } = podCertificate ?? {}
  return [
    { path: certificateChainPath, source: 'PodCertificate chain' },
    { path: keyPath, source: 'PodCertificate key' },
    { path: credentialBundlePath, source: 'PodCertificate credential bundle' },
  ].filter(({ path }) => path !== '')
}

function overlaps(files: readonly Made[]): string[] {
  const known: Made[] = []
  return files.flatMap((one) => collisions(known, one))
}

/** Adds the file to the known ones, and tells which of them it meets. */
function collisions(known: Made[], { path: given, source }: Made): string[] {
  const one = { path: given.replace(/\/+$/, ''), source }
  const met =
    one.path === ''
      ? []
      : known.filter(({ path }) => path !== '' && (`${path}/`.startsWith(`${one.path}/`) || `${one.path}/`.startsWith(`${path}/`)))
  known.push(one)
  return met.map((other) => `${shown(one)} with ${shown(other)}`)
}

const shown = ({ path, source }: Made): string => (source === '' ? quote(path) : `${quote(path)} (${source})`)
