import { compareRoutes } from '../model/compare-routes.ts'
import type { Listener } from '../model/listener.ts'
import type { PathMatch, Route, ValueMatch } from '../model/route.ts'
import type { RouterModel } from '../model/router-model.ts'
import type { TestRequest } from './models.ts'

/**
 * Which route takes a request, said once more and as plainly as it can be: no tables, every listener and route is asked. What the proxy does is compared
 * with this.
 */
export function decide(model: RouterModel, port: number, request: TestRequest): Route | undefined {
  const host = request.host.toLowerCase().replace(/:\d+$/, '')
  const listeners = model.listeners.filter((listener) => listener.port === port)
  const patterns = listeners.flatMap(({ hostname, wildcards, routes }) =>
    [hostname, ...routes.map((route) => route.hostname)].map((name): Pattern => ({ name, wildcards })),
  )
  const [best] = patterns.filter((pattern) => isFor(pattern, host)).sort(bySpecificity)
  if (best === undefined) return undefined
  const own = (listener: Listener): Pattern => ({ name: listener.hostname, wildcards: listener.wildcards })
  const serving = listeners.filter(
    (listener) =>
      isFor(own(listener), host) &&
      !listeners.some((other) => other.group === listener.group && isFor(own(other), host) && bySpecificity(own(other), own(listener)) < 0),
  )
  const found = serving
    .flatMap((listener) =>
      listener.routes.map((route) => ({ route, pattern: { name: route.hostname, wildcards: listener.wildcards }, listener })),
    )
    .filter(({ pattern, listener }) => (listener.hostsFallThrough ? isFor(pattern, host) : bySpecificity(pattern, best) === 0))
    .filter(({ route }) => isMatch(route, request))
    .sort((left, right) => bySpecificity(left.pattern, right.pattern) || compareRoutes(left.route, right.route))
  return found[0]?.route
}

interface Pattern {
  readonly name: string
  readonly wildcards: Listener['wildcards']
}

function isFor({ name, wildcards }: Pattern, host: string): boolean {
  if (name === '') return true
  if (!name.startsWith('*.')) return name === host
  const suffix = name.slice(1)
  if (!host.endsWith(suffix)) return false
  const rest = host.slice(0, -suffix.length)
  return rest !== '' && (wildcards === 'many labels' || !rest.includes('.'))
}

/** Exact names first, then longer ones; of the same `*.` name, the one that stands for one label only. */
function bySpecificity(left: Pattern, right: Pattern): number {
  const rank = ({ name }: Pattern): number => (name === '' ? 2 : name.startsWith('*') ? 1 : 0)
  const many = ({ name, wildcards }: Pattern): number => (name.startsWith('*') && wildcards === 'many labels' ? 1 : 0)
  return (
    rank(left) - rank(right) ||
    right.name.length - left.name.length ||
    many(left) - many(right) ||
    (left.name < right.name ? 1 : left.name > right.name ? -1 : 0)
  )
}

function isMatch({ path, method, headers, queryParameters }: Route, request: TestRequest): boolean {
  return (
    isPathMatch(path, request.path) &&
    (method === undefined || method === request.method) &&
    headers.every((match) => isValueMatch(match, request.headers[match.name])) &&
    queryParameters.every((match) => isValueMatch(match, request.query[match.name]))
  )
}

function isPathMatch({ type, value }: PathMatch, path: string): boolean {
  if (type === 'Exact') return path === value
  if (type === 'RegularExpression') return new RegExp(`^(?:${value})$`).test(path)
  const prefix = value.replace(/\/$/, '')
  return path === prefix || path.startsWith(`${prefix}/`)
}

const isValueMatch = ({ type, value }: ValueMatch, given: string | undefined): boolean =>
  given !== undefined && (type === 'Exact' ? given === value : new RegExp(`^(?:${value})$`).test(given))
