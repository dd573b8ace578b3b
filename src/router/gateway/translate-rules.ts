import { type Action, type Answer, connectionTries, type Forward, type WeightedBackend } from '../model/action.ts'
import type { Route } from '../model/route.ts'
import { routeProblem } from '../model/route-problem.ts'
import type { BackendSource } from '../model/service-backend.ts'
import { type Verdict, yes } from './conditions.ts'
import { durationMs } from './duration.ts'
import type { RouteSources } from './gateway-view.ts'
import { type Referrer, resolveBackend } from './resolve-backend.ts'
import { firstOfEach, translateFilters } from './translate-filters.ts'
import type { HTTPBackendRef, HTTPRouteFilter, HTTPRouteRule } from './types.ts'

/** How a rule matches, before a host and the route's age are added. */
export type RouteMatch = Pick<Route, 'path' | 'method' | 'headers' | 'queryParameters' | 'rank'>

/** One match of one rule, and what is done then. */
export interface RouteDraft extends RouteMatch {
  readonly rule: number
  readonly match: number
  readonly action: Action
}

/** A rule of whichever kind of route, with its matches translated. */
export interface RuleInput {
  readonly name?: string | undefined
  readonly matches: readonly RouteMatch[]
  readonly filters?: readonly HTTPRouteFilter[] | undefined
  readonly backendRefs?: readonly HTTPBackendRef[] | undefined
  readonly timeouts?: HTTPRouteRule['timeouts']
  readonly retry?: HTTPRouteRule['retry']
  /** What is answered in place of a backend that cannot be followed; absent: 500. */
  readonly failure?: Answer
}

/** What the rules of a route come to. */
export interface TranslatedRules {
  readonly drafts: readonly RouteDraft[]
  /** Rules that cannot be served, and why. */
  readonly dropped: readonly { readonly rule: string; readonly problem: string }[]
  /** Rules that can. */
  readonly served: number
  /** Whether everything that rules refer to can be had: the first thing that cannot. */
  readonly resolvedRefs: Verdict
  /** Those that drafts name. */
  readonly backends: readonly BackendSource[]
}

/** Translates the rules of one route. What one rule asks for and cannot have drops that rule whole: half a rule would do something else. */
export function translateRules(rules: readonly RuleInput[], referrer: Referrer, view: RouteSources): TranslatedRules {
  const drafts: RouteDraft[] = []
  const dropped: { rule: string; problem: string }[] = []
  const backends: BackendSource[] = []
  const verdicts: Verdict[] = []
  rules.forEach((input, rule) => {
    const translated = translateRule(input, referrer, view)
    verdicts.push(...translated.verdicts)
    const problem = translated.problem ?? modelProblem(input, translated.action)
    if (problem !== undefined) dropped.push({ rule: input.name === undefined ? String(rule) : `${rule} (${input.name})`, problem })
    else {
      backends.push(...translated.backends)
      drafts.push(...input.matches.map((matched, match) => ({ ...matched, rule, match, action: translated.action })))
    }
  })
  return { drafts, dropped, served: rules.length - dropped.length, resolvedRefs: verdicts[0] ?? yes('ResolvedRefs'), backends }
}

interface TranslatedRule {
  readonly action: Action
  readonly problem?: string | undefined
  readonly verdicts: readonly Verdict[]
  readonly backends: readonly BackendSource[]
}

function translateRule(
  { filters, backendRefs = [], timeouts, retry, failure = internalError }: RuleInput,
  referrer: Referrer,
  view: RouteSources,
): TranslatedRule {
  const { requestHeaders, responseHeaders, rewrite, redirect, unknown, unsupported } = translateFilters(filters, 'rule')
  const targets = backendRefs.map((ref) => translateBackend(ref, referrer, view, failure))
  const verdicts = [...(unknown === undefined ? [] : [unknownFilter(unknown)]), ...targets.flatMap(({ verdict }) => verdict ?? [])]
  const problem =
    unsupported ??
    targets.find((target) => target.problem !== undefined)?.problem ??
    (retry === undefined ? undefined : 'retry is not served')
  const common = { problem, verdicts }
  if (unknown !== undefined) return { ...common, action: failure, backends: [] }
  if (redirect !== undefined) return { ...common, action: { ...redirect, ...(responseHeaders && { responseHeaders }) }, backends: [] }
  const { limits, problem: timeProblem } = timeoutsOf(timeouts)
  const action: Forward = {
    do: 'forward',
    backends: shared(targets, failure),
    ...(requestHeaders && { requestHeaders }),
    ...(responseHeaders && { responseHeaders }),
    ...(rewrite && { rewrite }),
    ...(limits && { timeouts: limits }),
    ...connectTimeout(limits),
  }
  return { action, verdicts, problem: problem ?? timeProblem, backends: targets.flatMap(({ backend }) => backend ?? []) }
}

interface Target {
  readonly weighted: WeightedBackend
  readonly backend?: BackendSource
  readonly verdict?: Verdict
  readonly problem?: string
}

/** A reference that cannot be followed keeps its weight, and the failure is answered for it. */
function translateBackend(ref: HTTPBackendRef, referrer: Referrer, view: RouteSources, failure: Answer): Target {
  const { requestHeaders, responseHeaders, unknown, unsupported } = translateFilters(ref.filters, 'backend')
  const weight = ref.weight ?? 1
  const problem = unsupported === undefined ? {} : { problem: unsupported }
  if (unknown !== undefined) return { weighted: { to: failure, weight }, verdict: unknownFilter(unknown), ...problem }
  const resolved = resolveBackend(ref, referrer, view)
  if ('reason' in resolved) return { weighted: { to: failure, weight }, verdict: resolved, ...problem }
  const headers = { ...(requestHeaders && { requestHeaders }), ...(responseHeaders && { responseHeaders }) }
  return { weighted: { to: resolved.name, weight, ...headers }, backend: resolved, ...problem }
}

/** Where nothing takes a share, the failure takes all. */
function shared(targets: readonly Target[], failure: Answer): readonly WeightedBackend[] {
  const weighted = targets.map((target) => target.weighted)
  return weighted.some(({ weight }) => weight > 0) ? weighted : [{ to: failure, weight: 1 }]
}

const internalError: Answer = { do: 'answer', status: 500 }

const unknownFilter = (what: string): Verdict => ({
  type: 'ResolvedRefs',
  status: 'False',
  reason: 'InvalidKind',
  message: `A filter refers to a ${what}, which this router does not know; its requests are answered with an error`,
})

function timeoutsOf(timeouts: HTTPRouteRule['timeouts']): { readonly limits?: Forward['timeouts']; readonly problem?: string } {
  if (timeouts === undefined) return {}
  const { request, backendRequest } = timeouts
  const [requestMs, backendRequestMs] = [request, backendRequest].map((text) => (text === undefined ? undefined : durationMs(text)))
  if ((request !== undefined && requestMs === undefined) || (backendRequest !== undefined && backendRequestMs === undefined))
    return { problem: `timeouts ${request ?? ''} ${backendRequest ?? ''} are not written like 1m30s` }
  return { limits: { ...(requestMs !== undefined && { requestMs }), ...(backendRequestMs !== undefined && { backendRequestMs }) } }
}

/** An endpoint that nobody answers at takes no longer than the whole request may, with all tries, nor a try longer than one may. */
function connectTimeout({ requestMs = 0, backendRequestMs = 0 }: NonNullable<Forward['timeouts']> = {}): Pick<Forward, 'connectTimeoutMs'> {
  const { most, eachMs } = connectionTries
  const limits = [requestMs > 0 ? requestMs / most : eachMs, backendRequestMs > 0 ? backendRequestMs : eachMs]
  const connectTimeoutMs = Math.max(1, Math.floor(Math.min(...limits)))
  return connectTimeoutMs < eachMs ? { connectTimeoutMs } : {}
}

/** What the router's model cannot hold of a rule. */
function modelProblem({ matches }: RuleInput, action: Action): string | undefined {
  for (const match of matches) {
    const problem = routeProblem({ name: '', hostname: '', ...match, age: { createdMs: 0, object: '', index: 0 }, action })
    if (problem !== undefined) return problem
  }
  return undefined
}

/** Of headers with the same name (whatever its case), the first counts (API docs, HTTPHeaderMatch.name). */
export const headerMatches = (headers: RuleHeaders): Route['headers'] =>
  firstOfEach(headers ?? [], ({ name }) => name.toLowerCase()).map(({ name, type = 'Exact', value }) => ({ name, type, value }))

type RuleHeaders = readonly { readonly name: string; readonly type?: 'Exact' | 'RegularExpression'; readonly value: string }[] | undefined
