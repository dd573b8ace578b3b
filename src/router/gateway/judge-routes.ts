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
import { type RuleInput, type TranslatedRules, translateRules } from './translate-rules.ts'
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
    ...view.httpRoutes.filter(isLiving).map((route) => judgeRoute(HTTPRoute, route, byName, view, () => rulesOf(route, httpRules))),
    ...view.grpcRoutes.filter(isLiving).map((route) => judgeRoute(GRPCRoute, route, byName, view, () => rulesOf(route, grpcRules))),
  ].filter((judged) => judged !== undefined)
}

/** Objects of a cache stay the same until they change. */
function rulesOf<T extends object>(route: T, translate: (route: T) => readonly RuleInput[]): readonly RuleInput[] {
  const known = rules.get(route)
  if (known !== undefined) return known
  const made = translate(route)
  rules.set(route, made)
  return made
}

const rules = new WeakMap<object, readonly RuleInput[]>()

function judgeRoute(
  kind: RouteJudgement['kind'],
  route: HTTPRoute | GRPCRoute,
  byName: ReadonlyMap<string, GatewayJudgement>,
  view: GatewayView,
  inputs: () => readonly RuleInput[],
): RouteJudgement | undefined {
  const { namespace } = route.metadata
  const parents = (route.spec.parentRefs ?? []).flatMap((parentRef) => {
    const { group = gatewayGroup, kind = 'Gateway', name, namespace: of = namespace } = parentRef
    const judged = group === gatewayGroup && kind === 'Gateway' ? byName.get(`${of}/${name}`) : undefined
    return judged === undefined ? [] : [{ parentRef, attachment: attach(route, parentRef, judged, view) }]
  })
  if (parents.length === 0) return undefined
  const translated = translateRules(inputs(), { kind: kind.kind as 'HTTPRoute' | 'GRPCRoute', namespace }, view)
  const attached = new Map<ListenerJudgement, Route[]>()
  if (translated.served > 0)
    for (const { attachment } of parents)
      for (const { listener, hostnames } of attachment.listeners)
        attached.set(listener, routesOf(kind.singular, route, translated, hostnames))
  return {
    kind,
    route,
    parents: parents.map(({ parentRef, attachment }) => ({ parentRef, verdicts: verdictsOf(attachment, translated) })),
    attached,
    backends: attached.size === 0 ? [] : translated.backends,
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
