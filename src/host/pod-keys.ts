import { generateKeyPair, type KeyObject, sign } from 'node:crypto'
import { promisify } from 'node:util'
import type { KeyMaker } from '#kubelet/pod-certificates/pod-certificates.ts'
import { der } from '#lib/der.ts'
import { WherryError } from '#lib/errors.ts'

const generate = promisify(generateKeyPair)

interface KeySort {
  readonly make: () => Promise<{ readonly privateKey: KeyObject; readonly publicKey: KeyObject }>
  readonly hash: string | null
  /** AlgorithmIdentifier of its signatures (RFC 4055, RFC 5758, RFC 8410). */
  readonly algorithm: Uint8Array
}

const rsa = (modulusLength: number): KeySort => ({
  make: () => generate('rsa', { modulusLength }),
  hash: 'sha256',
  algorithm: der.sequence(der.objectIdentifier('1.2.840.113549.1.1.11'), Uint8Array.of(0x05, 0x00)),
})
const ecdsa = (namedCurve: string, hash: string, id: string): KeySort => ({
  make: () => generate('ec', { namedCurve }),
  hash,
  algorithm: der.sequence(der.objectIdentifier(id)),
})

const sorts: Readonly<Record<string, KeySort>> = {
  RSA3072: rsa(3072),
  RSA4096: rsa(4096),
  ECDSAP256: ecdsa('P-256', 'sha256', '1.2.840.10045.4.3.2'),
  ECDSAP384: ecdsa('P-384', 'sha384', '1.2.840.10045.4.3.3'),
  ECDSAP521: ecdsa('P-521', 'sha512', '1.2.840.10045.4.3.4'),
  ED25519: { make: () => generate('ed25519'), hash: null, algorithm: der.sequence(der.objectIdentifier('1.3.101.112')) },
}

/** Keys made by OpenSSL, beside everything else: one of RSA takes a second. Errors: `Invalid` for an unknown sort. */
export const podKeys: KeyMaker = {
  async make(keyType) {
    const sort = sorts[keyType]
    if (sort === undefined) throw new WherryError('Invalid', `unknown key type "${keyType}"`)
    const { privateKey, publicKey } = await sort.make()
    const signed = der.sequence(
      der.integer(Uint8Array.of(0)),
      der.sequence(),
      publicKey.export({ type: 'spki', format: 'der' }),
      der.explicit(0),
    )
    const request = der.sequence(signed, sort.algorithm, der.bitString(sign(sort.hash, signed, privateKey)))
    return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, request }
  },
}
