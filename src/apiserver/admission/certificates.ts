import type { CertificateSigningRequest } from '#api/certificates/v1/types.ts'
import { readDer } from '#lib/der.ts'
import { deepEqual } from '#schema/fields.ts'
import { quote } from '#schema/go-text.ts'
import { readSubject } from '../authentication/subject.ts'
import type { Admission, AdmissionPlugin, Authorizer } from '../contract.ts'
import { refusal } from './refusal.ts'

/** Who approves, signs or vouches for a signer has to be allowed to do so for that very signer. */
export function certificateAdmission(authorize: Authorizer): readonly AdmissionPlugin[] {
  const may = maySign(authorize)
  return [
    {
      name: 'CertificateApproval',
      resources: requests,
      subresources: ['approval'],
      operations: ['UPDATE'],
      async validate(admission) {
        // The signer that is stored, whatever the update says.
        const signer = requestOf(admission.previous).spec.signerName
        if (!(await may(admission, 'approve', signer)))
          throw refusal(admission, `user not permitted to approve requests with signerName ${quote(signer)}`)
      },
    },
    {
      name: 'CertificateSigning',
      resources: requests,
      subresources: ['status'],
      operations: ['UPDATE'],
      async validate(admission) {
        const [before, after] = [requestOf(admission.previous), requestOf(admission.object)]
        const isSigned = before.status?.certificate !== after.status?.certificate
        if (!isSigned && deepEqual(before.status?.conditions ?? [], after.status?.conditions ?? [])) return
        const signer = before.spec.signerName
        if (!(await may(admission, 'sign', signer)))
          throw refusal(admission, `user not permitted to sign requests with signerName ${quote(signer)}`)
      },
    },
    {
      name: 'ClusterTrustBundleAttest',
      resources: ['clustertrustbundles.certificates.k8s.io'],
      operations: ['CREATE', 'UPDATE'],
      async validate(admission) {
        const signerOf = (object: unknown) => (object as { readonly spec?: { readonly signerName?: string } } | undefined)?.spec?.signerName
        const signer = signerOf(admission.object) ?? ''
        if (signer === '') return
        const specs = [admission.object, admission.previous].map((object) => (object as { readonly spec?: unknown } | undefined)?.spec)
        if (admission.operation === 'UPDATE' && deepEqual(specs[0], specs[1])) return
        if (!(await may(admission, 'attest', signer)))
          throw refusal(admission, `user not permitted to attest for signerName ${quote(signer)}`)
      },
    },
    certificateSubjectRestriction,
  ]
}

const requests = ['certificatesigningrequests.certificates.k8s.io']

/** Nobody gets a certificate that makes him an administrator past all rules. */
const certificateSubjectRestriction: AdmissionPlugin = {
  name: 'CertificateSubjectRestriction',
  resources: requests,
  subresources: [''],
  operations: ['CREATE'],
  async validate(admission) {
    const { signerName, request } = requestOf(admission.object).spec
    if (signerName !== clientSigner) return
    let organizations: readonly string[]
    try {
      organizations = organizationsOf(request)
    } catch (error) {
      throw refusal(admission, `failed to parse CSR: ${error instanceof Error ? error.message : String(error)}`)
    }
    if (organizations.includes('system:masters'))
      throw refusal(admission, `use of ${clientSigner} signer with system:masters group is not allowed`)
  },
}

const clientSigner = 'kubernetes.io/kube-apiserver-client'

const requestOf = (object: Admission['object']): CertificateSigningRequest => object as unknown as CertificateSigningRequest

/** Whether the user may do that with the signer, by its name or by `domain/*`. */
const maySign =
  (authorize: Authorizer) =>
  async ({ attributes: { user } }: Admission, verb: string, signer: string): Promise<boolean> => {
    for (const name of [signer, `${signer.split('/')[0]}/*`]) {
      const { allowed } = await authorize({
        user,
        verb,
        isResource: true,
        path: '',
        group: 'certificates.k8s.io',
        version: '*',
        resource: 'signers',
        subresource: '',
        namespace: '',
        name,
      })
      if (allowed) return true
    }
    return false
  }

/** Organizations of the subject of a PKCS #10 request (RFC 2986): base64 of its PEM. */
function organizationsOf(request: string): readonly string[] {
  const pem = /-----BEGIN CERTIFICATE REQUEST-----([^-]+)-----END CERTIFICATE REQUEST-----/.exec(Buffer.from(request, 'base64').toString())
  if (pem === null) throw new Error('PEM block type must be CERTIFICATE REQUEST')
  const [whole] = readDer(Buffer.from(pem[1]!, 'base64'))
  const [info] = readDer(whole?.content ?? new Uint8Array())
  const [, subject] = readDer(info?.content ?? new Uint8Array())
  if (subject === undefined) throw new Error('asn1: structure error')
  return readSubject(subject).organizations
}
