import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import { created, statusWritten, updated } from '#api/testing/check-kind.ts'
import { der } from '#lib/der.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { PodCertificateRequest } from './pod-certificate-request.ts'
import { issue, pemOf } from './testing/issue.ts'

const pairOf = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve })
const own = pairOf('P-256')
/** A request for a certificate that says only whose key it is, signed with SHA-256 (RFC 2986). */
function stub({ privateKey, publicKey }: typeof own, forged = false): string {
  const signed = der.sequence(
    der.integer(Uint8Array.of(0)),
    der.sequence(),
    publicKey.export({ type: 'spki', format: 'der' }),
    der.explicit(0),
  )
  const algorithm = der.sequence(der.objectIdentifier('1.2.840.10045.4.3.2'))
  const signature = sign('sha256', forged ? Buffer.from('x') : signed, privateKey)
  return Buffer.from(der.sequence(signed, algorithm, der.bitString(signature))).toString('base64')
}
const key = own.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
const proof = (text: string) => sign('sha256', Buffer.from(text), own.privateKey).toString('base64')

const body = (spec: object) => ({
  metadata: { name: 'r', namespace: 'd' },
  spec: {
    signerName: 'example.com/foo',
    podName: 'p',
    podUID: 'u1',
    serviceAccountName: 'default',
    serviceAccountUID: 'sa',
    nodeName: 'n',
    nodeUID: 'nu',
    stubPKCS10Request: stub(own),
    ...spec,
  },
})
const none = { stubPKCS10Request: undefined }
const either = 'spec: Invalid value: exactly one of (stubPKCS10Request) or (pkixPublicKey, proofOfPossession) must be set'

/** Causes as kube-apiserver v1.36.3 answered them. */
const cases: Readonly<Record<string, readonly [spec: object, causes?: readonly string[]]>> = {
  'with a request': [{}],
  'with a key and a proof, the old way': [{ ...none, pkixPublicKey: key, proofOfPossession: proof('u1') }],
  'with a proof of something else': [
    { ...none, pkixPublicKey: key, proofOfPossession: proof('u2') },
    ['spec.proofOfPossession: Invalid value: could not verify proof-of-possession signature'],
  ],
  'with neither': [none, [either]],
  'with both': [{ pkixPublicKey: key, proofOfPossession: proof('u1') }, [either]],
  'with half of the old way': [{ ...none, pkixPublicKey: key }, [either]],
  'with a forged request': [{ stubPKCS10Request: stub(own, true) }, ['spec.stubPKCS10Request: Invalid value: invalid signature']],
  'with what is no request': [{ stubPKCS10Request: 'AAAA' }, ['spec.stubPKCS10Request: Invalid value: must be a valid PKCS#10 CSR']],
  'for a curve of the past': [
    { stubPKCS10Request: stub(pairOf('secp224r1')) },
    ['spec.stubPKCS10Request: Invalid value: "curve P-224": elliptic public keys must use curve P256, P384, or P521'],
  ],
  'for a curve that nobody knows': [
    { stubPKCS10Request: stub(pairOf('secp256k1')) },
    ['spec.stubPKCS10Request: Invalid value: must be a valid PKCS#10 CSR'],
  ],
  'for less than an hour': [
    { maxExpirationSeconds: 3599 },
    ['spec.maxExpirationSeconds: Invalid value: 3599: must be in the range [3600, 7862400]'],
  ],
  'for more than a day from a signer of Kubernetes': [
    { maxExpirationSeconds: 86_401, signerName: 'a.kubernetes.io/x' },
    ['spec.maxExpirationSeconds: Invalid value: 86401: must be in the range [3600, 86400]'],
  ],
  'with words for the signer': [{ unverifiedUserAnnotations: { 'b.io/Q': 'v' } }],
  'with words of no domain': [
    { unverifiedUserAnnotations: { nodomain: 'x' } },
    ['spec.unverifiedUserAnnotations: Invalid value: "nodomain": must be a domain-prefixed key (such as "acme.io/foo")'],
  ],
  'of nobody': [
    { podUID: '', serviceAccountUID: 'x'.repeat(129) },
    ['spec.podUID: Invalid value: "": must not be empty', 'spec.serviceAccountUID: Too long: may not be more than 128 bytes'],
  ],
}

for (const [name, [spec, causes = []]] of Object.entries(cases))
  test(`a request ${name}`, () => assert.deepEqual(created(PodCertificateRequest, body(spec)).causes, causes))

test('a day is asked for where nobody says how long; a status comes from signers alone', () => {
  const { object } = created(PodCertificateRequest, { ...body({}), status: { certificateChain: 'x' } })
  assert.deepEqual([object.spec.maxExpirationSeconds, object.status], [86_400, {}])
})

test('what is asked for never changes', () => {
  const { object } = created(PodCertificateRequest, body({}))
  const [cause] = updated(PodCertificateRequest, object, { ...object, spec: { ...object.spec, podName: 'q' } }).causes
  assert.match(
    cause ?? '',
    /^spec: Invalid value: \{"SignerName":"example.com\/foo","PodName":"q",.*"PKIXPublicKey":null,.*: field is immutable$/,
  )
})

const now = Date.parse('2026-01-01T00:00:00Z')
const hourMs = 3_600_000
const given = { now: rfc3339(now) }
const ends = (type: string, status = 'True') => ({
  conditions: [{ type, status, reason: 'R', message: 'm', lastTransitionTime: given.now }],
})
function issued(hours = 2, more: { readonly late?: number; readonly dnsNames?: readonly string[] } = {}) {
  const from = now - (more.late ?? 0)
  const until = from + hours * hourMs
  return {
    ...ends('Issued'),
    certificateChain: issue({ publicKey: own.publicKey, from, until, ...(more.dnsNames && { dnsNames: more.dnsNames }) }),
    notBefore: rfc3339(from),
    notAfter: rfc3339(until),
    beginRefreshAt: rfc3339(from + hourMs / 2),
  }
}
const good = issued()
const one = 'There may be at most one condition with type "Issued", "Denied", or "Failed"'
const chain = (text: string, problem: string) => [`status.certificateChain: Invalid value: ${JSON.stringify(text)}: ${problem}`]
const other = issue({ publicKey: pairOf('P-256').publicKey, from: now, until: now + 2 * hourMs })
const garbage = pemOf('CERTIFICATE', Buffer.from('x'))
const strange = pemOf('FOO', Buffer.from('x'))

/** Likewise. */
const answers: Readonly<Record<string, readonly [status: object, causes?: readonly string[]]>> = {
  'a certificate': [good],
  'a certificate and those that lead to its authority': [{ ...good, certificateChain: `${good.certificateChain}between\n${other}` }],
  'a refusal': [ends('Denied')],
  'a failure': [ends('Failed')],
  'a condition of another sort': [
    ends('Foo'),
    ['status.conditions.[0].type: Unsupported value: "Foo": supported values: "Issued", "Denied", "Failed"'],
  ],
  'a condition that is not so': [
    ends('Issued', 'False'),
    ['status.conditions.[0].status: Unsupported value: "False": supported values: "True"'],
  ],
  'two ends': [
    { conditions: [...ends('Issued').conditions, ...ends('Denied').conditions] },
    [`status.conditions.[1].type: Invalid value: "Denied": ${one}`],
  ],
  'no end at all': [
    { certificateChain: 'a' },
    ['status: Invalid value: status is immutable unless transitioning to "Issued", "Denied", or "Failed"'],
  ],
  'a refusal with a certificate': [
    { ...good, ...ends('Denied') },
    ['status: Invalid value: non-condition status fields must be empty when denying or failing the PodCertificateRequest'],
  ],
  'nothing in the chain': [ends('Issued'), chain('', 'issued certificate chain must contain at least one certificate')],
  'something else in the chain': [
    { ...good, certificateChain: strange },
    chain(strange, 'issued certificate chain must consist entirely of CERTIFICATE PEM blocks'),
  ],
  'something else later in the chain': [
    { ...good, certificateChain: good.certificateChain + strange },
    chain(good.certificateChain + strange, 'issued certificate chain must consist entirely of CERTFICATE PEM blocks'),
  ],
  'a leaf that is no certificate': [
    { ...good, certificateChain: garbage },
    chain(garbage, 'leaf certificate does not parse as valid X.509'),
  ],
  'a certificate of somebody else': [
    { ...good, certificateChain: other },
    chain(other, 'leaf certificate was not issued to the requested public key'),
  ],
  'no times': [
    { ...ends('Issued'), certificateChain: good.certificateChain },
    [
      'status.notBefore: Required value: must be present and consistent with the issued certificate',
      'status.notAfter: Required value: must be present and consistent with the issued certificate',
      'status.beginRefreshAt: Required value: must be present and in the range [notbefore+10min, notafter-10min]',
    ],
  ],
  'another beginning than the certificate says': [
    { ...good, notBefore: rfc3339(now - 1000) },
    ['status.notBefore: Invalid value: "2025-12-31T23:59:59Z": must be set to the NotBefore time encoded in the leaf certificate'],
  ],
  'a certificate of an hour ago': [
    issued(3, { late: hourMs }),
    [`status.notBefore: Invalid value: "2025-12-31T23:00:00Z": must be set to within 5 minutes of kube-apiserver's current time`],
  ],
  'half an hour': [issued(0.5), ['status.certificateChain: Invalid value: 1800000000000: leaf certificate lifetime must be >= 1 hour']],
  'more than was asked for': [
    issued(25),
    ['status.certificateChain: Invalid value: 90000000000000: leaf certificate lifetime must be <= spec.maxExpirationSeconds (86400)'],
  ],
  'a renewal at once': [
    { ...good, beginRefreshAt: given.now },
    ['status.beginRefreshAt: Invalid value: "2026-01-01T00:00:00Z": must be at least 10 minutes after status.notBefore'],
  ],
  'a renewal too late': [
    { ...good, beginRefreshAt: good.notAfter },
    ['status.beginRefreshAt: Invalid value: "2026-01-01T02:00:00Z": must be at least 10 minutes before status.notAfter'],
  ],
  'a name with nothing in it': [
    issued(2, { dnsNames: ['a..b'] }),
    [`status.certificateChain: Invalid value: "a..b": leaf certificate's DNSName should not contain '..'`],
  ],
}

for (const [name, [status, causes = []]] of Object.entries(answers))
  test(`a signer answers with ${name}`, () => {
    const { object } = created(PodCertificateRequest, body({}))
    assert.deepEqual(statusWritten(PodCertificateRequest, object, status, given).causes, causes)
  })

test('what ended stays so', () => {
  const { object } = created(PodCertificateRequest, body({}))
  const over = statusWritten(PodCertificateRequest, object, ends('Denied'), given).object
  assert.deepEqual(statusWritten(PodCertificateRequest, over, ends('Failed'), given).causes, [
    'status: Invalid value: immutable after PodCertificateRequest is issued, denied, or failed',
  ])
  assert.deepEqual(statusWritten(PodCertificateRequest, over, ends('Denied'), given).causes, [])
})

test('only who may sign for the signer says anything of a request', async () => {
  const { object } = created(PodCertificateRequest, body({}))
  const next = statusWritten(PodCertificateRequest, object, ends('Denied'), given).object
  const causes = async (allowed: readonly string[], subresource = 'status', after = next) => {
    const found = await PodCertificateRequest.rules.permissions!(after, object, {
      ...given,
      subresource,
      isValid: true,
      user: { name: 'jane', groups: [] },
      may: async ({ verb, resource, name }: { verb: string; resource: string; name: string }) => ({
        allowed: allowed.includes(`${verb} ${resource} ${name}`),
        refusal: '',
      }),
    } as never)
    return found.map(({ field, message }) => `${field}: ${message}`)
  }
  const refused = ['spec.signerName: Forbidden: User "jane" is not permitted to "sign" for signer "example.com/foo"']
  assert.deepEqual(await causes([]), refused)
  assert.deepEqual(await causes(['sign signers example.org/foo', 'attest signers example.com/foo']), refused)
  assert.deepEqual(await causes(['sign signers example.com/foo']), [])
  assert.deepEqual(await causes(['sign signers example.com/*']), [])
  assert.deepEqual(await causes([], 'status', object), [])
  assert.deepEqual(await causes([], ''), [])
})
