import type { Ingress } from '#api/networking/v1/ingress.ts'
import type { Certificate, CertificateUse } from '../model/certificate.ts'
import { hostnameProblem } from '../model/route-problem.ts'
import { secretCertificate } from '../model/secret-certificate.ts'
import type { RouterView } from '../router-part.ts'
import { nameOf } from './own-ingresses.ts'

/** What the `tls` of one Ingress comes to. */
export interface IngressTls {
  /** Hosts for which TLS works, so that clients can be sent there; `*` is every host. */
  readonly covered: readonly string[]
  /** What it gives to be shown to clients. Without names: whatever the certificate itself bears. */
  readonly given: readonly { readonly certificate: Certificate; readonly names: readonly string[] }[]
  readonly problems: readonly { readonly reason: string; readonly message: string }[]
}

/** Looks at one Ingress by itself. */
export function ingressTls({ metadata, spec }: Ingress, view: Pick<RouterView, 'secret'>): IngressTls {
  const namespace = metadata.namespace ?? ''
  const covered: string[] = []
  const given: IngressTls['given'][number][] = []
  const problems: IngressTls['problems'][number][] = []
  for (const { hosts = [], secretName } of spec.tls ?? []) {
    const names = hosts.map((host) => host.toLowerCase()).filter((host) => host !== '' && hostnameProblem(host) === undefined)
    // Without a Secret, another Ingress' certificate that is for the name serves, or the router's own.
    if (!secretName) {
      covered.push(...(hosts.length === 0 ? ['*'] : names))
      continue
    }
    const secret = view.secret(secretName, namespace)
    const certificate = secret && secretCertificate(secret)
    if (certificate === undefined || 'problem' in certificate) {
      const what = certificate === undefined ? 'is not there, or not of type kubernetes.io/tls' : certificate.problem
      problems.push({
        reason: certificate === undefined ? 'SecretNotFound' : 'InvalidCertificate',
        message: `Secret ${namespace}/${secretName} ${what}; its hosts get the router's own certificate, and requests without TLS are not redirected`,
      })
      continue
    }
    covered.push(...(hosts.length === 0 ? ['*'] : names))
    if (names.length > 0 || hosts.length === 0) given.push({ certificate, names })
  }
  return { covered, given, problems }
}

/** Whether TLS works for a host of this Ingress' rules (`` for a rule without host). */
export const givesTls = ({ covered }: IngressTls, host: string): boolean =>
  covered.some((name) => name === '*' || name === host || isUnder(name, host))

/** What Ingresses together give to be shown to clients. */
export interface IngressCertificates {
  readonly certificates: readonly Certificate[]
  readonly uses: readonly CertificateUse[]
  readonly problems: readonly { readonly ingress: Ingress; readonly reason: string; readonly message: string }[]
}

/** Of Ingresses in the order of their age: where two give certificates for one host, the older one's is shown. */
export function ingressCertificates(all: readonly { readonly ingress: Ingress; readonly tls: IngressTls }[]): IngressCertificates {
  const certificates = new Map<string, Certificate>()
  const owners = new Map<string, { readonly ingress: Ingress; readonly secret: string }>()
  const uses: CertificateUse[] = []
  const problems: IngressCertificates['problems'][number][] = []
  for (const { ingress, tls } of all)
    for (const { certificate, names } of tls.given) {
      certificates.set(certificate.name, certificate)
      const free = names.filter((name) => {
        const owner = owners.get(name)
        if (owner === undefined) owners.set(name, { ingress, secret: certificate.name })
        else if (owner.secret !== certificate.name)
          problems.push({
            ingress,
            reason: 'HostConflict',
            message: `Ingress ${nameOf(owner.ingress)}, which is older, gives another certificate for ${name}; that one is shown`,
          })
        return owner === undefined
      })
      if (free.length > 0 || names.length === 0) uses.push({ certificate: certificate.name, hostnames: free })
    }
  return { certificates: [...certificates.values()], uses, problems }
}

/** Whether `*.a.example` is for `b.a.example`: one label (RFC 6125). */
const isUnder = (name: string, host: string): boolean =>
  name.startsWith('*.') && host.indexOf('.') > 0 && host.slice(host.indexOf('.')) === name.slice(1)
