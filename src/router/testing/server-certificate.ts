import { makeCertificate } from '#host/pki/certificate.ts'

/** A certificate of its own for the host `name`, good for the hour of a test. */
export const serverCertificate = (name: string): { readonly certificate: string; readonly key: string } =>
  makeCertificate({ commonName: name, usage: 'server', dnsNames: [name], notBefore: Date.now() - 1000, notAfter: Date.now() + 3_600_000 })
