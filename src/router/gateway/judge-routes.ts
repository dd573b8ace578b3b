import type { Backend } from '../model/backend.ts'
import type { Route } from '../model/route.ts'
import { type Attachment, attach, type SharedHostname } from './attach.ts'
import { no, type Verdict } from './conditions.ts'
import type { GatewayView } from './gateway-view.ts'
import { grpcRules } from './grpc-rules.ts'
import { httpRules } from './http-rules.ts'
import type { GatewayJudgement, ListenerJudgement } from './judge-gateways.ts'
import { gatewayGroup } from './names.ts'
import { isLiving, objectName } from './object-age.ts'
import { type TranslatedRules, translateRules } from './translate-rules.ts'
import { GRPCRoute, HTTPRoute, type ParentRef } from './types.ts'

/** What is to be said of a route, one verdict a parent of ours, and what is served of it. */
export interface RouteJudgement {
  readonly kind: typeof HTTPRoute | typeof GRPCRoute
  readonly route: HTTPRoute | GRPCRoute
  readonly parents: readonly { readonly parentRef: ParentRef; readonly verdicts: readonly Verdict[] }[]
  /** Listeners that it is attached to, each once, with what they serve of it. */
  readonly attached: ReadonlyMap<ListenerJudgement, readonly Route[]>
  /** Those that its routes name. */
  readonly backends: readonly Backend[]
}

/** Types of conditions of a route's parent that are ours. */
export const routeConditions: ReadonlySet<string> = new Set(['Accepted', 'ResolvedRefs', 'PartiallyInvalid'])

/** Judges every route that names one of these Gateways as its parent. */
export function judgeRoutes(gateways: readonly GatewayJudgement[], view: GatewayView): readonly RouteJudgement[] {
  const byName = new Map(gateways.map((judged) => [objectName(judged.gateway), judged]))
  return [
    ...view.httpRoutes.filter(isLiving).map((route) => judgeRoute(HTTPRoute, route, byName, view, () => httpRules(route))),
    ...view.grpcRoutes.filter(isLiving).map((route) => judgeRoute(GRPCRoute, route, byName, view, () => grpcRules(route))),
  ].filter((judged) => judged !== undefined)
}

function judgeRoute(
  kind: RouteJudgement['kind'],
  route: HTTPRoute | GRPCRoute,
  byName: ReadonlyMap<string, GatewayJudgement>,
  view: GatewayView,
  rulesOf: () => Parameters<typeof translateRules>[0],
): RouteJudgement | undefined {
  const { namespace } = route.metadata
  const parents = (route.spec.parentRefs ?? []).flatMap((parentRef) => {
    const { group = gatewayGroup, kind = 'Gateway', name, namespace: of = namespace } = parentRef
    const judged = group === gatewayGroup && kind === 'Gateway' ? byName.get(`${of}/${name}`) : undefined
    return judged === undefined ? [] : [{ parentRef, attachment: attach(route, parentRef, judged, view) }]
  })
  if (parents.length === 0) return undefined
  const rules = translateRules(rulesOf(), { kind: kind.kind as 'HTTPRoute' | 'GRPCRoute', namespace }, view)
  const attached = new Map<ListenerJudgement, Route[]>()
  if (rules.served > 0)
    for (const { attachment } of parents)
      for (const { listener, hostnames } of attachment.listeners) attached.set(listener, routesOf(kind.singular, route, rules, hostnames))
  return {
    kind,
    route,
    parents: parents.map(({ parentRef, attachment }) => ({ parentRef, verdicts: verdictsOf(attachment, rules) })),
    attached,
    backends: attached.size === 0 ? [] : rules.backends,
  }
}

function routesOf(
  kind: string,
  { metadata }: HTTPRoute | GRPCRoute,
  { drafts }: TranslatedRules,
  hostnames: readonly SharedHostname[],
): Route[] {
  const object = `${metadata.namespace}/${metadata.name}`
  const createdMs = Date.parse(metadata.creationTimestamp)
  return hostnames.flatMap(({ hostname, width }) =>
    drafts.map(({ rule, match, rank = [], ...draft }, index) => ({
      ...draft,
      ...((width > 0 || rank.length > 0) && { rank: [width, ...rank] }),
      name: `${kind}/${object}/${rule}/${match}/${hostname}`,
      hostname,
      age: { createdMs, object, index },
    })),
  )
}

function verdictsOf({ verdict }: Attachment, { served, dropped, resolvedRefs }: TranslatedRules): readonly Verdict[] {
  const problems = dropped.map(({ rule, problem }) => `Dropped Rule ${rule}: ${problem}`).join('; ')
  if (verdict.status === 'False' || dropped.length === 0) return [verdict, resolvedRefs]
  if (served === 0) return [no('Accepted', 'UnsupportedValue', problems), resolvedRefs]
  return [verdict, resolvedRefs, { type: 'PartiallyInvalid', status: 'True', reason: 'UnsupportedValue', message: problems }]
}
