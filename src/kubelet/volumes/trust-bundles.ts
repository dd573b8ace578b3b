import { createHash } from 'node:crypto'
import { ClusterTrustBundle } from '#api/certificates/v1beta1/cluster-trust-bundle.ts'
import type { ClusterTrustBundleProjection } from '#api/core/v1/types.ts'
import { matchesLabelSelector } from '#api/meta/v1/selector.ts'
import type { Client } from '#client/client.ts'
import { createInformer, type Informer } from '#client/informer.ts'
import type { Clock } from '#lib/clock.ts'
import { isError, WherryError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import { pemBlocks } from '#lib/pkcs10.ts'
import type { Random } from '#lib/random.ts'
import { quote } from '#schema/go-text.ts'
import { pemOf } from '../pod-certificates/certificate-state.ts'

/** Authorities out of ClusterTrustBundles, as files of volumes have them (KEP-3257). */
export interface TrustBundles {
  /** Follows the bundles that a source names from now on. `changed` is called when one of them came, changed or went. */
  follow(projection: ClusterTrustBundleProjection, changed: () => void): FollowedBundles
}

export interface FollowedBundles {
  /** Resolves when the present bundles are known; rejects with the reference's words where the API server has none. */
  synced(): Promise<void>
  /** PEM: each authority once. Throws `WherryError` with the reference's words for a bundle that is missing and not optional. */
  get(): string
  stop(): void
}

/** What is said where the gate is off, or the API is not served: the reference has no better words. */
export const unsupported = (): WherryError =>
  new WherryError('Invalid', 'ClusterTrustBundle projection is not supported in static kubelet mode')

/** One watch of all bundles, from the first who follows any to the last. */
export function createTrustBundles(
  client: Client,
  options: { readonly clock: Clock; readonly random: Random; readonly log: Log },
): TrustBundles {
  // The order says nothing, and is another after each start of the kubelet, so that nobody relies on one.
  const salt = options.random.bytes(16)
  let shared: { readonly informer: Informer<ClusterTrustBundle>; users: number } | undefined

  return {
    follow(projection, changed) {
      shared ??= { informer: createInformer(client, ClusterTrustBundle, options), users: 0 }
      const mine = shared
      const { informer } = mine
      mine.users += 1
      const forget = informer.onChange((bundle, previous) => {
        if (informer.isSynced && (isMeant(projection, bundle) || (previous !== undefined && isMeant(projection, previous)))) changed()
      })
      let stopped = false
      return {
        async synced() {
          // A server that does not know the kind would be asked for it for ever.
          if (!informer.isSynced) await client.list(ClusterTrustBundle, { limit: 1 }).catch(notServed)
          await informer.synced()
        },
        get: () => bundlesText(projection, informer, salt),
        stop() {
          if (stopped) return
          stopped = true
          forget()
          mine.users -= 1
          if (mine.users > 0) return
          if (shared === mine) shared = undefined
          void informer.close()
        },
      }
    },
  }
}

function notServed(error: unknown): never {
  throw isError(error, 'NotFound') ? unsupported() : error
}

const isMeant = ({ name, signerName, labelSelector }: ClusterTrustBundleProjection, { metadata, spec }: ClusterTrustBundle): boolean =>
  name === undefined
    ? (spec.signerName ?? '') === signerName && matchesLabelSelector(labelSelector, metadata.labels)
    : metadata.name === name

function bundlesText(projection: ClusterTrustBundleProjection, informer: Informer<ClusterTrustBundle>, salt: Uint8Array): string {
  const { name, signerName, optional = false } = projection
  if (name === undefined && signerName === undefined)
    throw new WherryError('Invalid', 'ClusterTrustBundle projection requires either name or signerName to be set')
  if (!informer.isSynced) throw new WherryError('ServiceUnavailable', 'ClusterTrustBundle informer has not yet synced')
  const found = informer.list().filter((bundle) => isMeant(projection, bundle))
  if (found.length === 0 && !optional)
    throw new WherryError(
      'NotFound',
      name === undefined
        ? 'combination of signerName and labelSelector matched zero ClusterTrustBundles'
        : `while getting ClusterTrustBundle: clustertrustbundle.certificates.k8s.io ${quote(name)} not found`,
    )
  return anchorsText(
    found.map(({ spec }) => spec.trustBundle),
    salt,
  )
}

/** Every certificate of the texts once, without what stands around the blocks, in an order that hangs on the salt alone. */
export function anchorsText(texts: readonly string[], salt: Uint8Array): string {
  const anchors = new Map<string, string>()
  for (const text of texts)
    for (const { content } of pemBlocks(text))
      anchors.set(createHash('sha256').update(salt).update(content).digest('hex'), pemOf('CERTIFICATE', content))
  return [...anchors]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, pem]) => pem)
    .join('')
}
