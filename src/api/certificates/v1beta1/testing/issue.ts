import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { der } from '#lib/der.ts'

/** What a certificate of a test says. Times in milliseconds since the epoch. */
export interface Issue {
  readonly publicKey: KeyObject
  readonly from: number
  readonly until: number
  readonly isAuthority?: boolean
  readonly dnsNames?: readonly string[]
  readonly emailAddresses?: readonly string[]
}

/** For tests: a certificate (PEM) for any public key, signed by an authority of which nobody knows more than its name. */
export function issue({ publicKey, from, until, isAuthority = false, dnsNames = [], emailAddresses = [] }: Issue): string {
  const algorithm = der.sequence(der.objectIdentifier('1.2.840.10045.4.3.2'))
  const issuer = der.sequence(der.set(der.sequence(der.objectIdentifier('2.5.4.3'), der.utf8('test'))))
  const names = [
    ...emailAddresses.map((address) => der.implicit(1, Buffer.from(address))),
    ...dnsNames.map((name) => der.implicit(2, Buffer.from(name))),
  ]
  const extension = (id: string, value: Uint8Array) => der.sequence(der.objectIdentifier(id), der.octetString(value))
  const signed = der.sequence(
    der.explicit(0, der.integer(Uint8Array.of(2))),
    der.integer(Uint8Array.of(1)),
    algorithm,
    issuer,
    der.sequence(der.time(from), der.time(until)),
    issuer,
    publicKey.export({ type: 'spki', format: 'der' }),
    der.explicit(
      3,
      der.sequence(
        extension('2.5.29.19', isAuthority ? der.sequence(der.boolean(true)) : der.sequence()),
        ...(names.length === 0 ? [] : [extension('2.5.29.17', der.sequence(...names))]),
      ),
    ),
  )
  const whole = der.sequence(signed, algorithm, der.bitString(sign('sha256', signed, authorityKey)))
  return pemOf('CERTIFICATE', whole)
}

/** A PEM block (RFC 7468). */
export const pemOf = (type: string, content: Uint8Array): string =>
  `-----BEGIN ${type}-----\n${Buffer.from(content)
    .toString('base64')
    .replace(/(.{64})(?=.)/g, '$1\n')}\n-----END ${type}-----\n`

const authorityKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
