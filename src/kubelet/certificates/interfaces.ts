import type { Instant } from '#lib/clock.ts'

/** A certificate and its private key, both PEM. */
export interface KeyPair {
  readonly certificate: string
  readonly key: string
}

/** Whom a certificate is to name. */
export interface CertificateTemplate {
  readonly commonName: string
  readonly organizations: readonly string[]
  readonly dnsNames: readonly string[]
  readonly addresses: readonly string[]
}

/** What a certificate says. */
export interface CertificateFacts extends CertificateTemplate {
  readonly notBefore: Instant
  readonly notAfter: Instant
}

/** Keys and certificates as the machine makes and reads them; `host/node-certificates.ts`. */
export interface CertificateTools {
  /** A new key, and a request (PKCS #10, PEM) for a certificate to it. */
  request(template: CertificateTemplate): { readonly request: string; readonly key: string }
  /** Of the first certificate of a PEM text. */
  facts(certificate: string): CertificateFacts
}

/** Where one certificate of the node stays over restarts. */
export interface CertificateStore {
  /** The best one that there is: of the cluster's authority, not at its end. Undefined: none. */
  read(): KeyPair | undefined
  /** Replaces what this store wrote before, wholly or not at all. */
  write(pair: KeyPair): Promise<void>
}
