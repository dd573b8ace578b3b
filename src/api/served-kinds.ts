import { ClusterTrustBundle } from '#api/certificates/v1beta1/cluster-trust-bundle.ts'
import { PodCertificateRequest } from '#api/certificates/v1beta1/pod-certificate-request.ts'
import { type AnyKind, apiVersionOf } from '#api/kind.ts'
import { kinds } from '#api/kinds.ts'
import { StorageVersionMigration } from '#api/storagemigration/v1beta1/storage-version-migration.ts'
import { WherryError } from '#lib/errors.ts'
import { type Features, noFeatures, type RuntimeConfig, runtimeConfigProblem } from './features.ts'

/** Kinds that a server has only where its configuration turns on both their feature gate and their version. */
export const optionalKinds: readonly AnyKind[] = [ClusterTrustBundle, PodCertificateRequest, StorageVersionMigration]

/** All kinds that a server with this configuration serves, in order of discovery. Throws `Invalid` with `runtimeConfigProblem`. */
export function servedKinds(features: Features = noFeatures, runtimeConfig: RuntimeConfig = {}): readonly AnyKind[] {
  const problem = runtimeConfigProblem(runtimeConfig)
  if (problem !== undefined) throw new WherryError('Invalid', `runtimeConfig ${problem}`)
  // What is said of a resource outweighs what is said of its version.
  const isOn = (kind: AnyKind): boolean => runtimeConfig[resourceKeyOf(kind)] ?? runtimeConfig[apiVersionOf(kind)] ?? false
  const further = optionalKinds.filter((kind) => (kind.gate === undefined || features.has(kind.gate)) && isOn(kind))
  if (further.length === 0) return kinds
  const ofNewGroups = further.filter(({ group }) => kinds.every((kind) => kind.group !== group))
  return [...kinds.flatMap((kind, i) => [kind, ...furtherAfter(kind, kinds[i + 1], further)]), ...ofNewGroups]
}

const resourceKeyOf = (kind: AnyKind): string => `${apiVersionOf(kind)}/${kind.plural}`

/** Further versions of a group come right after those that are always there; groups that have no others come last. */
const furtherAfter = (kind: AnyKind, next: AnyKind | undefined, further: readonly AnyKind[]): readonly AnyKind[] =>
  kind.group === next?.group ? [] : further.filter(({ group }) => group === kind.group)
