import { validateSignerName } from '#api/certificates/v1/validate-signer-name.ts'
import { checkBundleName } from '#api/certificates/v1beta1/check-bundle-name.ts'
import type { ClusterTrustBundle } from '#api/certificates/v1beta1/types.ts'
import type { Cause } from '#lib/errors.ts'
import { pemBlocks } from '#lib/pkcs10.ts'
import { readCertificate } from '#lib/x509.ts'
import { immutable, invalid, invalidEach, tooLong } from '#schema/validate.ts'

/** What is wrong with a bundle. One that is `known` was judged before. */
export function validateTrustBundle({ metadata, spec }: ClusterTrustBundle, isKnown = false): Cause[] {
  const { signerName = '', trustBundle = '' } = spec
  const { name = '', generateName = '' } = metadata ?? {}
  return [
    ...(generateName === '' ? [] : invalidEach('metadata.generateName', generateName, checkBundleName(masked(generateName), signerName))),
    ...(name === '' ? [] : invalidEach('metadata.name', name, checkBundleName(name, signerName))),
    ...(signerName === '' ? [] : validateSignerName(signerName, 'spec.signerName')),
    ...(isKnown ? [] : validateAnchors(trustBundle, 'spec.trustBundle')),
  ]
}

/** The same for an update, which may not give the bundle to another signer. */
export const validateTrustBundleUpdate = (next: ClusterTrustBundle, previous: ClusterTrustBundle): Cause[] => [
  ...validateTrustBundle(next, next.spec.trustBundle === previous.spec.trustBundle),
  ...immutable('spec.signerName', next.spec.signerName ?? '', (next.spec.signerName ?? '') === (previous.spec.signerName ?? '')),
]

const BUNDLE_SIZE_MAX_BYTES = 1024 * 1024

/** A prefix may end with a dash, which something follows. */
const masked = (prefix: string): string => (prefix.length > 1 && prefix.endsWith('-') ? `${prefix.slice(0, -2)}a` : prefix)

/** Authorities alone, each once, and one at least. */
function validateAnchors(text: string, path: string): Cause[] {
  if (Buffer.byteLength(text) > BUNDLE_SIZE_MAX_BYTES) return [tooLong(path, BUNDLE_SIZE_MAX_BYTES)]
  const bad = (problem: string): Cause => invalid(path, '<value omitted>', problem)
  const places = new Map<string, number[]>()
  const causes = pemBlocks(text).flatMap(({ type, hasHeaders, content }, i): Cause[] => {
    if (type !== 'CERTIFICATE') return [bad(`entry ${i} has bad block type: ${type}`)]
    if (hasHeaders) return [bad(`entry ${i} has PEM block headers`)]
    const facts = readCertificate(content)
    if (facts === undefined) return [bad(`entry ${i} does not parse as X.509`)]
    if (!facts.isAuthority) return [bad(`entry ${i} does not have the CA bit set`)]
    const id = Buffer.from(content).toString('latin1')
    places.set(id, [...(places.get(id) ?? []), i])
    return []
  })
  if (causes.length > 0) return causes
  if (places.size === 0) return [bad('at least one trust anchor must be provided')]
  return [...places.values()].filter((at) => at.length > 1).map((at) => bad(`duplicate trust anchor (indices [${at.join(' ')}])`))
}
