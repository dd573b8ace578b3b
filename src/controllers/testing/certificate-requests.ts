import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { addressBytes, der } from '#lib/der.ts'

export interface RequestParts {
  readonly commonName?: string
  readonly organizations?: readonly string[]
  readonly dnsNames?: readonly string[]
  readonly addresses?: readonly string[]
  readonly emailAddresses?: readonly string[]
  readonly uris?: readonly string[]
  readonly key?: KeyObject
  /** Signs instead of the key that the request names. */
  readonly signedBy?: KeyObject
}

/** A PKCS #10 request in PEM, for tests. What is not given is that of the kubelet of node `n`. */
export function makeRequest(parts: RequestParts = {}): string {
  const key = parts.key ?? newKey()
  const attribute = (id: string, value: string) => der.set(der.sequence(der.objectIdentifier(id), der.utf8(value)))
  const names = [
    ...(parts.dnsNames ?? []).map((name) => der.implicit(2, Buffer.from(name))),
    ...(parts.emailAddresses ?? []).map((name) => der.implicit(1, Buffer.from(name))),
    ...(parts.addresses ?? []).map((address) => der.implicit(7, addressBytes(address))),
    ...(parts.uris ?? []).map((uri) => der.implicit(6, Buffer.from(uri))),
  ]
  const extensions = der.sequence(der.sequence(der.objectIdentifier('2.5.29.17'), der.octetString(der.sequence(...names))))
  const asked = der.sequence(der.objectIdentifier('1.2.840.113549.1.9.14'), der.set(extensions))
  const information = der.sequence(
    der.integer(Uint8Array.of(0)),
    der.sequence(
      ...(parts.organizations ?? ['system:nodes']).map((organization) => attribute('2.5.4.10', organization)),
      attribute('2.5.4.3', parts.commonName ?? 'system:node:n'),
    ),
    publicOf(key),
    der.explicit(0, ...(names.length === 0 ? [] : [asked])),
  )
  const algorithm = der.sequence(der.objectIdentifier('1.2.840.10045.4.3.2'))
  const request = der.sequence(information, algorithm, der.bitString(sign('sha256', information, parts.signedBy ?? key)))
  return `-----BEGIN CERTIFICATE REQUEST-----\n${Buffer.from(request).toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`
}

export const newKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

const publicOf = (key: KeyObject): Uint8Array => createPublicKey(key).export({ type: 'spki', format: 'der' })
