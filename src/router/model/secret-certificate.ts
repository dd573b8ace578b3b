import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { Secret } from '#api/core/v1/secret.ts'
import type { Certificate } from './certificate.ts'

/**
 * The certificate in a Secret of type kubernetes.io/tls (keys `tls.crt` and `tls.key`), or why it cannot be used. What is found here would otherwise
 * be found by the proxy, which then serves nobody.
 */
export function secretCertificate(secret: Secret): Certificate | { readonly problem: string } {
  const known = judged.get(secret)
  if (known !== undefined) return known
  const found = judge(secret)
  judged.set(secret, found)
  return found
}

/** Objects of a cache are frozen and stay the same until they change, and parsing thousands of them takes seconds. */
const judged = new WeakMap<Secret, Certificate | { readonly problem: string }>()

function judge({ metadata, data }: Secret): Certificate | { readonly problem: string } {
  const [chain, key] = [textOf(data?.['tls.crt']), textOf(data?.['tls.key'])]
  const name = `${metadata.namespace}/${metadata.name}`
  if (chain === '' || key === '') return { problem: `has no ${chain === '' ? 'tls.crt' : 'tls.key'}` }
  const certificates = chain.match(certificatePattern) ?? []
  const keys = key.match(keyPattern) ?? []
  if (certificates.length === 0) return { problem: 'tls.crt holds no certificate in PEM form' }
  if (certificates.length > mostCertificates)
    return { problem: `tls.crt holds ${certificates.length} certificates, and ${mostCertificates} are the most` }
  if (keys.length !== 1) return { problem: `tls.key holds ${keys.length} private keys in PEM form, and must hold one` }
  try {
    const parsed = certificates.map((text) => new X509Certificate(text))
    const privateKey = createPrivateKey(keys[0]!)
    if (!parsed[0]!.checkPrivateKey(privateKey)) return { problem: 'tls.key is not the key of the first certificate in tls.crt' }
    for (const [index, one] of parsed.entries()) {
      const weakness = weaknessOf(one)
      if (weakness !== undefined) return { problem: `certificate ${index + 1} of tls.crt ${weakness}` }
    }
    // Written anew, so that nothing but certificates and the key gets into the proxy's files.
    return {
      name,
      chain: parsed.map((one) => one.toString()).join(''),
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    }
  } catch (error) {
    return { problem: `holds what cannot be read as certificate and key: ${(error as Error).message}` }
  }
}

/**
 * What OpenSSL refuses at the security level that Debian sets (2: RSA from 2048 bits, curves from 224, no SHA-1 but in what signs itself). The proxy
 * does not start with a single one of these. Keys of newer kinds, which our own OpenSSL knows and the proxy's does not, are left out as well.
 */
function weaknessOf(certificate: X509Certificate): string | undefined {
  const { publicKey, signatureAlgorithm } = certificate
  const { modulusLength, namedCurve = '' } = publicKey.asymmetricKeyDetails ?? {}
  const type = publicKey.asymmetricKeyType ?? 'of a kind that is not known'
  if (type === 'rsa' || type === 'rsa-pss') {
    if ((modulusLength ?? 0) < 2048) return `has an RSA key of ${modulusLength} bits, and 2048 are the least`
  } else if (type === 'ec') {
    if (!curves.has(namedCurve)) return `has a key of curve ${namedCurve || 'without name'}; use one of ${[...curves].join(', ')}`
  } else if (type !== 'ed25519') return `has a key of type ${type}; use RSA, ECDSA or Ed25519`
  const isWeak = /md[245]|sha-?1(?!\d)/i.test(signatureAlgorithm ?? '')
  return isWeak && !certificate.verify(publicKey) ? `is signed with ${signatureAlgorithm}, which clients do not trust any more` : undefined
}

/** As OpenSSL names P-256, P-384 and P-521. */
const curves: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1'])

/** A chain has two or three. */
const mostCertificates = 10
const certificatePattern = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g
const keyPattern = /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----[^-]+-----END (?:[A-Z]+ )?PRIVATE KEY-----/g

/** Data of a Secret is base64 text in memory, as in JSON. */
const textOf = (value: string | undefined): string => (value === undefined ? '' : Buffer.from(value, 'base64').toString('latin1'))
