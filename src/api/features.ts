import { WherryError } from '#lib/errors.ts'
import { featureGates } from './feature-gates.ts'

/** A gate that is off unless a configuration turns it on. All others are as they are, and can be named only so. */
export type FeatureGate =
  | 'ClusterTrustBundle'
  | 'ClusterTrustBundleProjection'
  | 'MaxUnavailableStatefulSet'
  | 'PodCertificateRequest'
  | 'StorageVersionMigrator'

/** The gates that a configuration turned on. */
export type Features = ReadonlySet<FeatureGate>

/** What v1.36 does by default. */
export const noFeatures: Features = new Set()

/** Each such gate, and those that it needs (pkg/features/kube_features.go). */
export const switchableGates: Readonly<Record<FeatureGate, readonly FeatureGate[]>> = {
  ClusterTrustBundle: [],
  ClusterTrustBundleProjection: ['ClusterTrustBundle'],
  MaxUnavailableStatefulSet: [],
  PodCertificateRequest: [],
  StorageVersionMigrator: [],
}

/** What is wrong with `featureGates`, as a component reads it: the end of a sentence that begins with its name. Undefined: nothing is. */
export function featureGatesProblem(value: unknown): string | undefined {
  if (!isSwitches(value)) return 'must be a mapping of feature gates to true or false, such as "ClusterTrustBundle: true"'
  for (const [name, isOn] of Object.entries(value)) {
    const known = featureGates.find(({ names }) => names.includes(name))
    if (known === undefined) return `names the unrecognized feature gate ${name}`
    if (!isSwitchable(name) && isOn !== known.enabled)
      return `cannot turn ${name} ${isOn ? 'on' : 'off'}; those that can be turned on are ${Object.keys(switchableGates).join(', ')}`
  }
  for (const [name, needed] of Object.entries(switchableGates)) {
    const missing = value[name] ? needed.filter((one) => !value[one]) : []
    if (missing.length > 0) return `turns ${name} on, which depends on features that are off: ${missing.join(', ')}`
  }
  return undefined
}

/** The gates that are on beside the defaults. Throws `Invalid` with `featureGatesProblem`. */
export function featuresOf(switches: Readonly<Record<string, boolean>> = {}): Features {
  const problem = featureGatesProblem(switches)
  if (problem !== undefined) throw new WherryError('Invalid', `featureGates ${problem}`)
  return new Set(Object.keys(switchableGates).filter((name) => switches[name] === true) as FeatureGate[])
}

/** Versions and resources that are served beside the defaults: `certificates.k8s.io/v1beta1: true`, the reference's flag --runtime-config. */
export type RuntimeConfig = Readonly<Record<string, boolean>>

/** Versions that a server has and does not serve by default, with what is in them. Their feature gates have to be on as well. */
export const optionalVersions: Readonly<Record<string, readonly string[]>> = {
  'certificates.k8s.io/v1beta1': ['clustertrustbundles', 'podcertificaterequests'],
  'storagemigration.k8s.io/v1beta1': ['storageversionmigrations'],
}

/** What is wrong with a runtime configuration: the end of a sentence that begins with its name. Undefined: nothing is. */
export function runtimeConfigProblem(value: unknown): string | undefined {
  if (!isSwitches(value)) return 'must be a mapping of API versions to true or false, such as "certificates.k8s.io/v1beta1: true"'
  const known = Object.entries(optionalVersions).flatMap(([version, plurals]) => [
    version,
    ...plurals.map((plural) => `${version}/${plural}`),
  ])
  const strange = Object.keys(value).find((name) => !known.includes(name))
  return strange === undefined ? undefined : `names ${strange}, which cannot be turned on or off; what can is ${known.join(', ')}`
}

const isSwitchable = (name: string): name is FeatureGate => Object.hasOwn(switchableGates, name)

/** Names with true or false. */
export const isSwitches = (value: unknown): value is Readonly<Record<string, boolean>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every((one) => typeof one === 'boolean')
