/** The types of certificates/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import * as meta from '#api/meta/v1/types.ts'
import type { Of } from '#schema/schema.ts'
import { bytes, field, int32, list, map, message, nullable, oneOf, string, time } from '#schema/schema.ts'

export const KeyUsage = oneOf(
  'signing',
  'digital signature',
  'content commitment',
  'key encipherment',
  'key agreement',
  'data encipherment',
  'cert sign',
  'crl sign',
  'encipher only',
  'decipher only',
  'any',
  'server auth',
  'client auth',
  'code signing',
  'email protection',
  's/mime',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'timestamping',
  'ocsp signing',
  'microsoft sgc',
  'netscape sgc',
)
export type KeyUsage = Of<typeof KeyUsage>

export const ExtraValue = list(string())
export type ExtraValue = Of<typeof ExtraValue>

export const CertificateSigningRequestSpec = message('k8s.io.api.certificates.v1.CertificateSigningRequestSpec', {
  request: field(1, bytes(), { required: true, pointer: true }),
  signerName: field(7, string(), { required: true }),
  expirationSeconds: field(8, int32(), { pointer: true }),
  usages: field(5, list(KeyUsage)),
  username: field(2, string()),
  uid: field(3, string()),
  groups: field(4, list(string())),
  extra: field(6, map(ExtraValue)),
})
export type CertificateSigningRequestSpec = Of<typeof CertificateSigningRequestSpec>

export const CertificateSigningRequestCondition = message('k8s.io.api.certificates.v1.CertificateSigningRequestCondition', {
  type: field(1, string(), { required: true }),
  status: field(6, string(), { required: true }),
  reason: field(2, string()),
  message: field(3, string()),
  lastUpdateTime: field(4, nullable(time()), { always: true }),
  lastTransitionTime: field(5, nullable(time()), { always: true }),
})
export type CertificateSigningRequestCondition = Of<typeof CertificateSigningRequestCondition>

export const CertificateSigningRequestStatus = message('k8s.io.api.certificates.v1.CertificateSigningRequestStatus', {
  conditions: field(1, list(CertificateSigningRequestCondition, { apply: { type: 'map', keys: ['type'] } })),
  certificate: field(2, bytes()),
})
export type CertificateSigningRequestStatus = Of<typeof CertificateSigningRequestStatus>

export const CertificateSigningRequest = message('k8s.io.api.certificates.v1.CertificateSigningRequest', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, CertificateSigningRequestSpec, { required: true }),
  status: field(3, CertificateSigningRequestStatus, { always: true }),
})
export type CertificateSigningRequest = Of<typeof CertificateSigningRequest>
