import * as types from '#api/certificates/v1beta1/types.ts'
import { validateTrustBundle, validateTrustBundleUpdate } from '#api/certificates/v1beta1/validate-trust-bundle.ts'
import { column } from '#api/columns.ts'
import { kind } from '#api/kind.ts'
import { checkPathSegment } from '#api/meta/v1/names.ts'
import type { Of } from '#schema/schema.ts'

/** Served only where the feature gate and its version are turned on (KEP-3257). */
export const ClusterTrustBundle = kind(
  types.ClusterTrustBundle,
  {
    group: 'certificates.k8s.io',
    version: 'v1beta1',
    kind: 'ClusterTrustBundle',
    plural: 'clustertrustbundles',
    singular: 'clustertrustbundle',
    scope: 'Cluster',
    gate: 'ClusterTrustBundle',
    columns: [column<types.ClusterTrustBundle>('SignerName', ({ spec }) => spec.signerName || '<none>')],
  },
  {
    // How a name has to look hangs on the signer: the whole object is looked at for it.
    validateName: checkPathSegment,
    requiresResourceVersion: true,
    validate: (bundle) => validateTrustBundle(bundle),
    checksMetadata: 'whole',
    validateUpdate: validateTrustBundleUpdate,
    selectableFields: { 'spec.signerName': ({ spec }) => spec.signerName ?? '' },
  },
)
export type ClusterTrustBundle = Of<typeof ClusterTrustBundle>
