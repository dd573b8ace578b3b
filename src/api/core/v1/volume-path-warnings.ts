import type { Volume, VolumeProjection } from '#api/core/v1/types.ts'
import { trimEnd } from '#lib/trim-end.ts'
import { quote } from '#schema/go-text.ts'

/** A file that a volume makes, and what it is made from; one of no source is told of by its path alone. */
interface Made {
  readonly path: string
  readonly source: string
}

/** Files that one volume would write over each other, or into each other. */
export function overlappingPathWarnings(volumes: readonly Volume[]): string[] {
  return volumes.flatMap(({ name, configMap, secret, downwardAPI, projected }) => {
    const within = (items: readonly { readonly path: string }[] | undefined, kind: () => string) =>
      items === undefined
        ? []
        : [...overlaps(items.map(({ path }) => ({ path, source: '' }))).values()].flat().map((text) => warning(name, kind(), text))
    return [
      ...within(configMap?.items, () => `ConfigMap ${quote(configMap?.name ?? '')}`),
      ...within(secret?.items, () => `Secret ${quote(secret?.secretName ?? '')}`),
      ...within(downwardAPI?.items, () => 'DownwardAPI'),
      ...(projected === undefined ? [] : projectedWarnings(name, projected.sources ?? [])),
    ]
  })
}

const warning = (volume: string, kind: string, text: string): string => `volume ${quote(volume)} (${kind}): overlapping paths: ${text}`

function projectedWarnings(volume: string, sources: readonly VolumeProjection[]): string[] {
  const made = sources.map(filesOf)
  const texts = overlaps(made.flat())
  let place = 0
  return sources.flatMap((source, i) => [
    ...(Object.values(source).every((value) => value === undefined) ? [`volume ${quote(volume)} (Projected) has no sources provided`] : []),
    ...made[i]!.flatMap(() => texts.get(place++) ?? []).map((text) => warning(volume, 'Projected', text)),
  ])
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

/**
 * Of each file with which of those before it it would collide. There may be tens of thousands: in order of their paths each stands behind the
 * folders that it lies in, so that not each has to be compared with each.
 */
function overlaps(files: readonly Made[]): ReadonlyMap<number, readonly string[]> {
  if (areApart(files)) return none
  const times = new Map<string, number>()
  const placed = files
    .map(({ path, source }, place) => ({ path: trimEnd(path, '/'), source, place }))
    .filter(({ path, source }) => {
      const id = `${path}\0${source}`
      times.set(id, (times.get(id) ?? 0) + 1)
      // Two of the same say all that there is to say of more.
      return path !== '' && times.get(id)! <= 2
    })
  const pairs: (readonly [later: Placed, earlier: Placed])[] = []
  const around: Placed[] = []
  for (const one of placed.toSorted((a, b) => (a.path === b.path ? a.place - b.place : `${a.path}/` < `${b.path}/` ? -1 : 1))) {
    while (around.length > 0 && !`${one.path}/`.startsWith(`${around.at(-1)!.path}/`)) around.pop()
    for (const other of around.slice(0, pairsMax - pairs.length)) pairs.push(one.place > other.place ? [one, other] : [other, one])
    around.push(one)
  }
  const texts = new Map<number, string[]>()
  for (const [later, earlier] of pairs.toSorted((a, b) => a[0].place - b[0].place || a[1].place - b[1].place))
    texts.set(later.place, [...(texts.get(later.place) ?? []), `${shown(later)} with ${shown(earlier)}`])
  return texts
}

/** Whether a few files can be seen at once to be none within another: every pod has three, made for its service account. */
function areApart(files: readonly Made[]): boolean {
  if (files.length > fewMax) return false
  for (let i = 0; i < files.length; i += 1) {
    const { path } = files[i]!
    if (path.endsWith('/')) return false
    for (let j = 0; j < i; j += 1) if (path.startsWith(files[j]!.path) || files[j]!.path.startsWith(path)) return false
  }
  return true
}

const fewMax = 8
const none: ReadonlyMap<number, readonly string[]> = new Map()

type Placed = Made & { readonly place: number }

/** Far more than an answer shows: its warnings are cut off at 4 KiB. */
const pairsMax = 1_000

const shown = ({ path, source }: Made): string => (source === '' ? quote(path) : `${quote(path)} (${source})`)
