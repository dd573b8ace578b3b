import assert from 'node:assert/strict'
import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { test } from 'node:test'
import { der } from './der.ts'
import { certificateRequestProblem } from './pkcs10.ts'

const keys = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ec: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ed25519: generateKeyPairSync('ed25519'),
}
const algorithms = { rsa: '1.2.840.113549.1.1.11', ec: '1.2.840.10045.4.3.2', ed25519: '1.3.101.112' } as const
type Sort = keyof typeof algorithms

for (const sort of ['rsa', 'ec', 'ed25519'] as const) check(`a request signed by ${sort}`, pem(request(sort)), undefined)
check('RSA: signed by somebody else', pem(request('rsa', { broken: true })), 'crypto/rsa: verification error')
check('ECDSA: signed by somebody else', pem(request('ec', { broken: true })), 'x509: ECDSA verification failure')
check('Ed25519: signed by somebody else', pem(request('ed25519', { broken: true })), 'x509: Ed25519 verification failure')
check('RSA-PSS with SHA-256', pem(pssRequest('sha256', 32)), undefined)
check('RSA-PSS with SHA-512', pem(pssRequest('sha512', 64)), undefined)
check('RSA-PSS: signed by somebody else', pem(pssRequest('sha384', 48, { broken: true })), 'crypto/rsa: verification error')
check('RSA-PSS with a salt of another length', pem(pssRequest('sha256', 20)), 'x509: cannot verify signature: algorithm unimplemented')
check('nothing', '', 'PEM block type must be CERTIFICATE REQUEST')
check('a certificate', pem(request('ec'), 'CERTIFICATE'), 'PEM block type must be CERTIFICATE REQUEST')
check('cut off', pem(request('ec').subarray(0, -20)), 'asn1: syntax error: data truncated')
check('more behind it', pem(Buffer.concat([request('ec'), Uint8Array.of(0, 0)])), 'asn1: syntax error: trailing data')
check('an empty sequence', pem(der.sequence()), 'asn1: syntax error: sequence truncated')
check('an algorithm of nobody', pem(request('ec', { algorithm: '1.2.3' })), 'x509: cannot verify signature: algorithm unimplemented')

function check(name: string, text: string, problem: string | undefined): void {
  test(name, () => assert.equal(certificateRequestProblem(text), problem))
}

function request(sort: Sort, { broken = false, algorithm = algorithms[sort] as string } = {}): Uint8Array {
  const { publicKey, privateKey } = keys[sort] as { readonly publicKey: KeyObject; readonly privateKey: KeyObject }
  const spki = publicKey.export({ format: 'der', type: 'spki' })
  const information = der.sequence(der.integer(Uint8Array.of(0)), der.sequence(), spki, der.explicit(0))
  const signed = broken ? Buffer.concat([information, Uint8Array.of(1)]) : information
  const signature = sign(sort === 'ed25519' ? null : 'sha256', signed, privateKey)
  return der.sequence(information, der.sequence(der.objectIdentifier(algorithm)), der.bitString(signature))
}

function pem(bytes: Uint8Array, type = 'CERTIFICATE REQUEST'): string {
  return `-----BEGIN ${type}-----\n${Buffer.from(bytes).toString('base64')}\n-----END ${type}-----\n`
}

/** RSASSA-PSS with this hash; `salt` octets of it, and the parameters that name them. */
function pssRequest(hash: 'sha256' | 'sha384' | 'sha512', salt: number, { broken = false } = {}): Uint8Array {
  const { publicKey, privateKey } = keys.rsa
  const information = der.sequence(
    der.integer(Uint8Array.of(0)),
    der.sequence(),
    publicKey.export({ format: 'der', type: 'spki' }),
    der.explicit(0),
  )
  const signed = broken ? Buffer.concat([information, Uint8Array.of(1)]) : information
  const signature = sign(hash, signed, { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: salt })
  const digest = der.sequence(
    der.objectIdentifier(`2.16.840.1.101.3.4.2.${{ sha256: 1, sha384: 2, sha512: 3 }[hash]}`),
    Uint8Array.of(5, 0),
  )
  const parameters = der.sequence(
    der.explicit(0, digest),
    der.explicit(1, der.sequence(der.objectIdentifier('1.2.840.113549.1.1.8'), digest)),
    der.explicit(2, der.integer(Uint8Array.of(salt))),
  )
  const algorithm = der.sequence(der.objectIdentifier('1.2.840.113549.1.1.10'), parameters)
  return der.sequence(information, algorithm, der.bitString(signature))
}
