import type { Route } from '../model/route.ts'
import type { BackendSource } from '../model/service-backend.ts'
import { type Attachment, attach, type SharedHostname } from './attach.ts'
import { no, type Verdict } from './conditions.ts'
import type { RouteSources } from './gateway-view.ts'
import { gatewayGroup } from './names.ts'
import type { Referrer } from './resolve-backend.ts'
import { type RuleInput, type TranslatedRules, translateRules } from './translate-rules.ts'
import type { GRPCRoute, HTTPRoute, ParentRef, TLSRoute } from './types.ts'

/** What is to be said of a route, one verdict a parent of ours, and what is served of it. */
export interface RouteJudgement {
  /** `httproute/<namespace>/<name>`: how names of its routes in the model begin. */
  readonly object: string
  readonly parents: readonly { readonly parentRef: ParentRef; readonly verdicts: readonly Verdict[] }[]
  /** Listeners that it is attached to, by their keys, each once, with what they serve of it. */
  readonly attached: ReadonlyMap<string, readonly Route[]>
  /** Those that its routes name. */
  readonly backends: readonly BackendSource[]
}

/** Types of conditions of a route's parent that are ours. */
export const routeConditions: ReadonlySet<string> = new Set(['Accepted', 'ResolvedRefs', 'PartiallyInvalid'])

/** Judges a route with these rules. Undefined: no Gateway of ours is its parent. */
export function judgeRoute(
  { kind, singular }: { readonly kind: Referrer['kind']; readonly singular: string },
  route: HTTPRoute | GRPCRoute | TLSRoute,
  rules: readonly RuleInput[],
  view: RouteSources,
): RouteJudgement | undefined {
  const { namespace, name } = route.metadata
  const parents = (route.spec.parentRefs ?? []).flatMap((parentRef) => {
    const { group = gatewayGroup, kind: parentKind = 'Gateway', name, namespace: of = namespace } = parentRef
    const gateway = group === gatewayGroup && parentKind === 'Gateway' ? view.gateway(name, of) : undefined
    return gateway === undefined ? [] : [{ parentRef, attachment: attach(kind, route, parentRef, gateway, view) }]
  })
  if (parents.length === 0) return undefined
  const translated = translateRules(rules, { kind, namespace }, view)
  const attached = new Map<string, Route[]>()
  if (translated.served > 0)
    for (const { attachment } of parents)
      for (const { listener, hostnames } of attachment.listeners)
        attached.set(listener.key, routesOf(singular, route, translated, hostnames))
  return {
    object: `${singular}/${namespace}/${name}`,
    parents: parents.map(({ parentRef, attachment }) => ({ parentRef, verdicts: verdictsOf(attachment, translated) })),
    attached,
    backends: attached.size === 0 ? [] : translated.backends,
  }
}

function routesOf(
  kind: string,
  { metadata }: HTTPRoute | GRPCRoute | TLSRoute,
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

/** The verdicts of a route that the proxy's program does not take: nothing of it is served, and whoever it concerns reads why. */
export const refusedVerdicts = (verdicts: readonly Verdict[], why: string): readonly Verdict[] =>
  verdicts.map((verdict) => (verdict.type === 'Accepted' && verdict.status === 'True' ? no('Accepted', 'UnsupportedValue', why) : verdict))
