/** The types of certificates/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import { objectFields } from '#api/meta/v1/object-fields.ts'
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

export const CertificateSigningRequestSpec = message(
  'k8s.io.api.certificates.v1.CertificateSigningRequestSpec',
  {
    request: field(1, bytes(), {
      required: true,
      pointer: true,
      about: 'PEM block of type CERTIFICATE REQUEST with the X.509 request (PKCS#10), base64 in JSON.',
    }),
    signerName: field(7, string(), {
      required: true,
      about: 'Signer that is asked, such as kubernetes.io/kube-apiserver-client; it sets the rules for what is signed.',
    }),
    expirationSeconds: field(8, int32(), {
      pointer: true,
      about: 'Wanted lifetime in seconds, at least 600; the signer may choose another one.',
    }),
    usages: field(5, list(KeyUsage), { about: 'What the key is for, such as client auth; signers accept only certain sets.' }),
    username: field(2, string(), { about: 'User that made the request; filled in by the API server.' }),
    uid: field(3, string(), { about: 'Uid of that user; filled in by the API server.' }),
    groups: field(4, list(string()), { about: 'Groups of that user; filled in by the API server.' }),
    extra: field(6, map(ExtraValue), { about: 'Further attributes of that user; filled in by the API server.' }),
  },
  { about: 'Certificate that is asked for, and who asks; apart from being made, it cannot be changed.' },
)
export type CertificateSigningRequestSpec = Of<typeof CertificateSigningRequestSpec>

export const CertificateSigningRequestCondition = message(
  'k8s.io.api.certificates.v1.CertificateSigningRequestCondition',
  {
    type: field(1, string(), {
      required: true,
      about: 'Approved, Denied or Failed; a request is never both approved and denied, and neither is taken back.',
    }),
    status: field(6, string(), { required: true, about: 'True for Approved, Denied and Failed.' }),
    reason: field(2, string(), { about: 'Cause, as one CamelCase word.' }),
    message: field(3, string(), { about: 'Explanation for a person to read.' }),
    lastUpdateTime: field(4, nullable(time()), {
      always: true,
      about: 'When this entry was last written; filled in by the API server if left out.',
    }),
    lastTransitionTime: field(5, nullable(time()), {
      always: true,
      about: 'When the status last changed; filled in by the API server if left out.',
    }),
  },
  { about: 'Decision about a request, or why it failed.' },
)
export type CertificateSigningRequestCondition = Of<typeof CertificateSigningRequestCondition>

export const CertificateSigningRequestStatus = message(
  'k8s.io.api.certificates.v1.CertificateSigningRequestStatus',
  {
    conditions: field(1, list(CertificateSigningRequestCondition, { apply: { type: 'map', keys: ['type'] } }), {
      about: 'Decisions and failures, one entry for each type; approval goes through the approval subresource.',
    }),
    certificate: field(2, bytes(), {
      about: 'The certificate and its chain as PEM blocks, base64 in JSON. Cannot be changed once it is set.',
    }),
  },
  { about: 'Whether a request was approved, and the certificate that came of it.' },
)
export type CertificateSigningRequestStatus = Of<typeof CertificateSigningRequestStatus>

export const CertificateSigningRequest = message(
  'k8s.io.api.certificates.v1.CertificateSigningRequest',
  {
    ...objectFields,
    spec: field(2, CertificateSigningRequestSpec, { required: true, about: 'The request and who made it. Cannot be changed.' }),
    status: field(3, CertificateSigningRequestStatus, { always: true, about: 'Approval and certificate.' }),
  },
  { about: 'Asks a signer for an X.509 certificate, which is issued once somebody has approved it; old ones are cleaned away.' },
)
export type CertificateSigningRequest = Of<typeof CertificateSigningRequest>
