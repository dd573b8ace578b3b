/**
 * Host names of listeners and routes: `shop.example.com`, `*.example.com` for all below it at any depth (not itself), or none, written '',
 * for every name. API docs, `Listener.hostname` and `HTTPRouteSpec.hostnames`.
 */
export type HostPattern = string

/** Whether every name that `narrow` stands for is one that `wide` stands for. */
export function covers(wide: HostPattern, narrow: HostPattern): boolean {
  if (wide === '' || wide === narrow) return true
  return wide.startsWith('*.') && narrow.endsWith(wide.slice(1)) && narrow !== wide.slice(2)
}

/** The names that both stand for; undefined: there are none. Of two patterns that meet, one covers the other. */
export function intersection(a: HostPattern, b: HostPattern): HostPattern | undefined {
  if (covers(a, b)) return b
  return covers(b, a) ? a : undefined
}

/** Whether there is a name that both stand for. */
export const overlap = (a: HostPattern, b: HostPattern): boolean => intersection(a, b) !== undefined

/** Orders patterns that one name fits: the exact name, then wildcards with more labels, then every name. */
export function compareSpecificity(a: HostPattern, b: HostPattern): number {
  return Number(isWild(a)) - Number(isWild(b)) || b.length - a.length
}

/** Of patterns, the most specific that covers this one. */
export function mostSpecificCover<T>(items: readonly T[], patternOf: (item: T) => HostPattern, pattern: HostPattern): T | undefined {
  let best: T | undefined
  for (const item of items)
    if (covers(patternOf(item), pattern) && (best === undefined || compareSpecificity(patternOf(item), patternOf(best)) < 0)) best = item
  return best
}

const isWild = (pattern: HostPattern): boolean => pattern === '' || pattern.startsWith('*.')
