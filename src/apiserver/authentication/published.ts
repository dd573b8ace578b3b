import { X509Certificate } from 'node:crypto'
import type { ConfigMap } from '#api/core/v1/config-map.ts'
import { same } from '#api/strategy.ts'
import type { Instant } from '#lib/clock.ts'
import { requestHeaderNames } from './request-header.ts'

/** By what extension API servers can tell who asks them. */
export interface PublishedAuthentication {
  /** PEM: signs clients' certificates. */
  readonly clientCa: string
  /** PEM: signs the certificate with which this API server passes requests on; absent: it passes none on. */
  readonly frontProxyCa?: string | undefined
  /** Common names of those who may. */
  readonly frontProxyNames?: readonly string[]
}

/** The common name with which requests are passed on, unless said otherwise. */
export const frontProxyName = 'front-proxy-client'

/**
 * The ConfigMap `extension-apiserver-authentication` of `kube-system`, which every extension API server reads at its start. `reconcile` gives a
 * present one what it lacks: authorities stay as long as they live, since another server may be of another age; undefined: nothing lacks.
 */
export function authenticationFacts(given: PublishedAuthentication): {
  readonly object: {
    readonly metadata: { readonly name: string; readonly namespace: string }
    readonly data: Readonly<Record<string, string>>
  }
  readonly reconcile: (present: ConfigMap, now: Instant) => ConfigMap | undefined
} {
  const { clientCa, frontProxyCa, frontProxyNames = [frontProxyName] } = given
  const list = (values: readonly string[]) => JSON.stringify(values)
  const data: Record<string, string> = {
    'client-ca-file': clientCa,
    ...(frontProxyCa !== undefined && {
      'requestheader-allowed-names': list(frontProxyNames),
      'requestheader-client-ca-file': frontProxyCa,
      'requestheader-extra-headers-prefix': list(requestHeaderNames.extraHeaderPrefixes),
      'requestheader-group-headers': list(requestHeaderNames.groupHeaders),
      'requestheader-username-headers': list(requestHeaderNames.usernameHeaders),
    }),
  }
  return {
    object: { metadata: { name: 'extension-apiserver-authentication', namespace: 'kube-system' }, data },
    reconcile: (present, now) => {
      const own = present.data ?? {}
      const merged: Record<string, string> = { ...own }
      for (const [key, value] of Object.entries(data))
        merged[key] = key.endsWith('-ca-file') ? mergedBundle(own[key] ?? '', value, now) : mergedList(own[key], value)
      return same(own, merged) ? undefined : { ...present, data: merged }
    },
  }
}

/** Certificates of both, each once, without those that have ended; what is right already stays to the letter. */
function mergedBundle(present: string, own: string, now: Instant): string {
  const there = certificatesOf(present)
  const alive = there.filter((pem) => isAlive(pem, now))
  const missing = certificatesOf(own).filter((pem) => !there.includes(pem))
  if (alive.length === there.length && missing.length === 0 && present !== '') return present
  return there.length + missing.length === 0 ? own : [...alive, ...missing].map((pem) => `${pem}\n`).join('')
}

const certificatesOf = (bundle: string): readonly string[] => [
  ...new Set(bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []),
]

function isAlive(pem: string, now: Instant): boolean {
  try {
    return new X509Certificate(pem).validToDate.getTime() > now
  } catch {
    // What is no certificate helps nobody who reads the bundle.
    return false
  }
}

function mergedList(present: string | undefined, own: string): string {
  try {
    const values: unknown = JSON.parse(present ?? '[]')
    const mine = JSON.parse(own) as string[]
    if (Array.isArray(values) && values.every((value) => typeof value === 'string'))
      return JSON.stringify([...new Set([...values, ...mine])])
  } catch {
    // Not JSON: whoever wrote that, it is to be put right.
  }
  return own
}
