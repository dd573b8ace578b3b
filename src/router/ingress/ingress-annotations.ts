import type { Ingress } from '#api/networking/v1/ingress.ts'
import type { PathChange } from '../model/action.ts'

/** What annotations say of all routes of an Ingress. */
export interface IngressSettings {
  /** Whether requests without TLS are sent to the same place with TLS, where the Ingress gives TLS for their host. */
  readonly redirectsToTls: boolean
  readonly connectTimeoutMs?: number
  readonly backendRequestMs?: number
  readonly rewrite?: PathChange
}

/**
 * The few annotations that we have, under our own name and under that of ingress-nginx where ours means exactly the same. A value that is none of
 * those allowed is named in `problems`, and the default stands. There are none that take text of a proxy's language.
 */
export function ingressSettings({ metadata }: Ingress): { readonly settings: IngressSettings; readonly problems: readonly string[] } {
  const annotations = metadata.annotations ?? {}
  const problems: string[] = []
  function read<T>(name: string, parse: (text: string) => T | undefined, wanted: string): T | undefined {
    for (const prefix of prefixes) {
      const text = annotations[`${prefix}/${name}`]
      if (text === undefined) continue
      const value = parse(text)
      if (value === undefined) problems.push(`annotation ${prefix}/${name} must be ${wanted}, not ${JSON.stringify(text.slice(0, 80))}`)
      return value
    }
    return undefined
  }
  const redirectsToTls = read('ssl-redirect', booleanOf, '"true" or "false"') ?? true
  const connectTimeoutMs = read('proxy-connect-timeout', secondsOf, 'a whole number of seconds from 1 to 86400')
  const backendRequestMs = read('proxy-read-timeout', secondsOf, 'a whole number of seconds from 1 to 86400')
  const target = read('rewrite-target', targetOf, 'a path without variables such as $1')
  return {
    settings: {
      redirectsToTls,
      ...(connectTimeoutMs !== undefined && { connectTimeoutMs }),
      ...(backendRequestMs !== undefined && { backendRequestMs }),
      ...(target !== undefined && { rewrite: { type: 'ReplaceFull', value: target } }),
    },
    problems,
  }
}

/** Ours goes before theirs. */
const prefixes = ['router.wherry.dev', 'nginx.ingress.kubernetes.io']

const booleanOf = (text: string): boolean | undefined => (text === 'true' ? true : text === 'false' ? false : undefined)

function secondsOf(text: string): number | undefined {
  const seconds = /^\d{1,5}$/.test(text) ? Number(text) : 0
  return seconds >= 1 && seconds <= 86_400 ? seconds * 1_000 : undefined
}

/** The whole path becomes this, as with ingress-nginx where the path is no regular expression. Parts of a regular expression are not to be had. */
const targetOf = (text: string): string | undefined => (/^\/[!-"%-<>@-~]*$/.test(text) && !text.includes('$') ? text : undefined)
