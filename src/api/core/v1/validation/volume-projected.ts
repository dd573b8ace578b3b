import { isKubernetesSigner, validateSignerName } from '#api/certificates/v1/validate-signer-name.ts'
import { checkBundleName } from '#api/certificates/v1beta1/check-bundle-name.ts'
import { expirationSeconds } from '#api/certificates/v1beta1/expiration-seconds.ts'
import { validateUserAnnotations } from '#api/certificates/v1beta1/validate-user-annotations.ts'
import {
  ClusterTrustBundleProjection,
  type KeyToPath,
  type PodCertificateProjection,
  type ProjectedVolumeSource,
  type VolumeProjection,
} from '#api/core/v1/types.ts'
import { goStruct } from '#api/go-struct.ts'
import { validateLabelSelector } from '#api/meta/v1/validate-selector.ts'
import type { Cause } from '#lib/errors.ts'
import { forbidden, invalid, notSupported, required } from '#schema/validate.ts'
import { validateFileMode, validateNonReservedPath } from './paths.ts'
import { validateDownwardFile, validateKeyToPath } from './volumes.ts'

const TOKEN_SECONDS_MIN = 600
const TOKEN_SECONDS_MAX = 2 ** 32

/** Several sources in one folder: no two may write the same file. */
export function validateProjected({ sources, defaultMode }: ProjectedVolumeSource, path: string): Cause[] {
  const paths = new Set<string>()
  const claim = (file: string, shown: string): Cause[] => {
    if (file === '' || !paths.has(file)) {
      paths.add(file)
      return []
    }
    return [invalid(path, shown, 'conflicting duplicate paths')]
  }
  return [
    ...validateFileMode(defaultMode, `${path}.defaultMode`),
    ...(sources ?? []).flatMap((source, i) => validateSource(source, `${path}.sources[${i}]`, path, claim)),
  ]
}

function validateSource(source: VolumeProjection, at: string, path: string, claim: (file: string, shown: string) => Cause[]): Cause[] {
  const { secret, configMap, downwardAPI, serviceAccountToken: token, clusterTrustBundle: bundle, podCertificate } = source
  const causes: Cause[] = []
  for (const [name, one] of Object.entries({ secret, configMap })) {
    if (one === undefined) continue
    if (!one.name) causes.push(required(`${at}.${name}.name`))
    for (const [i, item] of (one.items ?? ([] as KeyToPath[])).entries())
      causes.push(...validateKeyToPath(item, `${at}.${name}.items[${i}]`), ...claim(item.path, one.name || ''))
  }
  for (const file of downwardAPI?.items ?? [])
    causes.push(...validateDownwardFile(file, `${at}.downwardAPI`), ...claim(file.path, file.path))
  if (token) {
    const seconds = token.expirationSeconds
    const field = `${at}.serviceAccountToken.expirationSeconds`
    if (seconds < TOKEN_SECONDS_MIN) causes.push(invalid(field, seconds, 'may not specify a duration less than 10 minutes'))
    if (seconds > TOKEN_SECONDS_MAX) causes.push(invalid(field, seconds, 'may not specify a duration larger than 2^32 seconds'))
    if (token.path === '') causes.push(required(`${path}.path`))
    else causes.push(...validateNonReservedPath(token.path, `${path}.path`))
  }
  if (bundle) {
    const field = `${at}.clusterTrustBundle`
    if (bundle.name !== undefined && bundle.signerName !== undefined)
      causes.push(invalid(field, goStruct(ClusterTrustBundleProjection, bundle), 'only one of name and signerName may be used'))
    else if (bundle.name !== undefined) {
      if (bundle.name === '') causes.push(required(`${field}.name`, 'must be a valid object name'))
      // Before its last colon a name is a signer's.
      const signer = bundle.name.includes(':') ? bundle.name.slice(0, bundle.name.lastIndexOf(':')).replaceAll(':', '/') : ''
      for (const problem of checkBundleName(bundle.name, signer))
        causes.push(invalid(`${field}.name`, bundle.name, `not a valid clustertrustbundlename: ${problem}`))
      if (bundle.labelSelector)
        causes.push(invalid(`${field}.labelSelector`, bundle.labelSelector, 'labelSelector must be unset if name is specified'))
    } else if (bundle.signerName !== undefined) {
      if (bundle.signerName === '') causes.push(required(`${field}.signerName`, 'must be a valid signer name'))
      causes.push(...validateSignerName(bundle.signerName, `${field}.signerName`))
      causes.push(...validateLabelSelector(bundle.labelSelector, `${field}.labelSelector`))
    } else causes.push(required(field, 'either name or signerName must be specified'))
    if (bundle.path === '') causes.push(required(`${field}.path`))
    causes.push(...validateNonReservedPath(bundle.path, `${field}.path`), ...claim(bundle.path, bundle.path))
  }
  if (podCertificate) causes.push(...validatePodCertificate(podCertificate, `${at}.podCertificate`, claim))
  const count = [secret, configMap, downwardAPI, token, bundle, podCertificate].filter((one) => one !== undefined).length
  return count > 1 ? [...causes, forbidden(at, 'may not specify more than 1 volume type per source')] : causes
}

function validatePodCertificate(source: PodCertificateProjection, at: string, claim: (file: string, shown: string) => Cause[]): Cause[] {
  const { signerName = '', keyType, maxExpirationSeconds: seconds, userAnnotations } = source
  const causes = [
    ...validateSignerName(signerName, `${at}.signerName`),
    ...validateUserAnnotations(userAnnotations, `${at}.userAnnotations`),
  ]
  if (!keyTypes.includes(keyType)) causes.push(notSupported(`${at}.keyType`, keyType, keyTypes))
  if (seconds !== undefined) {
    const { least, most, mostOfKubernetes } = expirationSeconds
    const limit = isKubernetesSigner(signerName) ? mostOfKubernetes : most
    const field = `${at}.maxExpirationSeconds`
    if (seconds < least) causes.push(invalid(field, seconds, `if provided, maxExpirationSeconds must be >= ${least}`))
    if (seconds > limit) causes.push(invalid(field, seconds, `if provided, maxExpirationSeconds must be <= ${limit}`))
  }
  const paths = (['credentialBundlePath', 'keyPath', 'certificateChainPath'] as const).filter((name) => source[name])
  for (const name of paths) causes.push(...validateNonReservedPath(source[name]!, `${at}.${name}`), ...claim(source[name]!, source[name]!))
  return paths.length > 0
    ? causes
    : [...causes, required(at, 'specify at least one of credentialBundlePath, keyPath, and certificateChainPath')]
}

/** Sorts of keys that kubelets make, and API servers take (KEP-4317). */
const keyTypes = ['RSA3072', 'RSA4096', 'ECDSAP256', 'ECDSAP384', 'ECDSAP521', 'ED25519']
