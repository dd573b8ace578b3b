import { ClusterTrustBundle } from '#api/certificates/v1beta1/cluster-trust-bundle.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import type { Controller } from '#loop/controller.ts'
import { type PublishingView, planPublishing, servingSigner } from './plan.ts'

/** Publishes the authorities of the API server's own certificate, PEM, as a bundle that pods can mount. */
export const clusterTrustBundlePublisher = (trustBundle: string): Controller<PublishingView> => ({
  name: 'kube-apiserver-serving-clustertrustbundle-publisher',
  sources: [
    // It is there from the beginning, so that there is a first look while there is no bundle yet.
    { kind: Namespace, keys: ({ metadata }: Namespace) => (metadata.name === 'kube-system' ? [servingSigner] : []) },
    { kind: ClusterTrustBundle, keys: ({ spec }: ClusterTrustBundle) => (spec.signerName === servingSigner ? [servingSigner] : []) },
  ],
  view: (_key, cache) => ({
    trustBundle,
    bundles: cache.list(ClusterTrustBundle).filter(({ spec }) => spec.signerName === servingSigner),
  }),
  plan: planPublishing,
})
