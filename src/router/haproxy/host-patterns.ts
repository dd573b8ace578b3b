import type { Listener } from '../model/listener.ts'

/**
 * The host names of one pattern, and its key in our map files: `a.example`, `*.a.example` (any number of labels), `+.a.example` (one label), `*`
 * (every host). No host name has a `*` or `+`, and no `/`, so key and path can stand together in one word.
 */
export type HostKey = string

export const hostKey = (hostname: string, wildcards: Listener['wildcards']): HostKey =>
  hostname === '' ? '*' : wildcards === 'one label' && hostname.startsWith('*.') ? `+${hostname.slice(1)}` : hostname

/** Whether all hosts of `inner` are hosts of `outer`. */
export function covers(outer: HostKey, inner: HostKey): boolean {
  if (outer === '*' || outer === inner) return true
  const suffix = outer.slice(1)
  if (outer.startsWith('*.')) return isWildcard(inner) ? inner.slice(1) === suffix || inner.endsWith(suffix) : inner.endsWith(suffix)
  // One label and then the suffix.
  if (outer.startsWith('+.')) return !isWildcard(inner) && inner.indexOf('.') > 0 && inner.slice(inner.indexOf('.')) === suffix
  return false
}

/** Negative when `left` is the more specific of two that both match a host: exact before wildcard, the longer wildcard first, one label before many. */
export const compareSpecificity = (left: HostKey, right: HostKey): number =>
  kindRank(left) - kindRank(right) || right.length - left.length || (left < right ? 1 : left > right ? -1 : 0)

const isWildcard = (key: HostKey): boolean => key.startsWith('*') || key.startsWith('+')
const kindRank = (key: HostKey): number => (key === '*' ? 2 : isWildcard(key) ? 1 : 0)
