import type { Answer } from '../model/action.ts'
import type { PathMatch } from '../model/route.ts'
import { headerMatches, type RouteMatch, type RuleInput } from './translate-rules.ts'
import type { GRPCRoute, GRPCRouteMatch } from './types.ts'

/** The rules of a GRPCRoute. A call of method M of service S is a request for the path `/S/M` (gRPC over HTTP/2, "Requests"). */
export const grpcRules = ({ spec }: GRPCRoute): readonly RuleInput[] =>
  (spec.rules ?? [{}]).map(({ name, matches, filters, backendRefs }) => ({
    name,
    matches: matches === undefined || matches.length === 0 ? [everything] : matches.map(grpcMatch),
    filters,
    backendRefs,
    failure: unavailable,
  }))

/** Clients have to see UNAVAILABLE (API docs, GRPCRouteRule.backendRefs): of HTTP's codes they take this one for it, and 500 for UNKNOWN. */
const unavailable: Answer = { do: 'answer', status: 503 }

const everything: RouteMatch = { path: { type: 'Prefix', value: '/' }, headers: [], queryParameters: [] }

const grpcMatch = ({ method, headers }: GRPCRouteMatch): RouteMatch => ({
  path: pathMatch(method),
  ...(rankOf(method).length > 0 && { rank: rankOf(method) }),
  headers: headerMatches(headers),
  queryParameters: [],
})

/** Longer services first, then longer methods (API docs, GRPCRouteRule.matches); of a pattern nobody knows how much it will match. */
function rankOf({ type = 'Exact', service = '', method = '' }: Partial<NonNullable<GRPCRouteMatch['method']>> = {}): readonly number[] {
  return type === 'Exact' && (service !== '' || method !== '') ? [0 - service.length, 0 - method.length] : []
}

function pathMatch({ type = 'Exact', service = '', method = '' }: Partial<NonNullable<GRPCRouteMatch['method']>> = {}): PathMatch {
  if (service === '' && method === '') return everything.path
  if (type === 'RegularExpression') return { type, value: `/${pattern(service)}/${pattern(method)}` }
  if (method === '') return { type: 'Prefix', value: `/${service}` }
  if (service === '') return { type: 'RegularExpression', value: `/[^/]+/${literal(method)}` }
  return { type: 'Exact', value: `/${service}/${method}` }
}

const pattern = (source: string): string => (source === '' ? '[^/]+' : `(?:${source})`)
/** Names of methods are letters, digits and `_`; what else was written is meant as it stands. */
const literal = (name: string): string => name.replace(/[^A-Za-z0-9_]/g, (character) => `\\${character}`)
