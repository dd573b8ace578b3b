import type { PathMatch, Route } from './route.ts'

/**
 * Which of two routes for the same host name is asked first. The first one that matches wins. Gateway API, HTTPRouteRule.matches:
 * 0. the smaller rank, where one of them has any;
 * 1. an exact path;
 * 2. (left to us by the specification) a regular expression, the longer one first;
 * 3. a path prefix, the longer one first;
 * 4. a method;
 * 5. more headers;
 * 6. more query parameters;
 * 7. the older object, then its `namespace/name`, then the earlier place in it.
 * Ingress says "longest matching path, then exact before prefix": an exact path that matches is never shorter than a prefix that does, so this is
 * the same order.
 */
export function compareRoutes(left: Route, right: Route): number {
  return (
    compareRanks(left.rank ?? [], right.rank ?? []) ||
    pathRank(left.path) - pathRank(right.path) ||
    comparableLength(right.path) - comparableLength(left.path) ||
    Number(right.method !== undefined) - Number(left.method !== undefined) ||
    right.headers.length - left.headers.length ||
    right.queryParameters.length - left.queryParameters.length ||
    left.age.createdMs - right.age.createdMs ||
    compareText(left.age.object, right.age.object) ||
    left.age.index - right.age.index ||
    compareText(left.name, right.name)
  )
}

/** A prefix without the slash at its end: `/a/` and `/a` mean the same. `` is every path. */
export const prefixOf = (value: string): string => (value.endsWith('/') ? value.slice(0, -1) : value)

function compareRanks(left: readonly number[], right: readonly number[]): number {
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

const pathRank = ({ type }: PathMatch): number => (type === 'Exact' ? 0 : type === 'RegularExpression' ? 1 : 2)
// Two exact paths of different length never match one request, so their order does not matter.
const comparableLength = ({ type, value }: PathMatch): number => (type === 'Prefix' ? prefixOf(value) : value).length
const compareText = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)
