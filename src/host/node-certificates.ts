import { createPrivateKey, generateKeyPairSync, sign, X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import type { CertificateStore, CertificateTemplate, CertificateTools, KeyPair } from '#kubelet/certificates/interfaces.ts'
import type { Clock } from '#lib/clock.ts'
import { addressBytes, der } from '#lib/der.ts'
import { codeOf } from './files.ts'
import { nameOf } from './pki/certificate.ts'
import { writeAtomically } from './pki/write-atomically.ts'

/** Requests for certificates by ECDSA P-256 keys (RFC 2986), and what certificates say. */
export const certificateTools: CertificateTools = {
  request(template) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const signed = der.sequence(
      der.integer(Uint8Array.of(0)),
      nameOf(template),
      publicKey.export({ type: 'spki', format: 'der' }),
      der.explicit(0, ...alternativeNames(template)),
    )
    const request = der.sequence(signed, ecdsaWithSha256, der.bitString(sign('sha256', signed, privateKey)))
    return { request: pem('CERTIFICATE REQUEST', request), key: privateKey.export({ type: 'sec1', format: 'pem' }) as string }
  },
  facts(text) {
    const certificate = new X509Certificate(text)
    const subject = certificate.subject
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const)
    const valuesOf = (name: string) => subject.filter(([key]) => key === name).map(([, value]) => value)
    const names = (certificate.subjectAltName ?? '').split(', ')
    const after = (prefix: string) => names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length))
    return {
      commonName: valuesOf('CN')[0] ?? '',
      organizations: valuesOf('O'),
      dnsNames: after('DNS:'),
      addresses: after('IP Address:').map(shortAddress),
      notBefore: certificate.validFromDate.getTime(),
      notAfter: certificate.validToDate.getTime(),
    }
  },
}

/**
 * One file that holds certificate and key, so that both change in one step. Beside it stands the pair that the cluster was set up with:
 * of the two, the one that was written last serves, if the cluster's present authority signed it and it has not ended. (Not the one that
 * ends later, nor that begins later: signers choose both.)
 */
export function certificateFile(options: {
  readonly path: string
  readonly initial: { readonly certificatePath: string; readonly keyPath: string }
  readonly authority: () => string
  readonly clock: Clock
}): CertificateStore {
  return {
    read() {
      const authority = new X509Certificate(options.authority())
      const now = options.clock.now()
      const { certificatePath, keyPath } = options.initial
      return [[options.path, options.path] as const, [certificatePath, keyPath] as const]
        .flatMap(([certificate, key]) => {
          const pair = readPair(certificate, key)
          return pair && usableUntil(pair, authority) > now ? [{ pair, writtenAt: statSync(certificate).mtimeMs }] : []
        })
        .toSorted((a, b) => b.writtenAt - a.writtenAt)[0]?.pair
    },
    write: ({ certificate, key }) => writeAtomically(options.path, `${certificate.trimEnd()}\n${key}`),
  }
}

/** -Infinity for what does not serve: a text that is none, a key of another, or the work of another authority. */
function usableUntil({ certificate, key }: KeyPair, authority: X509Certificate): number {
  try {
    const parsed = new X509Certificate(certificate)
    const isOurs = parsed.checkPrivateKey(createPrivateKey(key)) && parsed.checkIssued(authority) && parsed.verify(authority.publicKey)
    return isOurs ? parsed.validToDate.getTime() : -Infinity
  } catch {
    // A damaged file is as good as none: the other one serves, or a new one is asked for.
    return -Infinity
  }
}

/** Undefined where a file is missing. */
export function readPair(certificatePath: string, keyPath = certificatePath): KeyPair | undefined {
  try {
    const certificate = readFileSync(certificatePath, 'utf8')
    const key = keyPath === certificatePath ? certificate : readFileSync(keyPath, 'utf8')
    return {
      certificate: [...certificate.matchAll(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g)]
        .map(([block]) => block)
        .join(''),
      key: /-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]+-----END [A-Z ]*PRIVATE KEY-----\n?/.exec(key)?.[0] ?? '',
    }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** The extensionRequest attribute (RFC 2985) with subjectAltName; nothing where nobody is to be named. */
function alternativeNames({ dnsNames, addresses }: CertificateTemplate): Uint8Array[] {
  const names = [
    ...dnsNames.map((name) => der.implicit(2, Buffer.from(name))),
    ...addresses.map((address) => der.implicit(7, addressBytes(address))),
  ]
  if (names.length === 0) return []
  const extension = der.sequence(der.objectIdentifier('2.5.29.17'), der.octetString(der.sequence(...names)))
  return [der.sequence(der.objectIdentifier('1.2.840.113549.1.9.14'), der.set(der.sequence(extension)))]
}

/** RFC 5758. */
const ecdsaWithSha256 = der.sequence(der.objectIdentifier('1.2.840.10045.4.3.2'))

/** OpenSSL prints IPv6 in full; people and URLs write it short. */
const shortAddress = (address: string): string =>
  address.includes(':') ? new URL(`http://[${address}]`).hostname.slice(1, -1).toLowerCase() : address

const pem = (label: string, content: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(content)
    .toString('base64')
    .replace(/.{64}(?=.)/g, '$&\n')}\n-----END ${label}-----\n`
