import type { Ingress } from '#api/networking/v1/ingress.ts'
import type { Certificate, CertificateUse } from '../model/certificate.ts'
import { hostnameProblem } from '../model/route-problem.ts'
import { secretCertificate } from '../model/secret-certificate.ts'
import type { RouterView } from '../router-part.ts'
import { nameOf } from './own-ingresses.ts'

/** What Ingresses give to be shown to clients. */
export interface IngressCertificates {
  readonly certificates: readonly Certificate[]
  readonly uses: readonly CertificateUse[]
  /** Whether TLS works for a host of this Ingress' rules (`` for a rule without host), so that clients can be sent there. */
  givesTls(ingress: Ingress, host: string): boolean
  readonly problems: readonly { readonly ingress: Ingress; readonly reason: string; readonly message: string }[]
}

/** Of Ingresses in the order of their age: where two give certificates for one host, the older one's is shown. */
export function ingressCertificates(ingresses: readonly Ingress[], view: Pick<RouterView, 'secret'>): IngressCertificates {
  const certificates = new Map<string, Certificate>()
  const owners = new Map<string, { readonly ingress: Ingress; readonly secret: string }>()
  const uses: CertificateUse[] = []
  const tlsHosts = new Map<Ingress, string[]>()
  const problems: IngressCertificates['problems'][number][] = []
  for (const ingress of ingresses) {
    const namespace = ingress.metadata.namespace ?? ''
    const covered: string[] = []
    tlsHosts.set(ingress, covered)
    for (const { hosts = [], secretName } of ingress.spec.tls ?? []) {
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
          ingress,
          reason: certificate === undefined ? 'SecretNotFound' : 'InvalidCertificate',
          message: `Secret ${namespace}/${secretName} ${what}; its hosts get the router's own certificate, and requests without TLS are not redirected`,
        })
        continue
      }
      certificates.set(certificate.name, certificate)
      covered.push(...(hosts.length === 0 ? ['*'] : names))
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
      if (free.length > 0 || hosts.length === 0) uses.push({ certificate: certificate.name, hostnames: free })
    }
  }
  return {
    certificates: [...certificates.values()],
    uses,
    problems,
    givesTls: (ingress, host) => (tlsHosts.get(ingress) ?? []).some((name) => name === '*' || name === host || isUnder(name, host)),
  }
}

/** Whether `*.a.example` is for `b.a.example`: one label (RFC 6125). */
const isUnder = (name: string, host: string): boolean =>
  name.startsWith('*.') && host.indexOf('.') > 0 && host.slice(host.indexOf('.')) === name.slice(1)
