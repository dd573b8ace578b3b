import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { isKubernetesSigner, validateSignerName } from '#api/certificates/v1/validate-signer-name.ts'
import { expirationSeconds } from '#api/certificates/v1beta1/expiration-seconds.ts'
import type { PodCertificateRequest, PodCertificateRequestSpec } from '#api/certificates/v1beta1/types.ts'
import { validateUserAnnotations } from '#api/certificates/v1beta1/validate-user-annotations.ts'
import type { Cause } from '#lib/errors.ts'
import { readCertificateRequest } from '#lib/pkcs10.ts'
import { checkDns1123Subdomain, invalid, invalidEach, omitted, required, tooLong } from '#schema/validate.ts'

/** What is wrong with a request for a pod's certificate: the API server alone looks whether the kubelet holds the key. */
export function validatePodCertificateRequest({ spec }: PodCertificateRequest): Cause[] {
  const causes = [
    ...validateSignerName(spec.signerName, 'spec.signerName'),
    ...validateUserAnnotations(spec.unverifiedUserAnnotations, 'spec.unverifiedUserAnnotations'),
    ...named('pod', spec.podName, spec.podUID),
    ...named('serviceAccount', spec.serviceAccountName, spec.serviceAccountUID),
    ...named('node', spec.nodeName, spec.nodeUID),
  ]
  const seconds = spec.maxExpirationSeconds
  if (seconds === undefined) return [...causes, required('spec.maxExpirationSeconds', 'must be set')]
  const { least } = expirationSeconds
  const most = isKubernetesSigner(spec.signerName) ? expirationSeconds.mostOfKubernetes : expirationSeconds.most
  if (seconds < least || seconds > most)
    causes.push(invalid('spec.maxExpirationSeconds', seconds, `must be in the range [${least}, ${most}]`))
  return [...causes, ...validateKey(spec)]
}

function named(sort: string, name: string, uid: string): Cause[] {
  const path = `spec.${sort}UID`
  return [
    ...invalidEach(`spec.${sort}Name`, name, checkDns1123Subdomain(name)),
    ...(uid === '' ? [invalid(path, uid, 'must not be empty')] : []),
    ...(Buffer.byteLength(uid) > UID_LENGTH_MAX ? [tooLong(path, UID_LENGTH_MAX)] : []),
  ]
}

const UID_LENGTH_MAX = 128
const KEY_SIZE_MAX_BYTES = 10 * 1024
const keyPath = 'spec.pkixPublicKey'
const proofPath = 'spec.proofOfPossession'
const requestPath = 'spec.stubPKCS10Request'

/** Either the request, or in the old way the key and a proof. */
function validateKey(spec: PodCertificateRequestSpec): Cause[] {
  const [request, key, proof] = [spec.stubPKCS10Request, spec.pkixPublicKey, spec.proofOfPossession].map((base64) =>
    Buffer.from(base64 ?? '', 'base64'),
  ) as [Buffer, Buffer, Buffer]
  if (request.length > 0 && key.length === 0 && proof.length === 0) return validateStub(request)
  if (request.length === 0 && key.length > 0 && proof.length > 0) return validateProof(key, proof, spec)
  return [invalid('spec', omitted, 'exactly one of (stubPKCS10Request) or (pkixPublicKey, proofOfPossession) must be set')]
}

function validateStub(bytes: Buffer): Cause[] {
  if (bytes.length > KEY_SIZE_MAX_BYTES) return [tooLong(requestPath, KEY_SIZE_MAX_BYTES)]
  const request = readCertificateRequest(bytes)
  if (request === undefined || !isKnown(request.publicKey)) return [invalid(requestPath, omitted, 'must be a valid PKCS#10 CSR')]
  const problem = keyProblem(request.publicKey, requestPath, 'elliptic public keys must use curve P256, P384, or P521', omitted)
  if (problem !== undefined) return [problem]
  return request.isSigned ? [] : [invalid(requestPath, omitted, 'invalid signature')]
}

function validateProof(bytes: Buffer, proof: Buffer, { podUID, pkixPublicKey }: PodCertificateRequestSpec): Cause[] {
  if (bytes.length > KEY_SIZE_MAX_BYTES) return [tooLong(keyPath, KEY_SIZE_MAX_BYTES)]
  if (proof.length > KEY_SIZE_MAX_BYTES) return [tooLong(proofPath, KEY_SIZE_MAX_BYTES)]
  const key = readPublicKey(bytes)
  if (key === undefined) return [invalid(keyPath, pkixPublicKey, 'must be a valid PKIX-serialized public key')]
  const problem = keyProblem(key, keyPath, 'elliptic public keys must use curve P256 or P384', pkixPublicKey)
  if (problem !== undefined) return [problem]
  const isRsa = key.asymmetricKeyType === 'rsa'
  const how = isRsa ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO } : key
  const hash = key.asymmetricKeyType === 'ed25519' ? null : 'sha256'
  return verify(hash, Buffer.from(podUID), how, proof)
    ? []
    : [invalid(proofPath, omitted, 'could not verify proof-of-possession signature')]
}

/** The public key in PKIX form (DER); undefined for what is none. */
export function readPublicKey(bytes: Buffer): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: bytes, format: 'der', type: 'spki' })
    return isKnown(key) ? key : undefined
  } catch {
    // What OpenSSL cannot read is none.
    return undefined
  }
}

/** Go's names of curves, by OpenSSL's. */
const curves: Readonly<Record<string, string>> = { secp224r1: 'P-224', prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' }

/** OpenSSL has curves that the reference cannot read at all. */
const isKnown = ({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean =>
  asymmetricKeyType !== 'ec' || Object.hasOwn(curves, asymmetricKeyDetails?.namedCurve ?? '')

function keyProblem(key: KeyObject, path: string, ofCurves: string, shown: unknown): Cause | undefined {
  const { namedCurve = '', modulusLength = 0 } = key.asymmetricKeyDetails ?? {}
  switch (key.asymmetricKeyType) {
    case 'ed25519':
      return undefined
    case 'ec':
      return ['prime256v1', 'secp384r1', 'secp521r1'].includes(namedCurve)
        ? undefined
        : invalid(path, `curve ${curves[namedCurve]}`, ofCurves)
    case 'rsa':
      return modulusLength === 3072 || modulusLength === 4096
        ? undefined
        : invalid(path, `${modulusLength}-bit modulus`, 'RSA keys must have modulus size 3072 or 4096')
    default:
      return invalid(path, shown, 'unknown public key type; supported types are Ed25519, ECDSA, and RSA')
  }
}
