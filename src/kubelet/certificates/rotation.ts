import type { Instant } from '#lib/clock.ts'
import type { CertificateFacts, CertificateTemplate } from './interfaces.ts'

/** What the API docs call the two signers whose certificates a kubelet has, and what each is asked for ("Certificate Signing Requests"). */
export const signers = {
  client: { signerName: 'kubernetes.io/kube-apiserver-client-kubelet', usages: ['digital signature', 'client auth'] },
  serving: { signerName: 'kubernetes.io/kubelet-serving', usages: ['digital signature', 'server auth'] },
} as const

/**
 * When a certificate is to be replaced: between 70 and 90 percent of its life, so that nodes which began together do not come together.
 * `chance` is in 0 … 1. One that says too little is replaced at once; one that says more than is asked for serves.
 */
export function rotationDeadline(facts: CertificateFacts | undefined, template: CertificateTemplate, chance: number): Instant {
  if (facts === undefined || !satisfies(facts, template)) return -Infinity
  return facts.notBefore + (facts.notAfter - facts.notBefore) * (0.7 + 0.2 * chance)
}

/** Whom a kubelet's client certificate names. */
export const clientTemplate = (nodeName: string): CertificateTemplate => ({
  commonName: `system:node:${nodeName}`,
  organizations: ['system:nodes'],
  dnsNames: [],
  addresses: [],
})

/** Whom the certificate of its port names: the node's addresses. Undefined while it has none: a signer would refuse it. */
export function servingTemplate(
  nodeName: string,
  addresses: readonly { readonly type: string; readonly address: string }[],
): CertificateTemplate | undefined {
  const isAddress = (text: string) => /^[\d.]+$/.test(text) || text.includes(':')
  const names = (wanted: boolean) => [
    ...new Set(addresses.map(({ address }) => address).filter((one) => one !== '' && isAddress(one) === wanted)),
  ]
  const [dnsNames, ips] = [names(false).toSorted(), names(true).toSorted()]
  return ips.length === 0 ? undefined : { ...clientTemplate(nodeName), dnsNames, addresses: ips }
}

export const sameTemplate = (a: CertificateTemplate, b: CertificateTemplate): boolean => satisfies(a, b) && satisfies(b, a)

function satisfies(present: CertificateTemplate, wanted: CertificateTemplate): boolean {
  const hasAll = (all: readonly string[], needed: readonly string[]) => needed.every((one) => all.includes(one))
  return (
    present.commonName === wanted.commonName &&
    hasAll(present.organizations, wanted.organizations) &&
    hasAll(present.dnsNames, wanted.dnsNames) &&
    hasAll(present.addresses, wanted.addresses)
  )
}
