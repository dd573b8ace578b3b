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
    const [leaf] = certificates.map((text) => new X509Certificate(text))
    const privateKey = createPrivateKey(keys[0]!)
    if (!leaf!.checkPrivateKey(privateKey)) return { problem: 'tls.key is not the key of the first certificate in tls.crt' }
    // Written anew, so that nothing but certificates and the key gets into the proxy's files.
    return {
      name,
      chain: certificates.map((text) => new X509Certificate(text).toString()).join(''),
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    }
  } catch (error) {
    return { problem: `holds what cannot be read as certificate and key: ${(error as Error).message}` }
  }
}

/** A chain has two or three. */
const mostCertificates = 10
const certificatePattern = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g
const keyPattern = /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----[^-]+-----END (?:[A-Z]+ )?PRIVATE KEY-----/g

/** Data of a Secret is base64 text in memory, as in JSON. */
const textOf = (value: string | undefined): string => (value === undefined ? '' : Buffer.from(value, 'base64').toString('latin1'))
