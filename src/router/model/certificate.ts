/** A certificate with its key, both PEM text that was parsed and found to belong together: a proxy would refuse to start with others. */
export interface Certificate {
  /** `namespace/name` of the Secret. */
  readonly name: string
  /** The leaf first, then what signed it. */
  readonly chain: string
  readonly key: string
}

/** Which names of a listener a certificate is shown for. */
export interface CertificateUse {
  /** Name of a `Certificate` in the model. */
  readonly certificate: string
  /**
   * Names that clients ask for by SNI: exact, or with a first label of `*` (one label, as in certificates, RFC 6125). Empty: the names that the
   * certificate itself bears.
   */
  readonly hostnames: readonly string[]
}
