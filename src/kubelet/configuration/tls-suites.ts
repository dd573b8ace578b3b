/**
 * `tlsCipherSuites` and `tlsMinVersion` of KubeletConfiguration as TLS sockets take them. Suites of TLS 1.3 cannot be chosen, in the reference as well:
 * all of them are on.
 */
export function tlsChoice({ tlsMinVersion = '', tlsCipherSuites = [] }: TlsSettings): TlsChoice {
  const named = tlsCipherSuites.map((suite) => openSslNames[suite]).filter((name) => name !== undefined)
  return {
    minVersion: tlsMinVersion === 'VersionTLS13' ? 'TLSv1.3' : 'TLSv1.2',
    ...(tlsCipherSuites.length > 0 && { ciphers: [...new Set([...newest, ...named])].join(':'), honorCipherOrder: true }),
  }
}

export interface TlsSettings {
  readonly tlsMinVersion?: string
  readonly tlsCipherSuites?: readonly string[]
}

export interface TlsChoice {
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
  readonly ciphers?: string
  readonly honorCipherOrder?: true
}

/** Where only suites of TLS 1.3 are named, and an older version is to be spoken, nobody could speak it. */
export function tlsProblem({ tlsMinVersion = '', tlsCipherSuites = [] }: TlsSettings): string | undefined {
  const isNewestOnly = tlsCipherSuites.length > 0 && tlsCipherSuites.every((suite) => newest.includes(suite))
  return isNewestOnly && tlsMinVersion !== 'VersionTLS13' ? 'must name a suite of TLS 1.2, unless tlsMinVersion is VersionTLS13' : undefined
}

export const tlsVersions = ['VersionTLS12', 'VersionTLS13'] as const

const newest: readonly string[] = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256']

/** By the names of the IANA, as Go has them: those that Go calls secure. */
const openSslNames: Readonly<Record<string, string>> = {
  ...Object.fromEntries(newest.map((name) => [name, name])),
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 'ECDHE-ECDSA-AES128-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 'ECDHE-ECDSA-AES256-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA',
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305: 'ECDHE-RSA-CHACHA20-POLY1305',
}

export const tlsSuites: readonly string[] = Object.keys(openSslNames)
