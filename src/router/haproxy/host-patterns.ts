import type { Listener } from '../model/listener.ts'

/**
 * The host names of one pattern, and its key in our map files: `a.example`, `*.a.example` (any number of labels), `+.a.example` (one label), `*`
 * (every host). No host name has a `*` or `+`, and no `/`, so key and path can stand together in one word.
 */
export type HostKey = string

export const hostKey = (hostname: string, wildcards: Listener['wildcards']): HostKey =>
  hostname === '' ? '*' : wildcards === 'one label' && hostname.startsWith('*.') ? `+${hostname.slice(1)}` : hostname

/** The keys of all patterns that every host of this one is a host of, itself among them. There are as many as it has labels, and two more. */
export function coveringKeys(key: HostKey): readonly HostKey[] {
  if (key === '*') return [key]
  const keys = ['*', key]
  const firstDot = key.indexOf('.')
  if (!isWildcard(key) && firstDot > 0) keys.push(`+${key.slice(firstDot)}`)
  // `*.a.example` is not above itself twice; `+.a.example` is below `*.a.example`.
  for (let at = firstDot; at !== -1; at = key.indexOf('.', at + 1)) if (`*${key.slice(at)}` !== key) keys.push(`*${key.slice(at)}`)
  return keys
}

/** Negative when `left` is the more specific of two that both match a host: exact before wildcard, the longer wildcard first, one label before many. */
export const compareSpecificity = (left: HostKey, right: HostKey): number =>
  kindRank(left) - kindRank(right) || right.length - left.length || (left < right ? 1 : left > right ? -1 : 0)

const isWildcard = (key: HostKey): boolean => key.startsWith('*') || key.startsWith('+')
const kindRank = (key: HostKey): number => (key === '*' ? 2 : isWildcard(key) ? 1 : 0)
