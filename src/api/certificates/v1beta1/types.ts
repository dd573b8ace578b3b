/** The types of certificates/v1beta1 that are only there, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import { objectFields } from '#api/meta/v1/object-fields.ts'
import { Condition } from '#api/meta/v1/types.ts'
import type { Of } from '#schema/schema.ts'
import { bytes, field, int32, list, map, message, string, time } from '#schema/schema.ts'

export const ClusterTrustBundleSpec = message(
  'k8s.io.api.certificates.v1beta1.ClusterTrustBundleSpec',
  {
    signerName: field(1, string(), {
      about:
        'Signer that the bundle belongs to, if any; the name of the object then begins with it, colons for slashes. Whoever writes such a bundle needs the verb attest on that signer.',
    }),
    trustBundle: field(2, string(), {
      required: true,
      about:
        'Certificates of the authorities, as PEM blocks without headers, none of them twice. Readers may reorder and merge them, and drop what stands between.',
    }),
  },
  { about: 'Whom a bundle belongs to, and the authorities in it.' },
)
export type ClusterTrustBundleSpec = Of<typeof ClusterTrustBundleSpec>

export const ClusterTrustBundle = message(
  'k8s.io.api.certificates.v1beta1.ClusterTrustBundle',
  {
    ...objectFields,
    spec: field(2, ClusterTrustBundleSpec, { required: true, about: 'The signer, if there is one, and the authorities.' }),
  },
  {
    about:
      'Certificates of authorities that pods in the whole cluster may trust; every service account can read it, and projected volumes hand it out.',
  },
)
export type ClusterTrustBundle = Of<typeof ClusterTrustBundle>

export const PodCertificateRequestSpec = message(
  'k8s.io.api.certificates.v1beta1.PodCertificateRequestSpec',
  {
    signerName: field(1, string(), {
      required: true,
      about: 'Signer that is asked; names under kubernetes.io are reserved for those of the Kubernetes project.',
    }),
    podName: field(2, string(), { required: true, about: 'Pod that the certificate is mounted into.' }),
    podUID: field(3, string(), { required: true, about: 'Uid of that pod.' }),
    serviceAccountName: field(4, string(), { required: true, about: 'Service account that the pod runs as.' }),
    serviceAccountUID: field(5, string(), { required: true, about: 'Uid of that service account.' }),
    nodeName: field(6, string(), { required: true, about: 'Node that the pod runs on.' }),
    nodeUID: field(7, string(), { required: true, about: 'Uid of that node.' }),
    maxExpirationSeconds: field(8, int32(), {
      pointer: true,
      default: 86_400,
      published: true,
      about:
        'Longest lifetime that the certificate may have, in seconds: from 3600 to 7862400 (91 days), and 86400 (a day) at most with signers under kubernetes.io. The signer may give less, but not less than an hour.',
    }),
    pkixPublicKey: field(9, bytes(), {
      always: true,
      pointer: true,
      about: 'Deprecated for stubPKCS10Request: the public key, as DER in PKIX form; RSA of 3072 or 4096 bits, ECDSA or Ed25519.',
    }),
    proofOfPossession: field(10, bytes(), {
      always: true,
      pointer: true,
      about: "Deprecated for stubPKCS10Request: signature of the pod's uid with the private key, which the API server verifies.",
    }),
    stubPKCS10Request: field(12, bytes(), {
      required: true,
      pointer: true,
      about:
        'Request for a certificate (PKCS#10, DER) that says nothing but the public key, signed with the private one; the API server verifies the signature.',
    }),
    unverifiedUserAnnotations: field(11, map(string()), {
      about:
        "What the pod's author tells the signer, unchecked; keys have a domain. A signer should refuse a request with keys that it does not know.",
    }),
  },
  { about: 'Certificate that is asked for, and whose pod it is for. It cannot be changed.' },
)
export type PodCertificateRequestSpec = Of<typeof PodCertificateRequestSpec>

export const PodCertificateRequestStatus = message(
  'k8s.io.api.certificates.v1beta1.PodCertificateRequestStatus',
  {
    conditions: field(1, list(Condition, { apply: { type: 'map', keys: ['type'] }, patch: { strategy: 'merge', key: 'type' } }), {
      about: 'One at most of Issued, Denied and Failed, with status True: it ends the request.',
    }),
    certificateChain: field(2, string(), {
      about: 'The certificate and those that lead to its authority, as PEM blocks, leaf first. Set together with the times, and only once.',
    }),
    notBefore: field(4, time(), { pointer: true, about: 'From when on the certificate is valid, as it says itself.' }),
    beginRefreshAt: field(5, time(), {
      pointer: true,
      about: 'When the kubelet should begin to ask for the next one; ten minutes at least from either end.',
    }),
    notAfter: field(6, time(), { pointer: true, about: 'Until when the certificate is valid, as it says itself.' }),
  },
  { about: 'How a request ended, and the certificate that came of it.' },
)
export type PodCertificateRequestStatus = Of<typeof PodCertificateRequestStatus>

export const PodCertificateRequest = message(
  'k8s.io.api.certificates.v1beta1.PodCertificateRequest',
  {
    ...objectFields,
    spec: field(2, PodCertificateRequestSpec, { required: true, about: 'What is asked for. Cannot be changed.' }),
    status: field(3, PodCertificateRequestStatus, { always: true, about: 'Decision and certificate.' }),
  },
  {
    about:
      'Asks a signer for a certificate of a pod: the kubelet makes one for each podCertificate source of a projected volume. It is removed after a quarter of an hour.',
  },
)
export type PodCertificateRequest = Of<typeof PodCertificateRequest>
