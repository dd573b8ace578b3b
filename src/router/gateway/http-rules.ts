import type { PathMatch } from '../model/route.ts'
import { firstOfEach } from './translate-filters.ts'
import { headerMatches, type RouteMatch, type RuleInput } from './translate-rules.ts'
import type { HTTPRoute, HTTPRouteMatch } from './types.ts'

/** The rules of an HTTPRoute. One without a match is for every path. */
export const httpRules = ({ spec }: HTTPRoute): readonly RuleInput[] =>
  (spec.rules ?? [{}]).map(({ name, matches, filters, backendRefs, timeouts, retry }) => ({
    name,
    matches: matches === undefined || matches.length === 0 ? [everything] : matches.map(httpMatch),
    filters,
    backendRefs,
    timeouts,
    retry,
  }))

const everything: RouteMatch = { path: { type: 'Prefix', value: '/' }, headers: [], queryParameters: [] }

const httpMatch = ({ path, method, headers, queryParams }: HTTPRouteMatch): RouteMatch => ({
  path: pathMatch(path),
  ...(method !== undefined && { method }),
  headers: headerMatches(headers),
  queryParameters: firstOfEach(queryParams ?? [], ({ name }) => name).map(({ name, type = 'Exact', value }) => ({ name, type, value })),
})

function pathMatch({ type = 'PathPrefix', value = '/' }: Partial<NonNullable<HTTPRouteMatch['path']>> = {}): PathMatch {
  return { type: type === 'PathPrefix' ? 'Prefix' : type, value }
}
