import type { Pod } from '#api/core/v1/pod.ts'
import type { ClusterTrustBundleProjection, PodCertificateProjection, VolumeProjection } from '#api/core/v1/types.ts'
import { WherryError } from '#lib/errors.ts'
import type { Credential } from '../pod-certificates/certificate-state.ts'
import type { FollowedCertificate, PodCertificates } from '../pod-certificates/pod-certificates.ts'
import { type FollowedBundles, type TrustBundles, unsupported } from './trust-bundles.ts'

/** What the `clusterTrustBundle` and `podCertificate` sources of one volume are made of. */
export interface LiveCertificates {
  /** Resolves when what there is now is known; rejects with why it cannot be. */
  synced(): Promise<void>
  /** Both throw `WherryError` where there is nothing to write. */
  bundle(projection: ClusterTrustBundleProjection): string
  certificate(projection: PodCertificateProjection): Credential
  stop(): void
}

/** Follows the sources from now on. An absent `bundles` or `certificates`: the feature is off, and such sources are refused. */
export function followCertificates(
  means: { readonly bundles?: TrustBundles; readonly certificates?: PodCertificates },
  pod: Pod,
  sources: readonly VolumeProjection[],
  changed: () => void,
): LiveCertificates {
  const bundles = new Map<ClusterTrustBundleProjection, FollowedBundles>()
  const certificates = new Map<PodCertificateProjection, FollowedCertificate>()
  for (const { clusterTrustBundle, podCertificate } of sources) {
    if (clusterTrustBundle && means.bundles) bundles.set(clusterTrustBundle, means.bundles.follow(clusterTrustBundle, changed))
    if (podCertificate && means.certificates)
      certificates.set(podCertificate, means.certificates.follow({ pod, projection: podCertificate }, changed))
  }
  return {
    async synced() {
      await Promise.all([...[...bundles.values()].map((one) => one.synced()), ...[...certificates.values()].map((one) => one.settled())])
    },
    bundle(projection) {
      const followed = bundles.get(projection)
      if (followed === undefined) throw unsupported()
      return followed.get()
    },
    certificate(projection) {
      const followed = certificates.get(projection)
      if (followed === undefined)
        throw new WherryError(
          'Invalid',
          'podCertificate projections are not supported by this node: the feature gate PodCertificateRequest is off',
        )
      return followed.get()
    },
    stop() {
      for (const one of [...bundles.values(), ...certificates.values()]) one.stop()
    },
  }
}
