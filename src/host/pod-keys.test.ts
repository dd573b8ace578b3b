import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { test } from 'node:test'
import { PodCertificateRequest } from '#api/certificates/v1beta1/pod-certificate-request.ts'
import { created } from '#api/testing/check-kind.ts'
import { readCertificateRequest } from '#lib/pkcs10.ts'
import { podKeys } from './pod-keys.ts'

const subject = {
  signerName: 'example.com/foo',
  podName: 'p',
  podUID: 'u',
  serviceAccountName: 's',
  serviceAccountUID: 'u',
  nodeName: 'n',
  nodeUID: 'u',
}

for (const sort of ['RSA3072', 'RSA4096', 'ECDSAP256', 'ECDSAP384', 'ECDSAP521', 'ED25519'])
  test(`a key of sort ${sort}, and a request that the API server takes`, async () => {
    const { key, request } = await podKeys.make(sort)
    assert.match(key, /^-----BEGIN PRIVATE KEY-----\n/)
    const read = readCertificateRequest(request)!
    assert.ok(read.isSigned)
    assert.ok(read.publicKey.equals(createPublicKey(createPrivateKey(key))))
    const spec = { ...subject, stubPKCS10Request: Buffer.from(request).toString('base64') }
    assert.deepEqual(created(PodCertificateRequest, { metadata: { name: 'r', namespace: 'd' }, spec }).causes, [])
  })

test('no key of a sort that is none, and never the same one twice', async () => {
  await assert.rejects(podKeys.make('DSA1024'), { code: 'Invalid', message: 'unknown key type "DSA1024"' })
  const [one, other] = await Promise.all([podKeys.make('ED25519'), podKeys.make('ED25519')])
  assert.notEqual(one.key, other.key)
})
