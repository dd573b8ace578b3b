import type { CertificateRequest } from './certificate-request.ts'

/**
 * What is wrong with a kubelet's request for its client certificate, in the reference's words; undefined: nothing. Kept in one place because
 * who approves such requests and who signs them must agree on what they are.
 */
export function kubeletClientProblem(request: CertificateRequest, usages: readonly string[]): string | undefined {
  return (
    nodeGroupProblem(request) ??
    (request.dnsNames.length > 0 ? 'DNS subjectAltNames are not allowed' : undefined) ??
    emailProblem(request) ??
    (request.addresses.length > 0 ? 'IP subjectAltNames are not allowed' : undefined) ??
    uriProblem(request) ??
    nodeNameProblem(request) ??
    usageProblem(usages, 'client auth')
  )
}

/** The same for the certificate of a kubelet's own port. */
export function kubeletServingProblem(request: CertificateRequest, usages: readonly string[]): string | undefined {
  return (
    nodeGroupProblem(request) ??
    (request.dnsNames.length + request.addresses.length === 0 ? 'DNS or IP subjectAltName is required' : undefined) ??
    emailProblem(request) ??
    uriProblem(request) ??
    usageProblem(usages, 'server auth') ??
    nodeNameProblem(request)
  )
}

const nodeGroupProblem = ({ organizations }: CertificateRequest): string | undefined =>
  organizations.length === 1 && organizations[0] === 'system:nodes' ? undefined : 'subject organization is not system:nodes'

const nodeNameProblem = ({ commonName }: CertificateRequest): string | undefined =>
  commonName.startsWith('system:node:') ? undefined : 'subject common name does not begin with system:node:'

const emailProblem = ({ emailAddresses }: CertificateRequest): string | undefined =>
  emailAddresses.length > 0 ? 'Email subjectAltNames are not allowed' : undefined

const uriProblem = ({ uris }: CertificateRequest): string | undefined =>
  uris.length > 0 ? 'URI subjectAltNames are not allowed' : undefined

/** Keys that are not RSA cannot encipher keys, so that use may be left out. */
function usageProblem(usages: readonly string[], use: string): string | undefined {
  const needed = use < 'digital signature' ? [use, 'digital signature', 'key encipherment'] : ['digital signature', 'key encipherment', use]
  const given = new Set(usages)
  const fits = (wanted: readonly string[]) => given.size === wanted.length && wanted.every((usage) => given.has(usage))
  return fits(needed) || fits(needed.filter((usage) => usage !== 'key encipherment'))
    ? undefined
    : `usages did not match [${needed.join(' ')}]`
}
