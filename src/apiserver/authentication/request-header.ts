import type { Clock } from '#lib/clock.ts'
import type { Authenticator } from '../contract.ts'
import { readClientCertificate } from './client-certificate.ts'
import { headerValues, prefixedValues } from './header-values.ts'

/** Whose word about others is believed, and in which headers it stands. Header names in any case. */
export interface RequestHeaderOptions {
  readonly clock: Clock
  /** PEM of the authorities that sign proxies' certificates; no others make a proxy. */
  readonly authorities: readonly string[]
  /** Common names of the proxies; empty: any that the authorities signed. */
  readonly allowedNames: readonly string[]
  readonly usernameHeaders: readonly string[]
  readonly uidHeaders: readonly string[]
  readonly groupHeaders: readonly string[]
  readonly extraHeaderPrefixes: readonly string[]
}

/** The names that kubeadm gives and aggregated API servers expect. */
export const requestHeaderNames = {
  usernameHeaders: ['X-Remote-User'],
  uidHeaders: ['X-Remote-Uid'],
  groupHeaders: ['X-Remote-Group'],
  extraHeaderPrefixes: ['X-Remote-Extra-'],
} as const

/**
 * Users by the headers of an authenticating proxy. Only a client certificate of the proxies' own authority makes the headers count; without
 * one they are as good as absent. Throws an Error when the certificate is another's, so that nobody else can speak for users.
 */
export function requestHeaderAuthenticator(options: RequestHeaderOptions): Authenticator {
  const read = readClientCertificate(options)
  const lower = (names: readonly string[]) => names.map((name) => name.trim().toLowerCase())
  const usernames = lower(options.usernameHeaders)
  const uids = lower(options.uidHeaders)
  const groups = lower(options.groupHeaders)
  const prefixes = lower(options.extraHeaderPrefixes)
  return async (request, caller) => {
    // Nobody is named: whose word it would be does not matter, and clients with certificates of their own never name anybody.
    if (caller.certificate === undefined || !usernames.some((header) => request.headers[header])) return undefined
    const { subject } = read(caller.certificate)
    if (options.allowedNames.length > 0 && !options.allowedNames.includes(subject.commonName))
      throw new Error(`x509: subject with cn=${subject.commonName} is not in the allowed list`)
    const first = (names: readonly string[]) => names.map((name) => headerValues(request, name)[0]).find((value) => value) ?? ''
    const name = first(usernames)
    if (name === '') return undefined
    const uid = first(uids)
    const extra = Object.fromEntries(prefixes.flatMap((prefix) => Object.entries(prefixedValues(request, prefix))))
    return {
      name,
      ...(uid !== '' && { uid }),
      groups: groups.flatMap((header) => headerValues(request, header)).filter((group) => group !== ''),
      ...(Object.keys(extra).length > 0 && { extra }),
    }
  }
}
