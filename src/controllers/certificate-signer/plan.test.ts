import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { CertificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import { makeCertificate } from '#host/pki/certificate.ts'
import { makeRequest, newKey, type RequestParts } from '../testing/certificate-requests.ts'
import { World } from '../testing/world.ts'
import { certificateSignerController } from './controller.ts'

const start = Date.parse('2026-01-01T00:00:00Z')
const hourMs = 3_600_000
const yearMs = 365 * 24 * hourMs
const authority = makeCertificate({ commonName: 'ca', usage: 'ca', notBefore: start - hourMs, notAfter: start + 10 * yearMs })
const client = 'kubernetes.io/kube-apiserver-client'
const kubelet = 'kubernetes.io/kube-apiserver-client-kubelet'
const serving = 'kubernetes.io/kubelet-serving'
const clientUsages = ['digital signature', 'client auth']
const servingUsages = ['digital signature', 'server auth']

test('a client certificate', () => {
  const key = newKey()
  const { certificate, pem } = sign({ parts: { key, commonName: 'jane', organizations: ['dev', 'ops'] } })!
  assert.match(pem, /^-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/\n=]+\n-----END CERTIFICATE-----\n$/)
  const ca = new X509Certificate(authority.certificate)
  assert.ok(certificate.checkIssued(ca) && certificate.verify(ca.publicKey))
  assert.ok(certificate.checkPrivateKey(key))
  assert.equal(certificate.subject, 'O=dev\nO=ops\nCN=jane')
  assert.equal(certificate.ca, false)
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.2'])
  assert.equal(certificate.validFromDate.getTime(), start - 5 * 60_000)
  assert.equal(certificate.validToDate.getTime(), start + yearMs - 5 * 60_000)
  assert.equal(certificate.subjectAltName, undefined)
})

test('a serving certificate has the names that were asked for, and no others', () => {
  const parts = { dnsNames: ['n', '*.n'], addresses: ['10.0.0.1', 'fd00::1'] }
  const { certificate } = sign({ signerName: serving, usages: servingUsages, parts })!
  assert.equal(certificate.subjectAltName, 'DNS:n, DNS:*.n, IP Address:10.0.0.1, IP Address:FD00:0:0:0:0:0:0:1')
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1'])
})

test('legacy requests may have every usage; a certificate never signs others', () => {
  const usages = ['cert sign', 'crl sign', 'any', 'code signing', 'decipher only']
  const { certificate } = sign({ signerName: 'kubernetes.io/legacy-unknown', usages, parts: { commonName: 'x' } })!
  assert.equal(certificate.ca, false)
  assert.deepEqual(certificate.keyUsage, ['2.5.29.37.0', '1.3.6.1.5.5.7.3.3'])
})

test('how long it lives', () => {
  const life = (expirationSeconds: number | undefined) => (sign({ expirationSeconds })!.certificate.validToDate.getTime() - start) / 1000
  assert.equal(life(undefined), yearMs / 1000 - 300)
  assert.equal(life(60), 600)
  assert.equal(life(3600), 3600)
  assert.equal(life(8 * 3600), 8 * 3600 - 300)
  assert.equal(life(2 ** 31 - 1), yearMs / 1000 - 300)
  const dying = makeCertificate({ commonName: 'ca', usage: 'ca', notBefore: start - hourMs, notAfter: start + hourMs })
  assert.equal(sign({}, dying)!.certificate.validToDate.getTime(), start + hourMs)
})

test('keys of every sort, and authorities of every sort', () => {
  for (const [type, options] of [
    ['rsa', { modulusLength: 2048 }],
    ['ec', { namedCurve: 'P-384' }],
    ['ed25519', {}],
  ] as const) {
    const { privateKey } = generateKeyPairSync(type as 'rsa', options as { modulusLength: number })
    const { certificate } = sign({}, { ...authority, key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string })!
    assert.ok(certificate.verify(createPublicKey(privateKey)), type)
  }
})

test('what is marked as failed, in the reference’s words', () => {
  refused({ usages: ['client auth', 'cert sign'] }, 'invalid usage for client certificate: cert sign')
  refused({ usages: ['digital signature'] }, 'missing required usage for client certificate: client auth')
  const node = (parts: RequestParts, message: string, usages = clientUsages) => refused({ signerName: kubelet, parts, usages }, message)
  node({ organizations: [] }, 'subject organization is not system:nodes')
  node({ organizations: ['system:nodes', 'system:masters'] }, 'subject organization is not system:nodes')
  node({ commonName: 'admin' }, 'subject common name does not begin with system:node:')
  node({ dnsNames: ['a'] }, 'DNS subjectAltNames are not allowed')
  node({ addresses: ['10.0.0.1'] }, 'IP subjectAltNames are not allowed')
  node({ emailAddresses: ['a@b'] }, 'Email subjectAltNames are not allowed')
  node({ uris: ['x:y'] }, 'URI subjectAltNames are not allowed')
  node({}, 'usages did not match [client auth digital signature key encipherment]', servingUsages)
  const port = (parts: RequestParts, message: string, usages = servingUsages) => refused({ signerName: serving, parts, usages }, message)
  port({}, 'DNS or IP subjectAltName is required')
  port({ dnsNames: ['n'] }, 'usages did not match [digital signature key encipherment server auth]', clientUsages)
  port({ dnsNames: ['n'], organizations: ['x'] }, 'subject organization is not system:nodes')
})

test('what stays as it is', () => {
  const untouched = (given: Given) => {
    const world = worldOf(given)
    assert.equal(world.settle([certificateSignerController(authority)]), Infinity)
    assert.deepEqual(world.history, [])
  }
  untouched({ conditions: [] })
  untouched({ conditions: ['Denied'] })
  untouched({ conditions: ['Approved', 'Denied'] })
  untouched({ conditions: ['Approved', 'Failed'] })
  untouched({ signerName: 'example.com/mine' })
  untouched({ signerName: 'constructor' })
  untouched({ certificate: 'eA==' })
})

test('what cannot be signed is an error for the loop, and no certificate', () => {
  assert.throws(() => sign({ parts: { signedBy: newKey() } }), /unable to verify certificate request signature/)
  assert.throws(() => sign({ signerName: 'kubernetes.io/legacy-unknown', usages: ['fly'] }), /unrecognized usage values: \["fly"\]/)
  const ended = makeCertificate({ commonName: 'ca', usage: 'ca', notBefore: start - 2 * hourMs, notAfter: start - hourMs })
  assert.throws(() => sign({}, ended), /refusing to sign a certificate that expired in the past/)
})

interface Given {
  readonly signerName?: string
  readonly usages?: readonly string[]
  readonly expirationSeconds?: number | undefined
  readonly parts?: RequestParts
  readonly conditions?: readonly string[]
  readonly certificate?: string
}

function worldOf({ parts, conditions = ['Approved'], certificate, ...spec }: Given): World {
  const world = new World()
  world.put(CertificateSigningRequest, {
    metadata: { name: 'r' },
    spec: { request: Buffer.from(makeRequest(parts)).toString('base64'), signerName: client, usages: clientUsages, ...spec },
    status: { conditions: conditions.map((type) => ({ type, status: 'True' })), ...(certificate && { certificate }) },
  })
  return world
}

function sign(given: Given, by = authority) {
  const world = worldOf(given)
  assert.equal(world.settle([certificateSignerController(by)]), Infinity)
  const { status } = world.get(CertificateSigningRequest, 'r')!
  if (status.certificate === undefined) return undefined
  const pem = Buffer.from(status.certificate, 'base64').toString()
  return { pem, certificate: new X509Certificate(pem) }
}

function refused(given: Given, message: string): void {
  const world = worldOf(given)
  world.settle([certificateSignerController(authority)])
  const { status } = world.get(CertificateSigningRequest, 'r')!
  assert.equal(status.certificate, undefined)
  const [, failed] = status.conditions!
  assert.deepEqual([failed?.type, failed?.status, failed?.reason, failed?.message], ['Failed', 'True', 'SignerValidationFailure', message])
}
